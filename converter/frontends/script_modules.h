#ifndef FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_MODULES_H_
#define FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_MODULES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ATen/core/ivalue.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/recorder.h"
#include "flextorchir/converter/frontends/frontend.h"
#include "flextorchir/ir/attribute.h"
#include "torch/csrc/jit/api/module.h"

namespace flextorchir {

// The class of a module as its author knows it: "torchvision.models.resnet.
// Bottleneck" for "__torch__.torchvision.models.resnet.___torch_mangle_3.
// Bottleneck".
std::string ScriptClassName(const c10::ClassType& type);

// The parameters, buffers and other tensors of a module and its children, in
// order, under their qualified names.
std::vector<NamedTensor> ScriptState(const torch::jit::Module& module);

// The objects of torch's own that they keep (packed weights).
std::vector<NamedObject> ScriptObjects(const torch::jit::Module& module);

// The attributes and constants of the module at `path` below `root` that are
// numbers, strings or lists of them. Empty if there is no such module.
std::map<std::string, Attribute> ScriptAttributes(
    const torch::jit::Module& root, absl::string_view path);

// A copy that shares the tensors of `module`, but not its lists and dicts:
// running it changes nothing in `module` but the content of tensors.
torch::jit::Module CopyForRun(const torch::jit::Module& module);

// While one is alive, the recorder of this thread hears of every module of
// `root` that the interpreter enters and leaves, here and on the threads to
// which torch carries this one's state. The recorder's session must be alive.
class ScriptModuleEvents {
 public:
  explicit ScriptModuleEvents(const torch::jit::Module& root);
  ~ScriptModuleEvents();
  ScriptModuleEvents(const ScriptModuleEvents&) = delete;
  ScriptModuleEvents& operator=(const ScriptModuleEvents&) = delete;

  // Which module an object is, by the path to it.
  struct Place {
    std::string path;
    std::string module_class;
  };
  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_FRONTENDS_SCRIPT_MODULES_H_
