#ifndef FLEXTORCHIR_IR_TEXT_CURSOR_H_
#define FLEXTORCHIR_IR_TEXT_CURSOR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"

namespace flextorchir {

// A place in a text, and the small things that parsers of our texts (the text
// form, signatures of the layer set) read there. White space and comments
// (`// ...` to the end of the line) may stand before everything.
//
// What reads says whether it succeeded. The first failure is kept as the
// status, "line 3, column 7: expected X, found Y"; behind a failure the cursor
// does not move, so that callers chain reads with && and look at the end.
class TextCursor {
 public:
  // `text` must outlive the cursor.
  explicit TextCursor(absl::string_view text) : text_(text) {}

  const absl::Status& status() const { return status_; }
  size_t position() const { return position_; }

  // The next character, or '\0' at the end.
  char Peek();
  bool AtEnd();
  // The word that stands next, without reading it; empty if there is none.
  //   word := [A-Za-z_] ([A-Za-z0-9_.] | "::")*
  absl::string_view PeekWord();

  // Reads the punctuation, or the whole word, if it stands next; no failure if
  // it does not.
  bool Consume(absl::string_view punctuation);
  bool ConsumeWord(absl::string_view word);

  bool Expect(absl::string_view punctuation);
  bool ExpectWord(absl::string_view word);

  // `what` says what is expected here: "the name of an input".
  bool ReadWord(absl::string_view what, std::string* word);
  bool ReadString(absl::string_view what, std::string* value);
  // A word, or a string where the name is no word.
  bool ReadName(absl::string_view what, std::string* name);
  // Any run of these characters, at least one.
  bool ReadRun(absl::string_view what, bool (*member)(unsigned char),
               absl::string_view* run);
  bool ReadInt(absl::string_view what, int64_t* value);
  // A dimension that ends before the bracket or comma that closes it.
  bool ReadDim(Dim* dim);
  // What `Attribute::ToString` prints.
  bool ReadAttribute(Attribute* attribute) {
    return ReadAttribute(Attribute::kMaxDepth, attribute);
  }

  // Fails: something else is expected here. Always false.
  bool FailExpected(absl::string_view expected);
  // Fails at a place that was read before. Always false.
  bool FailAt(size_t position, absl::string_view message);

 private:
  void SkipSpace();
  bool ReadAttribute(int depth, Attribute* attribute);
  bool ReadNumber(Attribute* attribute);
  bool ReadReal(double* value);
  std::string DescribeNext() const;

  absl::string_view text_;
  size_t position_ = 0;
  absl::Status status_;
};

// Whether `ReadWord` reads the whole of `name`.
bool IsWord(absl::string_view name);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_TEXT_CURSOR_H_
