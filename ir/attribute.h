#ifndef FLEXTORCHIR_IR_ATTRIBUTE_H_
#define FLEXTORCHIR_IR_ATTRIBUTE_H_

#include <complex>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"

namespace flextorchir {

// A constant argument of a layer: a closed variant, free of torch.
//
// * Integers and floats are 64 bit. Floats compare bitwise, so that NaN equals
//   itself and 0.0 differs from -0.0: a file read back is the model written.
// * Strings are UTF-8 (`Verify` checks).
// * A list holds attributes of one type; absent elements (`none`) may stand
//   among them, integers and symbolic dims mix, and lists nest to `kMaxDepth`.
// * A `Dim` attribute is symbolic: a plain number is an integer attribute (the
//   constructor sees to it).
class Attribute {
 public:
  using List = std::vector<Attribute>;
  using Complex = std::complex<double>;

  // The order is that of the variant below and of the codes in files.
  enum class Type : uint8_t {
    kNone = 0,
    kBool = 1,
    kInt = 2,
    kFloat = 3,
    kComplex = 4,
    kString = 5,
    kDType = 6,
    kDim = 7,
    kList = 8,
  };
  static constexpr int kMaxDepth = 8;

  Attribute() = default;  // none
  // NOLINTBEGIN(google-explicit-constructor): a constant is an attribute.
  Attribute(bool value) : value_(value) {}
  Attribute(int value) : value_(int64_t{value}) {}
  Attribute(int64_t value) : value_(value) {}
  Attribute(double value) : value_(value) {}
  Attribute(Complex value) : value_(value) {}
  Attribute(const char* value) : value_(std::string(value)) {}
  Attribute(absl::string_view value) : value_(std::string(value)) {}
  Attribute(std::string value) : value_(std::move(value)) {}
  Attribute(DType value) : value_(value) {}
  Attribute(Dim value);
  Attribute(List value) : value_(std::move(value)) {}
  // NOLINTEND
  static Attribute Ints(absl::Span<const int64_t> values);
  static Attribute Floats(absl::Span<const double> values);

  Type type() const { return static_cast<Type>(value_.index()); }
  bool is_none() const { return type() == Type::kNone; }

  // The value, or null if the attribute has another type.
  const bool* AsBool() const { return std::get_if<bool>(&value_); }
  const int64_t* AsInt() const { return std::get_if<int64_t>(&value_); }
  const double* AsFloat() const { return std::get_if<double>(&value_); }
  const Complex* AsComplex() const { return std::get_if<Complex>(&value_); }
  const std::string* AsString() const {
    return std::get_if<std::string>(&value_);
  }
  const DType* AsDType() const { return std::get_if<DType>(&value_); }
  const Dim* AsDim() const { return std::get_if<Dim>(&value_); }
  const List* AsList() const { return std::get_if<List>(&value_); }

  // The list as integers, or nothing if it is no list or holds anything else.
  std::optional<std::vector<int64_t>> AsInts() const;

  // For people and for the text form: `[1, 2]`, `"same"`, `f32`, `none`.
  std::string ToString() const;

  friend bool operator==(const Attribute& a, const Attribute& b);
  friend bool operator!=(const Attribute& a, const Attribute& b) {
    return !(a == b);
  }

 private:
  std::variant<std::monostate, bool, int64_t, double, Complex, std::string,
               DType, Dim, List>
      value_;
};

// "int", "list", ...: for messages.
absl::string_view AttributeTypeName(Attribute::Type type);

// The pieces of `Attribute::ToString`, for whoever prints the like.

// The shortest decimal that reads back as the same bits, always with a '.' or
// an 'e', or one of `inf`, `-inf`, `nan`. A NaN of other bits than Python's
// float("nan") is `nan(0xfff8000000000000)`.
std::string FloatToString(double value);
// In double quotes, with the escapes \n, \t, \", \\ and \xNN (a byte). UTF-8
// stays readable; bytes that are not UTF-8 are escaped.
std::string QuoteString(absl::string_view text);
// Whether it is UTF-8: no overlong forms, no surrogates.
bool IsValidUtf8(absl::string_view text);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_ATTRIBUTE_H_
