#include "flextorchir/converter/frontends/script_modules.h"

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/jit_type.h"
#include "ATen/record_function.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "flextorchir/converter/frontends/script_values.h"
#include "flextorchir/torch_bridge/attribute.h"

namespace flextorchir {
namespace {

using torch::jit::Module;

std::string Join(absl::string_view path, absl::string_view name) {
  return path.empty() ? std::string(name) : absl::StrCat(path, ".", name);
}

// Visits the module and all below it, parents first.
void ForEachModule(
    const Module& module, const std::string& path,
    const std::function<void(const Module&, const std::string& path)>& visit) {
  visit(module, path);
  const auto& type = module.type();
  for (size_t i = 0; i < type->numAttributes(); ++i) {
    const c10::IValue& attribute = module._ivalue()->getSlot(i);
    if (!attribute.isModule()) continue;
    ForEachModule(attribute.toModule(), Join(path, type->getAttributeName(i)),
                  visit);
  }
}

// What torch carries along with a thread's state.
struct Events : c10::DebugInfoBase {
  absl::flat_hash_map<const c10::ivalue::Object*, ScriptModuleEvents::Place>
      places;
};

constexpr std::string_view kDebugInfoName = "FLEXTORCHIR_SCRIPT_MODULES";
constexpr c10::DebugInfoKind kDebugInfo(&kDebugInfoName);

// Marks a call that entered a module, for its end callback.
struct Entered : at::ObserverContext {};

std::unique_ptr<at::ObserverContext> OnEnter(
    const at::RecordFunction& function) {
  const auto* events =
      static_cast<const Events*>(c10::ThreadLocalDebugInfo::get(kDebugInfo));
  if (events == nullptr || function.inputs().empty() ||
      !function.inputs()[0].isObject()) {
    return nullptr;
  }
  const auto place = events->places.find(&function.inputs()[0].toObjectRef());
  if (place == events->places.end()) return nullptr;
  try {
    Recorder::EnterModuleOfThread(place->second.path,
                                  place->second.module_class);
    return std::make_unique<Entered>();
  } catch (const std::exception&) {
    return nullptr;
  }
}

// May come late: a fork ends its frame after whoever waits for it may go on.
void OnExit(const at::RecordFunction&, at::ObserverContext* context) {
  if (context != nullptr) Recorder::ExitModuleOfThread();
}

}  // namespace

std::string ScriptClassName(const c10::ClassType& type) {
  if (!type.name().has_value()) return "";
  std::vector<std::string> parts;
  for (absl::string_view part :
       absl::StrSplit(type.name()->qualifiedName(), '.')) {
    if (part == "__torch__" || absl::StartsWith(part, "___torch_mangle_")) {
      continue;
    }
    parts.emplace_back(part);
  }
  return absl::StrJoin(parts, ".");
}

std::vector<NamedTensor> ScriptState(const Module& module) {
  std::vector<NamedTensor> state;
  ForEachModule(module, "", [&](const Module& one, const std::string& path) {
    const auto& type = one.type();
    for (size_t i = 0; i < type->numAttributes(); ++i) {
      const c10::IValue& attribute = one._ivalue()->getSlot(i);
      if (!attribute.isTensor() || !attribute.toTensor().defined()) continue;
      state.push_back({Join(path, type->getAttributeName(i)),
                       attribute.toTensor(),
                       type->is_parameter(i) ? Weights::Role::kParameter
                                             : Weights::Role::kBuffer});
    }
  });
  return state;
}

std::vector<NamedObject> ScriptObjects(const Module& module) {
  std::vector<NamedObject> objects;
  ForEachModule(module, "", [&](const Module& one, const std::string& path) {
    for (size_t i = 0; i < one.type()->numAttributes(); ++i) {
      const c10::IValue& attribute = one._ivalue()->getSlot(i);
      if (!attribute.isObject() || attribute.isModule()) continue;
      objects.push_back(
          {Join(path, one.type()->getAttributeName(i)), attribute});
    }
  });
  return objects;
}

std::map<std::string, Attribute> ScriptAttributes(const Module& root,
                                                  absl::string_view path) {
  std::map<std::string, Attribute> attributes;
  Module module = root;
  for (absl::string_view part : absl::StrSplit(path, '.', absl::SkipEmpty())) {
    const std::string name(part);
    if (!module.hasattr(name) || !module.attr(name).isModule()) return {};
    module = module.attr(name).toModule();
  }
  const auto add = [&](const std::string& name, const c10::IValue& value) {
    if (name.empty() || name[0] == '_' || value.isObject()) return;
    if (auto attribute = ToAttribute(value)) {
      attributes[name] = *std::move(attribute);
    }
  };
  const c10::ClassType& type = *module.type();
  for (size_t i = 0; i < type.numConstants(); ++i) {
    add(type.getConstantName(i), type.getConstant(i));
  }
  for (size_t i = 0; i < type.numAttributes(); ++i) {
    if (type.is_parameter(i) || type.is_buffer(i)) continue;
    add(type.getAttributeName(i), module._ivalue()->getSlot(i));
  }
  return attributes;
}

Module CopyForRun(const Module& module) {
  // An executor that has run inlines what it runs: only a copy's tells of
  // modules again.
  // Quantised modules pack their weights anew as they are copied: that is no
  // part of the run, and the copy is to have the model's own.
  const at::RecordFunctionGuard do_not_record(/*is_enabled=*/false);
  absl::flat_hash_map<std::string, c10::IValue> objects;
  for (NamedObject& object : ScriptObjects(module)) {
    objects.emplace(std::move(object.name), std::move(object.object));
  }
  Module copy = module.clone(/*inplace=*/true);
  ForEachModule(copy, "", [&](const Module& one, const std::string& path) {
    for (size_t i = 0; i < one.type()->numAttributes(); ++i) {
      const c10::IValue attribute = one._ivalue()->getSlot(i);
      const auto object =
          objects.find(Join(path, one.type()->getAttributeName(i)));
      one._ivalue()->setSlot(i, object != objects.end()
                                    ? object->second
                                    : CopyContainers(attribute));
    }
  });
  return copy;
}

struct ScriptModuleEvents::State {
  std::shared_ptr<c10::ThreadLocalDebugInfo> outer;
  at::CallbackHandle callback = 0;
};

ScriptModuleEvents::ScriptModuleEvents(const Module& root)
    : state_(std::make_unique<State>()) {
  auto events = std::make_shared<Events>();
  ForEachModule(root, "", [&](const Module& module, const std::string& path) {
    // The first path of an object is its name.
    events->places.try_emplace(module._ivalue().get(),
                               Place{path, ScriptClassName(*module.type())});
  });
  state_->outer = c10::ThreadLocalDebugInfo::current();
  c10::ThreadLocalDebugInfo::_push(kDebugInfo, std::move(events));
  state_->callback = at::addThreadLocalCallback(
      at::RecordFunctionCallback(OnEnter, OnExit)
          .needsInputs(true)
          .scopes({at::RecordScope::TORCHSCRIPT_FUNCTION}));
}

ScriptModuleEvents::~ScriptModuleEvents() {
  at::removeCallback(state_->callback);
  c10::ThreadLocalDebugInfo::_forceCurrentDebugInfo(state_->outer);
}

}  // namespace flextorchir
