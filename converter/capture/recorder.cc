#include "flextorchir/converter/capture/recorder.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/core/Tensor.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/record_function.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "c10/core/TensorImpl.h"
#include "c10/core/impl/LocalDispatchKeySet.h"
#include "c10/core/impl/TorchDispatchModeTLS.h"
#include "c10/util/ThreadLocalDebugInfo.h"
#include "flextorchir/converter/capture/call_stack.h"
#include "flextorchir/converter/capture/operator_info.h"
#include "flextorchir/converter/capture/tensor_table.h"

namespace flextorchir {
namespace {

// Tensors that stand for other tensors: a call on them only unwraps them, and
// calls an operator on what is inside.
constexpr c10::DispatchKeySet kWrapperKeys({
    c10::DispatchKey::FuncTorchBatched,
    c10::DispatchKey::FuncTorchGradWrapper,
    c10::DispatchKey::Functionalize,
    c10::DispatchKey::Python,
});

bool IsWrapper(const c10::IValue& value) {
  return value.isTensor() && value.toTensor().defined() &&
         value.toTensor().key_set().has_any(kWrapperKeys);
}

bool TransformIsActive() {
  return c10::impl::tls_is_dispatch_key_included(
             c10::DispatchKey::FuncTorchDynamicLayerFrontMode) &&
         !c10::impl::tls_is_dispatch_key_excluded(
             c10::DispatchKey::FuncTorchDynamicLayerFrontMode);
}

bool VmapModeIsOn() {
  return c10::impl::tls_is_dispatch_key_included(
             c10::DispatchKey::FuncTorchVmapMode) &&
         !c10::impl::tls_is_dispatch_key_excluded(
             c10::DispatchKey::FuncTorchVmapMode);
}

// A TorchDispatchMode decides what is called instead.
bool DispatchModeIsOn() {
  return c10::impl::dispatch_mode_enabled() &&
         !c10::impl::tls_is_dispatch_key_excluded(c10::DispatchKey::Python);
}

bool AutocastIsOn() {
  return !c10::impl::tls_is_dispatch_key_excluded(
      c10::DispatchKey::AutocastCPU);
}

constexpr std::string_view kDebugInfoName = "FLEXTORCHIR_RECORDER";
constexpr c10::DebugInfoKind kDebugInfo(&kDebugInfoName);

// What torch carries along with a thread's state: the recorder, and the module
// that is running. Immutable; entering a module pushes a new one. Owns what it
// points to: a fork tells its end after whoever waits for it may go on.
struct RunningModule : c10::DebugInfoBase {
  std::shared_ptr<Recorder::Impl> recorder;
  ScopeId scope = 0;
  std::shared_ptr<c10::ThreadLocalDebugInfo> outer;
};

const RunningModule* CurrentModule() {
  return static_cast<const RunningModule*>(
      c10::ThreadLocalDebugInfo::get(kDebugInfo));
}

void Push(std::shared_ptr<Recorder::Impl> recorder, ScopeId scope) {
  auto running = std::make_shared<RunningModule>();
  running->recorder = std::move(recorder);
  running->scope = scope;
  running->outer = c10::ThreadLocalDebugInfo::current();
  c10::ThreadLocalDebugInfo::_push(kDebugInfo, std::move(running));
}

// Marks a call that was not recorded, for its end callback.
struct NotRecorded : at::ObserverContext {};

// The state of one thread in one session. A pool thread that served an earlier
// session starts afresh, because the session's number differs.
struct ThreadState {
  uint64_t session = 0;
  int depth = 0;  // calls inside the one that is being recorded, itself too
  OperatorCall call;
  std::vector<RecordedArgument> arguments;
  std::vector<TensorUse> uses;
  // Version counters before the call, to notice writes that the schema keeps
  // silent about. The table of tensors keeps the addresses valid.
  struct Version {
    int32_t argument;
    TensorUse use;
    const c10::TensorImpl* tensor;
    uint32_t version;
  };
  std::vector<Version> versions;
  int exceptions = 0;
  bool draws_own_numbers = false;  // nothing but its writes is recorded
};

ThreadState& StateOfThread(uint64_t session) {
  thread_local ThreadState state;
  if (state.session != session) {
    state.session = session;
    state.depth = 0;
  }
  return state;
}

std::atomic<uint64_t> next_session{1};

uint32_t VersionOf(const c10::TensorImpl& tensor) {
  const c10::VariableVersion& counter = tensor.version_counter();
  return counter.enabled() ? counter.current_version() : 0;  // inference mode
}

bool IsTensorList(const c10::IValue& value) {
  if (value.isTensorList()) return true;
  if (!value.isList()) return false;
  for (const c10::IValue& element : value.toListRef()) {
    if (element.isTensor()) return true;
  }
  return false;
}

bool HoldsObject(const c10::IValue& list) {
  const auto elements = list.toListRef();
  return !elements.empty() && elements[0].isObject();
}

// Appends one argument or result; `to_use` turns tensors into uses.
template <typename ToUse>
void Append(const c10::IValue& value, const ToUse& to_use,
            std::vector<RecordedArgument>* arguments,
            std::vector<TensorUse>* uses) {
  RecordedArgument& argument = arguments->emplace_back();
  argument.first_use = static_cast<int32_t>(uses->size());
  if (value.isTensor()) {
    argument.kind = RecordedArgument::Kind::kTensor;
    uses->push_back(to_use(value.toTensor()));
  } else if (value.isList() && IsTensorList(value)) {
    argument.kind = RecordedArgument::Kind::kTensorList;
    for (const c10::IValue& element : value.toListRef()) {
      uses->push_back(element.isTensor() ? to_use(element.toTensor())
                                         : TensorUse{});
    }
  } else if (value.isList() && HoldsObject(value)) {
    // The objects stay what they are: a deep copy would pack them anew.
    argument.constant = value.toList().copy();
  } else if ((value.isList() || value.isGenericDict()) &&
             value.use_count() > 1) {
    // A TorchScript program may change its containers afterwards.
    argument.constant = value.deepcopy();
  } else {
    argument.constant = value;
  }
  argument.num_uses = static_cast<int32_t>(uses->size()) - argument.first_use;
}

}  // namespace

struct Recorder::Impl {
  explicit Impl(RecorderOptions options) : options(options), table(&trace) {
    trace.scopes.emplace_back();
    trace.calls.reserve(1024);
    trace.arguments.reserve(8192);
    trace.uses.reserve(4096);
  }

  // The callbacks. They run on any thread; `mutex` is held while the trace and
  // the tables are used. Nothing is thrown out of them.
  bool Start(const at::RecordFunction& function, ScopeId scope);
  void End(const at::RecordFunction& function);
  // False if the call is not to be recorded.
  bool Begin(const at::RecordFunction& function, ThreadState& state);
  void Complete(const at::RecordFunction& function, ThreadState& state);

  const OperatorInfo* InfoOf(const at::RecordFunction& function);
  void BeforeWrite(const c10::IValue& written);
  void NoteUnannotatedWrites(ThreadState& state);
  // Whether the call draws numbers that no graph can draw again; tells so.
  bool DrawsOwnNumbers(const OperatorInfo& info,
                       c10::ArrayRef<c10::IValue> inputs,
                       const OperatorCall& call);
  // Writes down that `written` was given the content that it has.
  void RecordUnseenWrite(const at::Tensor& written, ScopeId scope,
                         int32_t frames);
  // Looks whether memory that the program shares was written unseen.
  void CheckShared(const at::Tensor& tensor);
  void CheckShared(const c10::IValue& value);
  void RefreshShared();

  const RecorderOptions options;
  mutable std::mutex mutex;
  Trace trace;
  TensorTable table;
  std::atomic<uint64_t> session{0};  // 0: not recording
  absl::flat_hash_map<const void*, const OperatorInfo*> infos;
  std::vector<std::unique_ptr<OperatorInfo>> owned_infos;
  std::vector<CallStack> stacks;
  std::vector<std::vector<at::Tensor>> results;  // with keep_results
  absl::flat_hash_map<std::string, int64_t> module_calls;
  ScopeId failed_scope = kAbsent;
  uint64_t seed = 0;  // of the default generator, as the session began
  struct Shared {
    at::Tensor tensor;
    std::string bytes;  // of its storage, when last looked at
    // Where the program got hold of it.
    ScopeId scope = 0;
    int32_t frames = kAbsent;
  };
  std::vector<Shared> shared;
  std::unique_ptr<OperatorInfo> copy_info;  // aten::copy_
};

const OperatorInfo* Recorder::Impl::InfoOf(const at::RecordFunction& function) {
  // The name points into the schema, which lives as long as the operator is
  // registered, so its address stands for the operator.
  const auto found = infos.find(function.name());
  if (found != infos.end()) return found->second;
  const auto name = function.operator_name();
  if (!name.has_value()) return nullptr;  // a range, not an operator
  const auto handle = c10::Dispatcher::singleton().findSchema(*name);
  if (!handle.has_value()) return nullptr;
  owned_infos.push_back(
      std::make_unique<OperatorInfo>(OperatorInfo::Make(*handle)));
  infos[function.name()] = owned_infos.back().get();
  return owned_infos.back().get();
}

void Recorder::Impl::BeforeWrite(const c10::IValue& written) {
  if (written.isTensor()) {
    table.BeforeWrite(written.toTensor());
  } else if (written.isTensorList()) {
    for (const c10::IValue& element : written.toListRef()) {
      table.BeforeWrite(element.toTensor());
    }
  }
}

bool Recorder::Impl::Begin(const at::RecordFunction& function,
                           ThreadState& state) {
  const OperatorInfo* info = InfoOf(function);
  if (info == nullptr || TransformIsActive() || DispatchModeIsOn() ||
      (info->has_vmap_mode_kernel && VmapModeIsOn()) ||
      (info->has_autocast_kernel && AutocastIsOn())) {
    return false;
  }
  // A boxed call shows the whole stack of the interpreter; the arguments are on
  // its top.
  c10::ArrayRef<c10::IValue> inputs = function.inputs();
  const size_t count = info->schema->arguments().size();
  if (inputs.size() < count) return false;
  inputs = inputs.slice(inputs.size() - count);
  for (const c10::IValue& input : inputs) {
    if (IsWrapper(input)) return false;
    if (!input.isList()) continue;
    for (const c10::IValue& element : input.toListRef()) {
      if (IsWrapper(element)) return false;
    }
  }

  state.arguments.clear();
  state.uses.clear();
  state.versions.clear();
  state.call.info = info;
  state.call.unannotated_writes.clear();
  if (!shared.empty()) {
    for (const c10::IValue& input : inputs) CheckShared(input);
  }
  state.draws_own_numbers =
      info->random && DrawsOwnNumbers(*info, inputs, state.call);
  if (state.draws_own_numbers) {
    for (int32_t written : info->writes) BeforeWrite(inputs[written]);
    return true;
  }
  const bool watch = !info->is_aten || !info->writes.empty();
  for (size_t i = 0; i < count; ++i) {
    const bool overwritten = info->Overwrites(i);
    Append(
        inputs[i],
        [&](const at::Tensor& tensor) {
          const TensorUse use = table.Argument(tensor, overwritten);
          if (watch && tensor.defined()) {
            const c10::TensorImpl* impl = tensor.unsafeGetTensorImpl();
            state.versions.push_back(
                {static_cast<int32_t>(i), use, impl, VersionOf(*impl)});
          }
          return use;
        },
        &state.arguments, &state.uses);
  }
  for (int32_t written : info->writes) BeforeWrite(inputs[written]);
  if (info->silent_write_flag >= 0 &&
      inputs[info->silent_write_flag].isBool() &&
      inputs[info->silent_write_flag].toBool()) {
    for (int32_t written : info->silent_writes) {
      if (!inputs[written].isTensor() ||
          !inputs[written].toTensor().defined()) {
        continue;
      }
      BeforeWrite(inputs[written]);
      state.call.unannotated_writes.push_back(written);
    }
  }
  return true;
}

bool Recorder::Impl::Start(const at::RecordFunction& function, ScopeId scope) {
  const uint64_t number = session.load(std::memory_order_relaxed);
  if (number == 0) return false;
  ThreadState& state = StateOfThread(number);
  // Also while a call is being written down: copying an argument may run
  // operators of its own (packed parameters). Switching the callbacks off
  // instead would make torch rebuild its tables, which takes longer than all
  // the rest.
  if (state.depth++ > 0) return true;
  try {
    // Looking at Python's stack takes the interpreter's lock. Others may hold
    // that as they wait for ours, so it is done first.
    CallStack stack;
    if (options.frames) stack = CallStack::Here();
    std::lock_guard<std::mutex> lock(mutex);
    failed_scope = kAbsent;
    state.call.scope = scope;
    state.call.frames = kAbsent;
    if (options.frames) {
      state.call.frames = static_cast<int32_t>(stacks.size());
      stacks.push_back(std::move(stack));
    }
    if (session.load() == number && Begin(function, state)) {
      state.exceptions = std::uncaught_exceptions();
      return true;
    }
    if (options.frames) {
      stack = std::move(stacks.back());
      stacks.pop_back();
    }
  } catch (const std::exception& error) {
    std::lock_guard<std::mutex> lock(mutex);
    trace.failures.push_back(absl::StrCat(function.name(), ": ", error.what()));
  }
  state.depth = 0;
  return false;
}

void Recorder::Impl::NoteUnannotatedWrites(ThreadState& state) {
  const OperatorInfo& info = *state.call.info;
  if (info.is_aten) return;  // torch's own are known
  std::vector<int32_t>& found = state.call.unannotated_writes;
  // Views have the version counter of their base: what shares memory with
  // something that is known to be written says nothing.
  const auto is_known = [&](const ThreadState::Version& changed) {
    const StorageId storage = trace.metas[changed.use.meta].storage;
    for (const ThreadState::Version& other : state.versions) {
      const bool written =
          std::count(info.writes.begin(), info.writes.end(), other.argument) +
              std::count(found.begin(), found.end(), other.argument) >
          0;
      if (written && (other.argument == changed.argument ||
                      (storage != kAbsent &&
                       trace.metas[other.use.meta].storage == storage))) {
        return true;
      }
    }
    return false;
  };
  for (const ThreadState::Version& before : state.versions) {
    if (VersionOf(*before.tensor) == before.version || is_known(before)) {
      continue;
    }
    found.push_back(before.argument);
    table.AfterWrite(before.use);
  }
}

void Recorder::Impl::Complete(const at::RecordFunction& function,
                              ThreadState& state) {
  OperatorCall& call = state.call;
  const OperatorInfo& info = *call.info;
  const size_t count = info.schema->returns().size();
  c10::ArrayRef<c10::IValue> outputs = function.outputs();
  if (outputs.size() < count ||
      std::uncaught_exceptions() > state.exceptions) {  // the operator threw
    failed_scope = call.scope;
    for (const ThreadState::Version& before : state.versions) {
      if (VersionOf(*before.tensor) == before.version) continue;
      trace.failures.push_back(
          absl::StrCat(info.name,
                       " failed after it had written to an argument, and the "
                       "model went on"));
      break;
    }
    return;
  }
  outputs = outputs.slice(outputs.size() - count);
  // Made of nothing within a transform, which wraps it: a constant, as any
  // other tensor that is there when it is first read.
  if (state.uses.empty() && outputs.size() == 1 && IsWrapper(outputs[0])) {
    return;
  }
  if (state.draws_own_numbers) {
    // What it returns otherwise is found when it is first read.
    for (const c10::IValue& output : outputs) {
      if (info.writes.empty() || !output.isTensor()) continue;
      RecordUnseenWrite(output.toTensor(), call.scope, call.frames);
    }
    RefreshShared();
    return;
  }
  NoteUnannotatedWrites(state);
  if (!info.writes.empty() || !call.unannotated_writes.empty()) {
    RefreshShared();
  }

  call.num_arguments = static_cast<int32_t>(state.arguments.size());
  std::vector<at::Tensor>* kept =
      options.keep_results ? &results.emplace_back() : nullptr;
  for (const c10::IValue& output : outputs) {
    Append(
        output,
        [&](const at::Tensor& tensor) {
          if (kept != nullptr) {
            kept->push_back(tensor.defined() ? CopyOf(tensor) : tensor);
          }
          return table.Result(tensor, info.is_aten);
        },
        &state.arguments, &state.uses);
    if (info.allocates_only && output.isTensor()) {
      table.SetUnfilled(output.toTensor(), state.uses.back());
    }
  }
  call.num_results =
      static_cast<int32_t>(state.arguments.size()) - call.num_arguments;
  call.first_argument = static_cast<int32_t>(trace.arguments.size());
  const int32_t first_use = static_cast<int32_t>(trace.uses.size());
  for (RecordedArgument& argument : state.arguments) {
    argument.first_use += first_use;
    trace.arguments.push_back(std::move(argument));
  }
  trace.uses.insert(trace.uses.end(), state.uses.begin(), state.uses.end());
  trace.calls.push_back(call);
}

bool Recorder::Impl::DrawsOwnNumbers(const OperatorInfo& info,
                                     c10::ArrayRef<c10::IValue> inputs,
                                     const OperatorCall& call) {
  const at::Generator& usual = at::detail::getDefaultCPUGenerator();
  for (const c10::IValue& input : inputs) {
    if (!input.isGenerator() || !input.toGenerator().defined() ||
        input.toGenerator() == usual) {
      continue;
    }
    trace.notes.push_back(
        {Report::Severity::kWarning, "baked-random",
         absl::StrCat(info.name,
                      " draws from a generator of the program's own: the "
                      "numbers are part of the graph as they were in this run"),
         call.scope, call.frames});
    return true;
  }
  if (usual.current_seed() == seed) return false;
  trace.notes.push_back(
      {Report::Severity::kInfo, "baked-random",
       absl::StrCat(info.name, " draws after the model has set the seed to ",
                    usual.current_seed(),
                    ": the numbers are part of the graph"),
       call.scope, call.frames});
  return true;
}

void Recorder::Impl::RecordUnseenWrite(const at::Tensor& written, ScopeId scope,
                                       int32_t frames) {
  if (copy_info == nullptr) {
    copy_info = std::make_unique<OperatorInfo>(OperatorInfo::Make(
        c10::Dispatcher::singleton().findSchemaOrThrow("aten::copy_", "")));
  }
  const at::Tensor content = CopyOf(written);
  OperatorCall& call = trace.calls.emplace_back();
  call.info = copy_info.get();
  call.scope = scope;
  call.frames = frames;
  call.first_argument = static_cast<int32_t>(trace.arguments.size());
  call.num_arguments = 3;
  call.num_results = 1;
  const auto append = [&](const c10::IValue& value, bool overwritten) {
    Append(
        value,
        [&](const at::Tensor& tensor) {
          return table.Argument(tensor, overwritten);
        },
        &trace.arguments, &trace.uses);
  };
  append(written, /*overwritten=*/true);
  append(content, /*overwritten=*/false);
  append(false, /*overwritten=*/false);  // non_blocking
  append(written, /*overwritten=*/true);
  if (options.keep_results) results.push_back({content});
}

namespace {

std::string BytesOfStorage(const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  return storage.nbytes() == 0
             ? std::string()
             : std::string(static_cast<const char*>(storage.data()),
                           storage.nbytes());
}

}  // namespace

void Recorder::Impl::CheckShared(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  for (Shared& known : shared) {
    if (!known.tensor.storage().is_alias_of(tensor.storage())) continue;
    const c10::Storage& storage = known.tensor.storage();
    if (storage.nbytes() == known.bytes.size() &&
        std::memcmp(storage.data(), known.bytes.data(), known.bytes.size()) ==
            0) {
      continue;
    }
    RecordUnseenWrite(known.tensor, known.scope, known.frames);
    trace.notes.push_back(
        {Report::Severity::kWarning, "baked-write",
         "what the program wrote to the memory of a tensor through NumPy is "
         "part of the graph as it was in this run",
         known.scope, known.frames});
    RefreshShared();
  }
}

void Recorder::Impl::CheckShared(const c10::IValue& value) {
  if (value.isTensor()) {
    CheckShared(value.toTensor());
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) {
      if (element.isTensor()) CheckShared(element.toTensor());
    }
  }
}

void Recorder::Impl::RefreshShared() {
  for (Shared& known : shared) known.bytes = BytesOfStorage(known.tensor);
}

void Recorder::Impl::End(const at::RecordFunction& function) {
  ThreadState& state = StateOfThread(session.load(std::memory_order_relaxed));
  if (state.depth == 0) return;
  if (state.depth > 1) {
    --state.depth;
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex);
    try {
      if (session.load() == state.session) Complete(function, state);
    } catch (const std::exception& error) {
      trace.failures.push_back(
          absl::StrCat(function.name(), ": ", error.what()));
    }
  }
  state.depth = 0;
}

Recorder::Recorder(RecorderOptions options)
    : impl_(std::make_shared<Impl>(options)) {}

Recorder::~Recorder() {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->table.PutBack();
}

void Recorder::AddState(absl::string_view name, Weights::Role role,
                        const at::Tensor& tensor) {
  if (!tensor.defined()) return;
  ExternalTensor& external = impl_->table.External(tensor);
  if (external.weights_names.empty()) external.role = role;
  external.weights_names.emplace_back(name);
}

void Recorder::AddInput(int32_t index, const at::Tensor& tensor) {
  if (!tensor.defined()) return;
  impl_->table.External(tensor).inputs.push_back(index);
}

void Recorder::AddObject(absl::string_view name, const c10::IValue& object) {
  impl_->trace.objects.push_back({std::string(name), object});
}

struct Recorder::Session::State {
  std::shared_ptr<Recorder::Impl> impl;
  at::CallbackHandle callback = 0;
  std::shared_ptr<c10::ThreadLocalDebugInfo> debug_info;
  bool was_enabled = true;
};

Recorder::Session::Session(Recorder& recorder)
    : state_(std::make_unique<State>()) {
  state_->impl = recorder.impl_;
  state_->impl->session = next_session.fetch_add(1);
  state_->impl->seed = at::detail::getDefaultCPUGenerator().current_seed();
  state_->debug_info = c10::ThreadLocalDebugInfo::current();
  state_->was_enabled = at::isRecordFunctionEnabled();
  at::enableRecordFunction(true);
  Push(state_->impl, 0);
  state_->callback = at::addThreadLocalCallback(
      at::RecordFunctionCallback(
          [](const at::RecordFunction& function)
              -> std::unique_ptr<at::ObserverContext> {
            const RunningModule* running = CurrentModule();
            if (running == nullptr ||
                !running->recorder->Start(function, running->scope)) {
              return std::make_unique<NotRecorded>();
            }
            return nullptr;
          },
          [](const at::RecordFunction& function, at::ObserverContext* context) {
            const RunningModule* running = CurrentModule();
            if (running == nullptr || context != nullptr) return;
            running->recorder->End(function);
          })
          .needsInputs(true)
          .needsOutputs(true)
          .scopes({at::RecordScope::FUNCTION}));
}

Recorder::Session::~Session() {
  at::removeCallback(state_->callback);
  at::enableRecordFunction(state_->was_enabled);
  c10::ThreadLocalDebugInfo::_forceCurrentDebugInfo(state_->debug_info);
  std::lock_guard<std::mutex> lock(state_->impl->mutex);
  state_->impl->session = 0;
}

void Recorder::EnterModule(absl::string_view path,
                           absl::string_view module_class) {
  const RunningModule* running = CurrentModule();
  if (running == nullptr || running->recorder != impl_) return;
  EnterModuleOfThread(path, module_class);
}

void Recorder::ExitModule() {
  const RunningModule* running = CurrentModule();
  if (running == nullptr || running->recorder != impl_) return;
  ExitModuleOfThread();
}

void Recorder::EnterModuleOfThread(absl::string_view path,
                                   absl::string_view module_class) {
  const RunningModule* running = CurrentModule();
  if (running == nullptr) return;
  const std::shared_ptr<Impl> impl = running->recorder;
  ScopeId scope = running->scope;
  {
    std::lock_guard<std::mutex> lock(impl->mutex);
    std::vector<ModuleScope>& scopes = impl->trace.scopes;
    if (impl->session.load() == 0) {
      // The recording has ended; only the pair of events matters.
    } else if (path.empty()) {
      scope = 0;
      scopes[0].module_class = std::string(module_class);
    } else if (scopes[scope].path != path) {
      // (A module's own method called from its forward is still that module.)
      scopes.push_back({scope, std::string(path), std::string(module_class),
                        impl->module_calls[path]++});
      scope = static_cast<ScopeId>(scopes.size()) - 1;
    }
  }
  Push(impl, scope);
}

void Recorder::ExitModuleOfThread() {
  const RunningModule* running = CurrentModule();
  if (running == nullptr) return;
  if (std::uncaught_exceptions() > 0) {
    std::lock_guard<std::mutex> lock(running->recorder->mutex);
    if (running->recorder->failed_scope == kAbsent) {
      running->recorder->failed_scope = running->scope;
    }
  }
  // A copy: forcing another one may free what is running.
  const std::shared_ptr<c10::ThreadLocalDebugInfo> outer = running->outer;
  c10::ThreadLocalDebugInfo::_forceCurrentDebugInfo(outer);
}

void Recorder::ShareMemory(const at::Tensor& tensor) {
  const RunningModule* running = CurrentModule();
  if (running == nullptr || running->recorder != impl_ || !tensor.defined() ||
      !tensor.is_cpu() || tensor.layout() != c10::kStrided ||
      !tensor.has_storage() || IsWrapper(tensor) ||
      StateOfThread(impl_->session.load()).depth > 0) {
    return;
  }
  CallStack stack;  // (before the lock: see Start)
  if (impl_->options.frames) stack = CallStack::Here();
  std::lock_guard<std::mutex> lock(impl_->mutex);
  for (const Impl::Shared& known : impl_->shared) {
    if (known.tensor.is_same(tensor)) return;
  }
  impl_->CheckShared(tensor);
  impl_->table.Argument(tensor, /*overwritten=*/false);
  impl_->table.BeforeWrite(tensor);
  int32_t frames = kAbsent;
  if (impl_->options.frames) {
    frames = static_cast<int32_t>(impl_->stacks.size());
    impl_->stacks.push_back(std::move(stack));
  }
  impl_->shared.push_back(
      {tensor, BytesOfStorage(tensor), running->scope, frames});
}

void Recorder::Note(Report::Severity severity, absl::string_view code,
                    absl::string_view message) {
  const RunningModule* running = CurrentModule();
  if (running == nullptr || running->recorder != impl_) return;
  std::lock_guard<std::mutex> lock(impl_->mutex);
  impl_->trace.notes.push_back({severity, std::string(code),
                                std::string(message), running->scope, kAbsent});
}

std::string Recorder::failed_module() const {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  if (impl_->failed_scope == kAbsent) return "";
  return impl_->trace.scopes[impl_->failed_scope].path;
}

int64_t Recorder::num_calls() const {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  return static_cast<int64_t>(impl_->trace.calls.size());
}

Trace Recorder::Finish(const std::vector<at::Tensor>& results) {
  std::lock_guard<std::mutex> lock(impl_->mutex);
  Trace& trace = impl_->trace;
  for (size_t i = 0; i < impl_->shared.size(); ++i) {
    const at::Tensor tensor = impl_->shared[i].tensor;
    impl_->CheckShared(tensor);
  }
  impl_->shared.clear();
  for (const at::Tensor& result : results) {
    trace.results.push_back(impl_->table.Argument(result, false));
    trace.result_contents.push_back(impl_->table.ContentToKeep(result));
  }
  trace.frames = Symbolize(impl_->stacks);
  trace.infos = std::move(impl_->owned_infos);
  if (impl_->copy_info != nullptr) {
    trace.infos.push_back(std::move(impl_->copy_info));
  }
  impl_->stacks.clear();
  impl_->table.NoteWhatIsLeft();
  trace.num_tensors = impl_->table.num_tensors();
  trace.num_storages = impl_->table.num_storages();
  impl_->table.PutBack();
  return std::move(trace);
}

const std::vector<at::Tensor>& Recorder::results_of(int64_t call) const {
  return impl_->results[call];
}

}  // namespace flextorchir
