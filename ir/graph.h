#ifndef FLEXTORCHIR_IR_GRAPH_H_
#define FLEXTORCHIR_IR_GRAPH_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// The intermediate representation: plain value types, owned by their `Model`,
// equal when their contents are. Nothing here points at anything else: values,
// graphs and weights are referred to by their index. None of these types is
// synchronised; reading from several threads is fine.
//
//   Model
//     weights[]            named constant tensors
//     graphs[]             graphs[0] is the model, the others are bodies
//       values[]           what flows: a tensor or a scalar, typed and named
//       layers[]           in execution order; each writes values once
//
// `Verify` (flextorchir/ir/verify.h) states and checks every invariant.

using ValueId = int32_t;    // index into Graph::values
using GraphId = int32_t;    // index into Model::graphs
using WeightsId = int32_t;  // index into Model::weights
inline constexpr int32_t kAbsent = -1;

enum class ScalarType : uint8_t {
  kBool = 0,
  kInt = 1,
  kFloat = 2,
  kComplex = 3,
  kString = 4,
};
absl::string_view ScalarTypeName(ScalarType type);  // "bool", "int", ...

// One edge of a graph: written once (by a layer, as a graph input, or bound to
// weights), read any number of times.
struct Value {
  // Unique in the graph; activation dumps are keyed by it.
  std::string name;
  std::variant<TensorType, ScalarType> type;
  // The constant tensor this value stands for, or kAbsent. Only values of
  // graphs[0] are bound to weights: a body gets its weights as inputs.
  WeightsId weights = kAbsent;

  const TensorType* tensor() const { return std::get_if<TensorType>(&type); }
  std::string TypeString() const;

  friend bool operator==(const Value& a, const Value& b);
};

// A named argument or result of a layer: one value, or a list of them. A single
// argument that is not given, and an absent element of a list, is kAbsent.
struct Slot {
  std::string name;
  bool is_list = false;
  std::vector<ValueId> values;  // exactly one unless `is_list`

  static Slot One(std::string name, ValueId value) {
    return Slot{std::move(name), false, {value}};
  }
  static Slot ListOf(std::string name, std::vector<ValueId> values) {
    return Slot{std::move(name), true, std::move(values)};
  }

  friend bool operator==(const Slot& a, const Slot& b);
};

// Where a layer comes from.
struct Source {
  struct Frame {  // of the user's own code, innermost first
    std::string file;
    int64_t line = 0;
    std::string function;
    friend bool operator==(const Frame& a, const Frame& b);
  };

  std::string op;            // "aten::conv2d", as it was called
  std::string module_path;   // "layer1.0.conv1"; empty: the model itself
  std::string module_class;  // "torchvision.models.resnet.Bottleneck"
  int64_t call_index = 0;    // how often that module had been entered before
  std::vector<Frame> frames;

  friend bool operator==(const Source& a, const Source& b);
};

// The kind of a layer that no rule understands. It is an operator layer, like
// those of --layers=raw, so it can still be run:
//  * `target` is the operator's full name ("aten::conv2d", "aten::add.Tensor";
//    raw layers have it as `kind` too);
//  * every argument of the schema is there under the schema's name: tensors as
//    inputs (kAbsent where not given), all else as attributes (`none` where not
//    given; dtypes as dtypes, layouts, memory formats and devices as strings);
//  * outputs are the operator's results ("output", or the schema's own names,
//  or
//    "output_0", "output_1", ...; tensor lists are lists), and behind them the
//    new content of each argument that the operator writes, under the name of
//    that argument. A result that is such an argument is not listed twice.
inline constexpr char kPlaceholder[] = "Placeholder";

// One step of execution.
//
// `kind` is a kind of the layer set ("Conv2d"), "Placeholder", an operator
// ("aten::add.Tensor", --layers=raw), a composite's own name, or a kind
// that a rule of the user's made up. An argument is an input (a value of the
// graph) or an attribute (a constant); any attribute may come as an input of
// the same name instead. In a list argument of which only some elements are
// computed, the attribute has `none` where the input has a value, and the input
// is absent where the attribute has one.
struct Layer {
  std::string kind;
  std::string name;    // unique in the graph: "layer1.0.conv1"
  std::string target;  // the operator it was, for kinds outside the layer set
  std::vector<Slot> inputs;
  std::vector<Slot> outputs;
  std::map<std::string, Attribute> attributes;
  // Body graphs by role; a composite has "body". The inputs (outputs) of a body
  // are the present values of the layer's inputs (outputs), in order.
  std::map<std::string, GraphId> bodies;
  // The first is what the layer is; a layer made of several lists them all.
  std::vector<Source> sources;

  const Slot* FindInput(absl::string_view input_name) const;
  const Slot* FindOutput(absl::string_view output_name) const;
  // The value of a single (not list) input, or kAbsent.
  ValueId Input(absl::string_view input_name) const;
  // Null if there is none.
  const Attribute* FindAttribute(absl::string_view attribute_name) const;
  // The first source; an empty one if there is none.
  const Source& source() const;

  friend bool operator==(const Layer& a, const Layer& b);
};

struct Graph {
  std::string name;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;  // a value may be returned more than once
  std::vector<Value> values;
  std::vector<Layer> layers;

  // Appends a value and returns its id.
  ValueId AddValue(Value value);
  const Value& value(ValueId id) const { return values[id]; }

  friend bool operator==(const Graph& a, const Graph& b);
  friend bool operator!=(const Graph& a, const Graph& b) { return !(a == b); }
};

// The Python structure of the model's arguments or results.
struct Structure {
  enum class Kind : uint8_t {
    kLeaf = 0,      // the graph's input (output) number `leaf`
    kConstant = 1,  // `constant`: None, a number or a string
    kTuple = 2,
    kList = 3,
    kDict = 4,   // children have keys
    kNamed = 5,  // named tuple or dataclass: children have keys, and
                 // `type_name` is the class
  };
  struct Child;

  static constexpr int kMaxDepth = 64;  // of structures within structures

  Kind kind = Kind::kTuple;
  int64_t leaf = 0;
  Attribute constant;
  std::string type_name;
  std::vector<Child> children;

  friend bool operator==(const Structure& a, const Structure& b);
};

struct Structure::Child {
  Attribute key;  // int or string; none in tuples and lists
  Structure value;
};

// The path of each leaf, by leaf number, as Python would write it behind the
// root: `[0]["boxes"]`, `.logits`.
std::vector<std::string> LeafPaths(const Structure& structure);

// A size that is not fixed.
struct Symbol {
  std::string name;
  std::optional<int64_t> min;
  std::optional<int64_t> max;
  friend bool operator==(const Symbol& a, const Symbol& b);
};

// A parameter, buffer or input that running the model changes. The new content
// is an output of graphs[0], behind those of the user: state_outputs[i] is
// output number (outputs.size() - state_outputs.size() + i).
struct StateOutput {
  WeightsId weights = kAbsent;  // what is changed: weights,
  int32_t input = kAbsent;      // or the input number of graphs[0]
  friend bool operator==(const StateOutput& a, const StateOutput& b);
};

// Versions. A writer stamps the lowest version that can express the model;
// readers take 1 to their own and refuse a newer one (kFailedPrecondition).
inline constexpr int64_t kFormatVersion = 1;

struct Model {
  int64_t format_version = kFormatVersion;
  int64_t layer_set_version = 1;
  std::string name;      // "ResNet"
  std::string producer;  // "FlexTorchIR 0.1.0"
  std::map<std::string, std::string> metadata;
  std::vector<Symbol> symbols;
  std::vector<Weights> weights;
  std::vector<Graph> graphs;  // at least one; [0] is the model
  Structure inputs;           // leaves: graphs[0].inputs
  Structure outputs;          // leaves: graphs[0].outputs without the state
  std::vector<StateOutput> state_outputs;

  const Graph& main() const { return graphs[0]; }
  Graph& main() { return graphs[0]; }

  friend bool operator==(const Model& a, const Model& b);
  friend bool operator!=(const Model& a, const Model& b) { return !(a == b); }
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_GRAPH_H_
