#ifndef FLEXTORCHIR_CONVERTER_OPTIMIZE_GRAPH_REWRITER_H_
#define FLEXTORCHIR_CONVERTER_OPTIMIZE_GRAPH_REWRITER_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// What passes need to rewrite one graph: who reads and who writes a value, and
// ways to take layers out that keep this up to date. Layers keep their numbers
// until `Finish`.
//
// Inputs of the graph and its outputs, the interface, keep their names: a value
// that is an output gives way to no other.
class GraphRewriter {
 public:
  // `graph` must outlive the rewriter. Nobody else changes who reads what.
  explicit GraphRewriter(Graph* graph);

  Graph& graph() { return *graph_; }
  const Value& value(ValueId id) const { return graph_->values[id]; }
  Layer& layer(int32_t number) { return graph_->layers[number]; }
  int32_t num_layers() const { return static_cast<int32_t>(dropped_.size()); }
  bool dropped(int32_t number) const { return dropped_[number]; }

  // The value that a single input of the layer holds now, or kAbsent.
  ValueId Input(const Layer& layer, absl::string_view name) const;
  // The layer that writes a value, or kAbsent.
  int32_t Writer(ValueId value) const { return writers_[Current(value)]; }
  // How often layers and the graph's outputs read it.
  int32_t Reads(ValueId value) const { return reads_[Current(value)]; }
  bool IsOutput(ValueId value) const { return is_output_[Current(value)]; }
  // The one layer that reads a value, once, as the single input `name`; kAbsent
  // if there are others or the graph returns it.
  int32_t OnlyReader(ValueId value, absl::string_view name) const;

  // Takes a layer out. What it alone wrote must not be read any more.
  void Drop(int32_t number);
  // Gives a layer other inputs; values that were added to the graph since may
  // be among them.
  void SetInputs(int32_t to, std::vector<Slot> inputs);
  // The same for a single input of this name; the others stay.
  void SetInput(int32_t to, absl::string_view name, ValueId value);
  // The layer writes `value` in place of its single output of this name.
  void SetOutput(int32_t to, absl::string_view name, ValueId value);
  // Takes out a layer whose result `to` is the same as its input `from`, if the
  // interface and the recorded layouts allow it: readers of the one get the
  // other. Where the two lie in memory in different ways, the layer that writes
  // `from` has to lay its result out as `to` instead, which only one that is
  // no user's, and for nobody else, may do.
  //
  // Layers that read weights stay. Running them is the sure way to know what
  // they do: whether a parameter wants gradients behind them decides the last
  // bits of products (kParametersWithoutGrad).
  bool Bypass(int32_t number, ValueId from, ValueId to);

  // Removes what was taken out. The rewriter is of no use afterwards.
  void Finish();

 private:
  // Values that gave way lead to the one that stands for them.
  ValueId Current(ValueId value) const;
  void Count(const Layer& layer, int32_t sign);

  Graph* graph_;
  std::vector<int32_t> writers_;
  std::vector<int32_t> reads_;
  std::vector<bool> is_output_;
  std::vector<ValueId> instead_;
  std::vector<bool> dropped_;
};

// Whether it is of the layer set, and runs nothing but what that says.
bool IsStandard(const Layer& layer);

// The layer's constant argument: the attribute, or the default of the layer's
// kind where it is left out. Null if it is computed, in whole or in part.
const Attribute* ConstantArgument(const Layer& layer, absl::string_view name);

// The value of the layer's output slot "output", or kAbsent.
ValueId OutputOf(const Layer& layer);

// The tensor type of a value; null for a scalar and for kAbsent.
const TensorType* TensorOf(const Graph& graph, ValueId value);

// `layer` is from now on made of `other` as well.
void AddSources(const Layer& other, Layer* layer);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_OPTIMIZE_GRAPH_REWRITER_H_
