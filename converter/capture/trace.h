#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_TRACE_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_TRACE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "c10/core/ScalarType.h"
#include "c10/util/DimVector.h"
#include "flextorchir/converter/capture/operator_info.h"
#include "flextorchir/converter/report.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

// What the recorder saw, in the order in which it happened: plain data, from
// which `Functionalize` makes a graph. Tensors are numbers here; their contents
// are gone, except where a value has no operator that makes it.

using TensorId = int32_t;   // a TensorImpl
using StorageId = int32_t;  // a StorageImpl; kAbsent where there is none
using MetaId = int32_t;     // a state of a tensor's metadata
using ScopeId = int32_t;    // one call of one module; 0 is the model itself

// How a tensor lay in memory when it was used.
struct TensorMeta {
  StorageId storage = kAbsent;
  int64_t offset = 0;  // in elements
  c10::ScalarType dtype = c10::ScalarType::Float;
  c10::DimVector sizes;
  c10::DimVector strides;
  std::shared_ptr<const Quantization> quantization;  // null if there is none
  bool strided = true;
  // Lazy conjugation and negation: bits of the tensor, not of its memory.
  bool conj = false;
  bool neg = false;
  // A number of the program's that torch has made into a tensor.
  bool wrapped_number = false;

  bool SameGeometry(const TensorMeta& other) const {
    return storage == other.storage && offset == other.offset &&
           dtype == other.dtype && sizes == other.sizes &&
           strides == other.strides && conj == other.conj && neg == other.neg;
  }
};

// A tensor at one use.
struct TensorUse {
  TensorId tensor = kAbsent;  // kAbsent: an undefined tensor
  MetaId meta = kAbsent;
};

// An argument or a result of an operator.
struct RecordedArgument {
  enum class Kind : uint8_t { kConstant, kTensor, kTensorList };
  Kind kind = Kind::kConstant;
  // The uses it holds: uses[first_use, first_use + num_uses).
  int32_t first_use = 0;
  int32_t num_uses = 0;
  c10::IValue constant;
};

struct OperatorCall {
  const OperatorInfo* info = nullptr;
  ScopeId scope = 0;
  // arguments[first_argument, + num_arguments) of the trace, then the results.
  int32_t first_argument = 0;
  int32_t num_arguments = 0;
  int32_t num_results = 0;
  // Arguments (by number) that were written although the schema does not say
  // so.
  std::vector<int32_t> unannotated_writes;
  int32_t frames = kAbsent;  // index into Trace::frames
};

// A tensor over memory that no recorded operator allocated. Every such piece of
// memory that was used lies in at least one of them.
struct ExternalTensor {
  TensorId tensor = kAbsent;
  MetaId meta = kAbsent;
  // Its bytes before the model wrote to them.
  at::Tensor content;
  // Where it comes from: a parameter or buffer with these names, these inputs
  // of the model, or (with neither) unknown: a constant.
  std::vector<std::string> weights_names;
  Weights::Role role = Weights::Role::kConstant;
  std::vector<int32_t> inputs;
  // It was allocated by an operator whose result is undefined (aten::empty) and
  // filled where nobody saw it.
  bool from_empty = false;
  // It was written in a way that was noticed too late: `content` is what it was
  // afterwards.
  bool content_lost = false;
  // Of those that were there before the run, what it left: the tensor as it
  // lies then, its content (the tensor itself, or a copy if it was put back),
  // and whether somebody besides the recorder still has it.
  MetaId left_meta = kAbsent;
  at::Tensor left;
  bool outlives = false;
};

// An object of torch's own that the model keeps (packed weights).
struct NamedObject {
  std::string name;
  c10::IValue object;
};

struct ModuleScope {
  ScopeId parent = kAbsent;
  std::string path;
  std::string module_class;
  int64_t call_index = 0;
};

struct Trace {
  std::vector<OperatorCall> calls;
  std::vector<RecordedArgument> arguments;
  std::vector<TensorUse> uses;
  std::vector<TensorMeta> metas;
  std::vector<ExternalTensor> externals;
  std::vector<NamedObject> objects;  // as they were before the run
  std::vector<ModuleScope> scopes;   // [0]: the model
  // The user's stack, innermost first; calls refer to them.
  std::vector<std::vector<Source::Frame>> frames;
  // What the model returned, by tensor, and what it held then: the tensor
  // itself, or a copy if it shares what was put back after the run.
  std::vector<TensorUse> results;
  std::vector<at::Tensor> result_contents;
  // What the graph has as a constant because no operator says where it is from.
  struct Note {
    Report::Severity severity = Report::Severity::kWarning;
    std::string code;
    std::string message;
    ScopeId scope = 0;
    int32_t frames = kAbsent;  // index into `frames`
  };
  std::vector<Note> notes;
  // Calls that could not be recorded: what went wrong. The graph lacks them.
  std::vector<std::string> failures;
  std::vector<std::unique_ptr<OperatorInfo>> infos;  // what calls point to
  int32_t num_tensors = 0;
  int32_t num_storages = 0;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_TRACE_H_
