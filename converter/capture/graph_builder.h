#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_GRAPH_BUILDER_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_GRAPH_BUILDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ATen/core/Tensor.h"
#include "absl/types/span.h"
#include "flextorchir/converter/capture/functionalize.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

TensorType TypeOfMeta(const TensorMeta& meta);

// The graph that functionalisation makes, while it grows. Layers and report
// rows get the place of the call that is being processed.
class GraphBuilder {
 public:
  explicit GraphBuilder(const Trace& trace);

  const Trace& trace() const { return trace_; }
  const TensorMeta& meta(MetaId id) const { return trace_.metas[id]; }
  Graph& graph() { return out_.model.graphs[0]; }
  FunctionalGraph& out() { return out_; }

  // The call that is being processed; kAbsent behind the last.
  void SetCall(int32_t call) { call_ = call; }
  int32_t call() const { return call_; }

  ValueId NewValue(std::variant<TensorType, ScalarType> type);
  // A value that holds `content`, to become weights: a parameter with these
  // names, or a constant with a name of ours.
  ValueId NewConstant(at::Tensor content, std::vector<std::string> names = {});

  // A layer that is called `op`, without arguments, with the current source.
  Layer NewLayer(std::string op) const;
  // Appends a layer. One that is `added` stands for no call, and is dropped if
  // nobody reads it.
  void Emit(Layer layer, bool added);
  // Adds a layer with one tensor result.
  ValueId Add(std::string op,
              const std::vector<std::pair<std::string, ValueId>>& inputs,
              std::map<std::string, Attribute> attributes, TensorType type);
  // Adds a tensor of zeros: memory that was allocated and not filled.
  ValueId AddZeros(const TensorMeta& meta);

  void Warn(Report::Severity severity, std::string code, std::string message);
  // A row about an earlier call; rows end up in the order of the calls.
  void WarnAt(int32_t call, Report::Severity severity, std::string code,
              std::string message);
  void WarnOf(const Trace::Note& note);
  // The operator that is being processed, for messages.
  std::string OpName() const;

  struct Constant {
    ValueId value;
    at::Tensor content;
    std::vector<std::string> names;
  };
  const std::vector<Constant>& constants() const { return constants_; }

  // Drops what nobody reads: layers that were added, then values. Sorts the
  // report rows.
  FunctionalGraph Build() &&;

 private:
  void SetPlace(ScopeId scope, int32_t frames, Report::Warning* warning) const;
  void DropUnreadLayers();
  void DropUnusedValues();

  const Trace& trace_;
  FunctionalGraph out_;
  std::vector<int32_t> call_of_warning_;
  std::vector<Constant> constants_;
  int32_t call_ = kAbsent;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_GRAPH_BUILDER_H_
