#include "flextorchir/ir/text_cursor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"

namespace flextorchir {
namespace {

bool IsWordStart(unsigned char c) { return absl::ascii_isalpha(c) || c == '_'; }

bool IsWordMember(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '.';
}

// The characters of numbers, of all bases.
bool IsNumberMember(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '.' || c == '+' || c == '-';
}

bool IsNameMember(unsigned char c) { return !absl::ascii_isspace(c); }

// How many characters of `text`, from its start, are a word.
size_t WordLength(absl::string_view text) {
  if (text.empty() || !IsWordStart(text[0])) return 0;
  size_t length = 1;
  while (length < text.size()) {
    if (IsWordMember(text[length])) {
      ++length;
    } else if (text.substr(length, 2) == "::") {
      length += 2;
    } else {
      break;
    }
  }
  return length;
}

size_t RunLength(absl::string_view text, bool (*member)(unsigned char)) {
  return std::find_if_not(text.begin(), text.end(), member) - text.begin();
}

// One escape behind a backslash, as `QuoteString` writes them; takes it off
// `rest`.
std::optional<char> ReadEscape(absl::string_view* rest) {
  if (rest->empty()) return std::nullopt;
  const char c = rest->front();
  rest->remove_prefix(1);
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case '0':
      return '\0';
    case '"':
    case '\'':
    case '\\':
      return c;
    case 'x': {
      uint32_t byte;
      if (rest->size() < 2 || !absl::ascii_isxdigit((*rest)[0]) ||
          !absl::ascii_isxdigit((*rest)[1]) ||
          !absl::SimpleHexAtoi(rest->substr(0, 2), &byte)) {
        return std::nullopt;
      }
      rest->remove_prefix(2);
      return static_cast<char>(byte);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

bool IsWord(absl::string_view name) {
  return !name.empty() && WordLength(name) == name.size();
}

void TextCursor::SkipSpace() {
  while (position_ < text_.size()) {
    if (absl::ascii_isspace(text_[position_])) {
      ++position_;
    } else if (text_.substr(position_, 2) == "//") {
      const size_t end = text_.find('\n', position_);
      position_ = end == absl::string_view::npos ? text_.size() : end;
    } else {
      return;
    }
  }
}

char TextCursor::Peek() {
  SkipSpace();
  return position_ < text_.size() ? text_[position_] : '\0';
}

bool TextCursor::AtEnd() {
  SkipSpace();
  return position_ == text_.size();
}

absl::string_view TextCursor::PeekWord() {
  SkipSpace();
  const absl::string_view rest = text_.substr(position_);
  return rest.substr(0, WordLength(rest));
}

bool TextCursor::Consume(absl::string_view punctuation) {
  SkipSpace();
  if (!status_.ok() ||
      text_.substr(position_, punctuation.size()) != punctuation) {
    return false;
  }
  position_ += punctuation.size();
  return true;
}

bool TextCursor::ConsumeWord(absl::string_view word) {
  if (!status_.ok() || PeekWord() != word) return false;
  position_ += word.size();
  return true;
}

bool TextCursor::Expect(absl::string_view punctuation) {
  return Consume(punctuation) ||
         FailExpected(absl::StrCat("'", punctuation, "'"));
}

bool TextCursor::ExpectWord(absl::string_view word) {
  return ConsumeWord(word) || FailExpected(absl::StrCat("'", word, "'"));
}

bool TextCursor::ReadWord(absl::string_view what, std::string* word) {
  const absl::string_view next = PeekWord();
  if (!status_.ok() || next.empty()) return FailExpected(what);
  position_ += next.size();
  word->assign(next.data(), next.size());
  return true;
}

bool TextCursor::ReadString(absl::string_view what, std::string* value) {
  if (Peek() != '"' || !status_.ok()) return FailExpected(what);
  absl::string_view rest = text_.substr(position_ + 1);
  value->clear();
  while (true) {
    const size_t plain = rest.find_first_of("\"\\\n");
    if (plain == absl::string_view::npos || rest[plain] == '\n') {
      return FailAt(position_, "this string has no closing '\"' in its line");
    }
    value->append(rest.data(), plain);
    const char stop = rest[plain];
    rest.remove_prefix(plain + 1);
    if (stop == '"') break;
    const size_t escape_position = text_.size() - rest.size() - 1;
    const std::optional<char> escaped = ReadEscape(&rest);
    if (!escaped.has_value()) {
      return FailAt(escape_position,
                    "unknown escape; there are \\n, \\t, \\r, \\0, \\\", \\', "
                    "\\\\ and \\xHH");
    }
    value->push_back(*escaped);
  }
  position_ = text_.size() - rest.size();
  return true;
}

bool TextCursor::ReadName(absl::string_view what, std::string* name) {
  return Peek() == '"' ? ReadString(what, name) : ReadWord(what, name);
}

bool TextCursor::ReadRun(absl::string_view what, bool (*member)(unsigned char),
                         absl::string_view* run) {
  SkipSpace();
  const absl::string_view rest = text_.substr(position_);
  *run = rest.substr(0, RunLength(rest, member));
  if (!status_.ok() || run->empty()) return FailExpected(what);
  position_ += run->size();
  return true;
}

bool TextCursor::ReadInt(absl::string_view what, int64_t* value) {
  SkipSpace();
  const size_t start = position_;
  absl::string_view number;
  if (!ReadRun(what, IsNumberMember, &number)) return false;
  if (absl::SimpleAtoi(number, value)) return true;
  position_ = start;
  return FailExpected(what);
}

bool TextCursor::ReadDim(Dim* dim) {
  SkipSpace();
  const size_t start = position_;
  size_t end = start;
  for (int depth = 0; end < text_.size(); ++end) {
    const char c = text_[end];
    if (c == '(') ++depth;
    if (c == ')' && --depth < 0) break;
    if (depth == 0 && (c == ',' || c == ']' || c == '}')) break;
    if (c == '\n' || c == '"') break;
  }
  if (!status_.ok() || end == start) return FailExpected("a size");
  const absl::string_view text =
      absl::StripTrailingAsciiWhitespace(text_.substr(start, end - start));
  int64_t number;
  if (absl::SimpleAtoi(text, &number)) {
    *dim = number;
  } else {
    absl::StatusOr<Dim> parsed = Dim::Parse(text);
    if (!parsed.ok()) return FailAt(start, parsed.status().message());
    *dim = *std::move(parsed);
  }
  position_ = end;
  return true;
}

bool TextCursor::ReadReal(double* value) {
  SkipSpace();
  const size_t start = position_;
  if (ConsumeWord("nan") && Consume("(")) {
    absl::string_view digits;
    uint64_t bits;
    if (!Expect("0x") ||
        !ReadRun("hexadecimal digits", IsNumberMember, &digits))
      return false;
    if (digits.size() > 16 || !absl::SimpleHexAtoi(digits, &bits)) {
      return FailAt(start, "the bits of this number are not 64");
    }
    static_assert(sizeof(bits) == sizeof(*value), "IEEE 754 doubles");
    std::memcpy(value, &bits, sizeof(bits));
    return Expect(")");
  }
  position_ = start;
  absl::string_view number;
  if (!ReadRun("a number", IsNumberMember, &number)) return false;
  if (absl::SimpleAtod(number, value)) return true;
  position_ = start;
  return FailExpected("a number");
}

bool TextCursor::ReadNumber(Attribute* attribute) {
  const absl::string_view rest = text_.substr(position_);
  const absl::string_view number =
      rest.substr(0, RunLength(rest, IsNumberMember));
  int64_t integer;
  if (absl::SimpleAtoi(number, &integer)) {
    *attribute = integer;
    position_ += number.size();
    return true;
  }
  if (number.find_first_of(".eEnN") == absl::string_view::npos) {
    return FailExpected("an integer of 64 bits");
  }
  double real;
  if (!ReadReal(&real)) return false;
  *attribute = real;
  return true;
}

bool TextCursor::ReadAttribute(int depth, Attribute* attribute) {
  const char next = Peek();
  if (!status_.ok()) return false;
  if (next == '"') {
    std::string value;
    if (!ReadString("a string", &value)) return false;
    *attribute = std::move(value);
    return true;
  }
  if (next == '-' || next == '+' || next == '.' || absl::ascii_isdigit(next)) {
    return ReadNumber(attribute);
  }
  if (next == '[') {
    if (depth == 0) {
      return FailAt(position_, absl::StrCat("lists nest to ",
                                            Attribute::kMaxDepth, " at most"));
    }
    ++position_;
    Attribute::List list;
    while (!Consume("]")) {
      if (!list.empty() && !Expect(",")) return false;
      if (!ReadAttribute(depth - 1, &list.emplace_back())) return false;
    }
    *attribute = std::move(list);
    return true;
  }
  const absl::string_view word = PeekWord();
  if (word == "nan" || word == "inf") return ReadNumber(attribute);
  if (word == "none" || word == "true" || word == "false") {
    *attribute = word == "none" ? Attribute() : Attribute(word == "true");
    position_ += word.size();
    return true;
  }
  if (word == "complex" || word == "dim") {
    const bool is_dim = word == "dim";
    position_ += word.size();
    if (!Expect("(")) return false;
    if (is_dim) {
      Dim dim;
      if (!ReadDim(&dim) || !Expect(")")) return false;
      *attribute = std::move(dim);
      return true;
    }
    double real;
    double imaginary;
    if (!ReadReal(&real) || !Expect(",") || !ReadReal(&imaginary) ||
        !Expect(")")) {
      return false;
    }
    *attribute = Attribute::Complex(real, imaginary);
    return true;
  }
  if (const std::optional<DType> dtype = DTypeFromName(word)) {
    *attribute = *dtype;
    position_ += word.size();
    return true;
  }
  return FailExpected(
      "an attribute (none, true, a number, a string, a dtype, dim(...) or a "
      "list)");
}

std::string TextCursor::DescribeNext() const {
  const absl::string_view rest = text_.substr(position_);
  if (rest.empty()) return "the end of the text";
  size_t length = WordLength(rest);
  if (length == 0) length = RunLength(rest, IsNumberMember);
  if (length == 0 && (rest[0] == '"' || (rest[0] & 0x80) != 0)) {
    length = RunLength(rest, IsNameMember);
  }
  length = std::max<size_t>(length, 1);
  constexpr size_t kLongest = 40;
  if (length > kLongest) {
    // Not in the middle of a character.
    length = kLongest;
    while (length > 1 && (rest[length] & 0xc0) == 0x80) --length;
    return absl::StrCat("'", rest.substr(0, length), "...'");
  }
  return absl::StrCat("'", rest.substr(0, length), "'");
}

bool TextCursor::FailExpected(absl::string_view expected) {
  if (!status_.ok()) return false;
  SkipSpace();
  return FailAt(position_, absl::StrCat("expected ", expected, ", found ",
                                        DescribeNext()));
}

bool TextCursor::FailAt(size_t position, absl::string_view message) {
  if (!status_.ok()) return false;
  const absl::string_view before = text_.substr(0, position);
  const size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n');
  const absl::string_view in_line = line_start == absl::string_view::npos
                                        ? before
                                        : before.substr(line_start + 1);
  // Columns count characters, not their bytes.
  const size_t column =
      1 + std::count_if(in_line.begin(), in_line.end(),
                        [](char c) { return (c & 0xc0) != 0x80; });
  status_ = absl::InvalidArgumentError(
      absl::StrCat("line ", line, ", column ", column, ": ", message));
  return false;
}

}  // namespace flextorchir
