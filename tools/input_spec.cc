#include "flextorchir/tools/input_spec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace flextorchir {
namespace {

constexpr int kMaxDepth = 16;

bool IsNameCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<std::vector<ModelInputSpec>> Parse() {
    std::vector<ModelInputSpec> inputs;
    if (absl::StripAsciiWhitespace(text_) == "()") return inputs;
    std::set<std::string> names;
    do {
      SkipBlanks();
      const int begin = position_;
      std::string name = ParseName();
      auto input = ParseValue(/*depth=*/0);
      if (!input.ok()) return input.status();
      input->position = begin;
      if (!name.empty() && !names.insert(name).second) {
        return ErrorAt(
            begin, absl::StrCat("the argument \"", name, "\" is given twice"));
      }
      if (name.empty() && !names.empty()) {
        return ErrorAt(begin,
                       "an argument without a name stands behind one with a "
                       "name; put it first, or name it too");
      }
      input->name = std::move(name);
      inputs.push_back(*std::move(input));
    } while (Consume(','));
    if (!AtEnd()) return ErrorHere("expected \",\" or the end");
    return inputs;
  }

 private:
  bool AtEnd() {
    SkipBlanks();
    return position_ == text_.size();
  }

  void SkipBlanks() {
    while (position_ < text_.size() && absl::ascii_isspace(text_[position_])) {
      ++position_;
    }
  }

  bool Consume(char c) {
    SkipBlanks();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  // The longest run of characters that may belong to one word.
  absl::string_view Word(absl::string_view ends) {
    SkipBlanks();
    const size_t end = text_.find_first_of(ends, position_);
    absl::string_view word = text_.substr(
        position_, end == absl::string_view::npos ? end : end - position_);
    position_ += word.size();
    return absl::StripTrailingAsciiWhitespace(word);
  }

  absl::Status ErrorAt(int position, absl::string_view message) const {
    return absl::InvalidArgumentError(absl::StrCat("--inputs: at column ",
                                                   position + 1, " of \"",
                                                   text_, "\": ", message));
  }
  absl::Status ErrorHere(absl::string_view expected) {
    SkipBlanks();
    const absl::string_view rest = text_.substr(position_);
    return ErrorAt(position_,
                   rest.empty()
                       ? absl::StrCat(expected, ", found the end")
                       : absl::StrCat(expected, ", found \"", rest, "\""));
  }

  // NAME "=", or nothing.
  std::string ParseName() {
    size_t end = position_;
    while (end < text_.size() && IsNameCharacter(text_[end])) ++end;
    size_t equals = end;
    while (equals < text_.size() && absl::ascii_isspace(text_[equals])) {
      ++equals;
    }
    if (end == position_ || absl::ascii_isdigit(text_[position_]) ||
        equals == text_.size() || text_[equals] != '=') {
      return "";
    }
    std::string name(text_.substr(position_, end - position_));
    position_ = equals + 1;
    return name;
  }

  absl::StatusOr<ModelInputSpec> ParseValue(int depth) {
    SkipBlanks();
    ModelInputSpec input;
    input.position = position_;
    if (Consume('[')) {
      auto list = ParseList(depth + 1);
      if (!list.ok()) return list.status();
      input.value = *std::move(list);
      return input;
    }
    if (Consume('{')) {
      auto dict = ParseDict(depth + 1);
      if (!dict.ok()) return dict.status();
      input.value = *std::move(dict);
      return input;
    }
    if (AtQuote()) {
      auto text = ParseText();
      if (!text.ok()) return text.status();
      input.value = *std::move(text);
      return input;
    }
    if (Consume('@')) {
      const absl::string_view path = Word(",]}");
      if (path.empty()) return ErrorHere("expected a path behind \"@\"");
      input.value = ModelInputSpec::File{std::string(path)};
      return input;
    }
    const absl::string_view word = Word(",:<[]{}=@");
    const bool typed =
        !AtEnd() && (text_[position_] == ':' || text_[position_] == '<');
    if (!typed && ParseScalar(word, &input)) return input;
    ModelInputSpec::Tensor tensor;
    // Without a type, "()" is a list of no arguments rather than a tensor.
    if (!typed || word != "()") {
      absl::Status status = ParseShape(word, input.position, &tensor);
      if (!status.ok()) return status;
    }
    if (absl::Status s = ParseElements(&tensor); !s.ok()) return s;
    input.value = std::move(tensor);
    return input;
  }

  absl::StatusOr<ModelInputSpec::List> ParseList(int depth) {
    ModelInputSpec::List list;
    if (depth > kMaxDepth) {
      return ErrorAt(position_,
                     absl::StrCat("lists are nested deeper than ", kMaxDepth));
    }
    if (Consume(']')) return list;
    do {
      auto element = ParseValue(depth);
      if (!element.ok()) return element.status();
      list.elements.push_back(*std::move(element));
    } while (Consume(','));
    if (!Consume(']')) return ErrorHere("expected \",\" or \"]\"");
    return list;
  }

  absl::StatusOr<ModelInputSpec::Dict> ParseDict(int depth) {
    ModelInputSpec::Dict dict;
    if (depth > kMaxDepth) {
      return ErrorAt(position_,
                     absl::StrCat("dicts are nested deeper than ", kMaxDepth));
    }
    if (Consume('}')) return dict;
    std::set<std::string> keys;
    do {
      SkipBlanks();
      const int begin = position_;
      std::string key;
      if (AtQuote()) {
        auto text = ParseText();
        if (!text.ok()) return text.status();
        key = *std::move(text);
      } else {
        const absl::string_view word = Word(",:<[]{}=@");
        if (word.empty() ||
            !std::all_of(word.begin(), word.end(), IsNameCharacter)) {
          position_ = begin;
          return ErrorHere("expected a key, a name or a text in quotes");
        }
        key = std::string(word);
      }
      if (!keys.insert(key).second) {
        return ErrorAt(begin,
                       absl::StrCat("the key \"", key, "\" is given twice"));
      }
      if (!Consume(':')) return ErrorHere("expected \":\" behind a key");
      auto value = ParseValue(depth);
      if (!value.ok()) return value.status();
      dict.keys.push_back(std::move(key));
      dict.values.push_back(*std::move(value));
    } while (Consume(','));
    if (!Consume('}')) return ErrorHere("expected \",\" or \"}\"");
    return dict;
  }

  bool AtQuote() {
    return !AtEnd() && (text_[position_] == '"' || text_[position_] == '\'');
  }

  absl::StatusOr<std::string> ParseText() {
    const int begin = position_;
    const char quote = text_[position_++];
    std::string text;
    for (; position_ < text_.size(); ++position_) {
      if (text_[position_] == quote) {
        ++position_;
        return text;
      }
      if (text_[position_] == '\\' && position_ + 1 < text_.size()) {
        ++position_;
      }
      text += text_[position_];
    }
    return ErrorAt(begin, "a text without its closing quote");
  }

  static bool ParseScalar(absl::string_view word, ModelInputSpec* input) {
    if (word == "true" || word == "false") {
      input->value = word == "true";
      return true;
    }
    if (word == "none") {
      input->value = ModelInputSpec::None{};
      return true;
    }
    if (int64_t integer; absl::SimpleAtoi(word, &integer)) {
      input->value = integer;
      return true;
    }
    // SimpleAtod takes hexadecimal numbers as well: 0x10 is a shape here.
    if (double number; word.find_first_of("xX") == word.npos &&
                       absl::SimpleAtod(word, &number)) {
      input->value = number;
      return true;
    }
    return false;
  }

  absl::Status ParseShape(absl::string_view word, int position,
                          ModelInputSpec::Tensor* tensor) {
    int64_t elements = 1;
    for (absl::string_view size_text : absl::StrSplit(word, 'x')) {
      int64_t size;
      if (!absl::SimpleAtoi(size_text, &size) || size < 0) {
        return ErrorAt(
            position,
            absl::StrCat(
                "expected a shape such as 1x3x224x224, a list in brackets, a "
                "dict in braces, a number, true, false, none, a text in "
                "quotes or @FILE.safetensors, found \"",
                word, "\""));
      }
      if (size > 0 &&
          elements > std::numeric_limits<int64_t>::max() / 16 / size) {
        return ErrorAt(position, absl::StrCat("the tensor ", word,
                                              " has too many elements"));
      }
      // A size of 0 leaves the others bounded all the same.
      if (size > 0) elements *= size;
      tensor->shape.push_back(size);
    }
    return absl::OkStatus();
  }

  absl::Status ParseElements(ModelInputSpec::Tensor* tensor) {
    if (Consume(':')) {
      const int begin = position_;
      const absl::string_view name = Word(",<[]{}:=@");
      const std::optional<DType> dtype = DTypeFromName(name);
      if (!dtype.has_value()) {
        return ErrorAt(begin, absl::StrCat("\"", name,
                                           "\" is no element type; those of "
                                           "tensors are ",
                                           DTypeNames()));
      }
      tensor->dtype = *dtype;
    }
    if (Consume('<')) {
      const int begin = position_;
      const absl::string_view text = Word(",<[]{}:=@");
      double bound;
      if (!absl::SimpleAtod(text, &bound) || !std::isfinite(bound) ||
          bound <= 0) {
        return ErrorAt(begin,
                       absl::StrCat("expected a bound greater than 0 behind "
                                    "\"<\", found \"",
                                    text, "\""));
      }
      tensor->bound = bound;
    }
    return absl::OkStatus();
  }

  static std::string DTypeNames() {
    std::string names;
    for (const DTypeInfo& info : DTypes()) {
      absl::StrAppend(&names, names.empty() ? "" : " ", info.name);
    }
    return names;
  }

  const absl::string_view text_;
  size_t position_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<ModelInputSpec>> ParseModelInputs(
    absl::string_view text) {
  return Parser(text).Parse();
}

}  // namespace flextorchir
