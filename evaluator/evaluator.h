#ifndef FLEXTORCHIR_EVALUATOR_EVALUATOR_H_
#define FLEXTORCHIR_EVALUATOR_EVALUATOR_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/graph.h"

namespace flextorchir {

// What an executor sees of the layer it runs: arguments by name, whether they
// came as inputs or as attributes.
class LayerArguments {
 public:
  virtual ~LayerArguments() = default;
  virtual const Layer& layer() const = 0;
  // The input or attribute of that name; a None value if it is absent. An
  // attribute that is left out has the default of the layer's kind.
  // Lists have the type of their elements (`List<int>`, `List<Tensor>`, with
  // absent ones `List<optional<Tensor>>`). Symbolic sizes are numbers, dtypes
  // torch's own; layouts, memory formats and devices are strings.
  virtual absl::StatusOr<c10::IValue> Get(absl::string_view name) const = 0;
};

// Runs one layer. Results are in the order of the layer's output slots, a
// tensor list for a slot that is a list.
using Executor = std::function<absl::StatusOr<std::vector<c10::IValue>>(
    const LayerArguments& arguments)>;

// How layers are run: kinds of the layer set, then what the user adds for kinds
// of their own. Kinds without an executor run their body; those without a body
// their `target` operator; else the evaluator says what is missing.
class ExecutorRegistry {
 public:
  // The reference executors of every standard kind.
  static ExecutorRegistry Standard();
  // Errors: kAlreadyExists.
  absl::Status Add(absl::string_view kind, Executor executor);
  // Null if there is none.
  const Executor* Find(absl::string_view kind) const;

 private:
  std::map<std::string, Executor, std::less<>> executors_;
};

// Torch computes the last bits of some products in another way where a
// parameter wants gradients, also when none are taken. Parameters do, as in
// torch, except those that the model's metadata names under this key: comma
// separated, or "*" for all.
inline constexpr char kParametersWithoutGrad[] =
    "torch.parameters_without_grad";
// Other products and recurrent cells look at the gradient mode. The model is
// run in the mode in which torch starts, with gradients, unless its metadata
// says "off" under this key.
inline constexpr char kGradMode[] = "torch.grad_mode";

struct EvaluatorOptions {
  // Called after each layer of graphs[0] (and of the bodies, when `in_bodies`)
  // with its results, slot by slot, lists flattened: one per value. Return an
  // error to stop.
  std::function<absl::Status(const Graph& graph, const Layer& layer,
                             const std::vector<c10::IValue>& results)>
      observer;
  bool in_bodies = false;
  // Give results the strides that were recorded, where an operator laid them
  // out otherwise: the last bits of what follows depend on them.
  bool restore_strides = true;
  // False: run in the caller's own mode instead (results can then be part of a
  // gradient, and are no inference tensors).
  bool inference_mode = true;
  // Null: ExecutorRegistry::Standard().
  const ExecutorRegistry* executors = nullptr;
};

// The reference evaluator: runs a model on ATen, from the IR alone, one layer
// after the other, freeing each value after its last use. Made for being right
// and readable, not for speed. It runs in inference mode unless the options say
// otherwise, and without autocast: casts are layers. `Run` may be called from
// several threads at once.
//
// On the same machine, with the same number of threads and the same random
// state, results are bit-identical to the model's if no rewriting pass ran.
// While a model of quantised layers runs, the process has the engine that its
// metadata names (torch_bridge/quantized_engine.h); such runs take turns.
class Evaluator {
 public:
  // `model` must outlive the evaluator and have passed `Verify`. Weights are
  // shared, not copied.
  // Errors: kUnimplemented, listing every kind that nothing can run, or for a
  // quantised engine that torch has not; kInvalidArgument for weights without
  // data.
  static absl::StatusOr<std::unique_ptr<Evaluator>> Create(
      const Model& model, EvaluatorOptions options = {});

  virtual ~Evaluator() = default;

  // `inputs` are those of graphs[0], in order; they are not written to. Returns
  // the outputs of graphs[0], in order, state outputs last.
  //
  // Inputs have the recorded dtype and sizes; symbolic sizes stand for what the
  // inputs have, and must agree. What a layer returns is checked against the
  // recorded type as well: the dtype always, sizes as long as they follow from
  // those of the inputs (with symbolic ones, or behind an operator whose sizes
  // depend on data, they may be others).
  // Errors: kInvalidArgument for inputs of the wrong number or type, naming the
  // input; kInternal when a layer fails or returns something else than was
  // recorded, naming the layer; those of the observer. No c10::Error escapes.
  virtual absl::StatusOr<std::vector<c10::IValue>> Run(
      const std::vector<c10::IValue>& inputs) = 0;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_EVALUATOR_EVALUATOR_H_
