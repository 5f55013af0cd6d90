#ifndef FLEXTORCHIR_IR_LAYER_SET_H_
#define FLEXTORCHIR_IR_LAYER_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// The layer set: every standard layer kind, in one table (layer_set_table.h).
// From it `Verify` checks layers, and docs/layers.md is generated.
//
// A row is a signature in the manner of torch's own schemas:
//
//   {"Conv2d(input, weight, bias?, *, stride: int[] = [1, 1], "
//    "padding: int[] | string = [0, 0], dilation: int[] = [1, 1], "
//    "groups: int = 1) -> output",
//    Family::kConvolution, 1, "torch.nn.functional.conv2d", "2-D convolution."}
//
// Before the `*` stand inputs: `name` required, `name?` may be absent, `name[]`
// a list (elements may be absent as `name[]?`). Behind it stand attributes: a
// type (`bool int float complex string dtype`, `T[]` for lists, `T[]?` for
// lists with absent elements, alternatives with `|`, `number` for int | float,
// `scalar` for bool | int | float | complex), optional with `?` (may be none),
// and a default. Outputs follow the arrow: `name`, `name?` (may be absent),
// `name[]`; `()` where there are none. An attribute may always come as an input
// of the same name.
//
// In detail:
//  * `int` takes symbolic dims too.
//  * `T[]?` may also be none as a whole.
//  * A layer may leave out an attribute that has a default, and means it then.
//    What is optional and has no default has the default none. All other
//    attributes, and inputs that are not optional, must be there.
//  * Inputs may stand in any order, outputs stand in the order of the
//  signature;
//    optional ones may be left out, which is the same as absent.

inline constexpr int64_t kLayerSetVersion = 1;

enum class Family : uint8_t {
  kConvolution,
  kLinear,
  kNormalization,
  kActivation,
  kPooling,
  kElementwise,
  kReduction,
  kShape,
  kIndexing,
  kCreation,
  kRecurrent,
  kAttention,
  kVision,
  kRandom,
  kQuantization,
  kOther,
};
absl::string_view FamilyName(Family family);

struct InputSpec {
  std::string name;
  bool optional = false;
  bool is_list = false;
  bool optional_elements = false;
};

struct AttributeSpec {
  std::string name;
  std::string type;  // as written in the signature: "int[] | string"
  bool optional = false;
  std::optional<Attribute> default_value;

  bool Accepts(const Attribute& attribute) const;
};

struct OutputSpec {
  std::string name;
  bool optional = false;
  bool is_list = false;
};

// One standard layer kind. Owned by the layer set, which lives for ever.
struct LayerKind {
  std::string name;       // "Conv2d"
  std::string signature;  // the row's
  Family family = Family::kOther;
  int64_t since = 1;      // the layer-set version that introduced it
  std::string reference;  // "torch.nn.functional.conv2d"
  std::string summary;
  std::vector<InputSpec> inputs;
  std::vector<AttributeSpec> attributes;
  std::vector<OutputSpec> outputs;

  const InputSpec* FindInput(absl::string_view input_name) const;
  const AttributeSpec* FindAttribute(absl::string_view attribute_name) const;
};

// Every kind, in the order of the table; rows that cannot be read are left out
// (layer_set_test finds them). Thread-safe.
absl::Span<const LayerKind> LayerSet();

// Null if the layer set does not know the kind.
const LayerKind* FindLayerKind(absl::string_view name);

// Checks a layer against its kind; kinds that the layer set does not know pass.
// Errors: kInvalidArgument, naming the argument and what the kind takes.
absl::Status CheckLayerAgainstSet(const Layer& layer);

// docs/layers.md.
std::string LayerSetMarkdown();

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_LAYER_SET_H_
