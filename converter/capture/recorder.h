#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_RECORDER_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_RECORDER_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/Tensor.h"
#include "ATen/core/ivalue.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "flextorchir/converter/capture/trace.h"
#include "flextorchir/converter/report.h"

namespace flextorchir {

struct RecorderOptions {
  // Keep the user's stack of every operator.
  bool frames = true;
  // Keep a copy of every result: RecordedCopies().
  bool keep_results = false;
};

// Sees the operators that a thread runs (through at::RecordFunction) and the
// modules that a frontend says it enters, and writes them down as a `Trace`.
//
//   Recorder recorder;
//   recorder.AddState("conv.weight", Weights::Role::kParameter, weight);
//   recorder.AddInput(0, x);
//   { Recorder::Session session(recorder);  model.forward(x); }
//   Trace trace = recorder.Finish({result});
//
// Only the outermost call is written down: what runs inside a recorded operator
// belongs to it. Calls that only unwrap their arguments (functorch, tensor
// subclasses and modes, autocast, autograd.Function) are looked through: what
// they call is recorded. A call that throws leaves no trace. Numbers that are
// drawn from a generator of the program's own, or after it has given the
// default one another seed, are constants: nobody else can draw them.
//
// A session records on its own thread, and on those to which torch carries its
// thread-local state (torch.jit.fork and what follows torch.jit.wait), or a
// frontend does (a Python forward's threads). Everything that is recorded is
// locked; who has that lock never waits for Python's. Nothing ever throws into
// torch.
//
// The memory of tensors is not kept alive, except for tensors that no recorded
// operator made. State, inputs and whatever else was there before the run is
// put back by `Finish` (or else by the destructor): content, memory and
// geometry. Until then it is as the model left it, and so are results that
// share its memory: take copies of such results, or `Trace::result_contents`.
class Recorder {
 public:
  explicit Recorder(RecorderOptions options = {});
  virtual ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Before recording: a parameter or buffer under its name (again for each name
  // it has), and model input number `index`.
  void AddState(absl::string_view name, Weights::Role role,
                const at::Tensor& tensor);
  void AddInput(int32_t index, const at::Tensor& tensor);
  // An object that holds weights which are no tensors to torch
  // ("conv._packed_params"), again for each name it has.
  void AddObject(absl::string_view name, const c10::IValue& object);

  // While one is alive, operators are recorded. At most one at a time on a
  // thread. Leaves the thread as it was.
  class Session {
   public:
    explicit Session(Recorder& recorder);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

   private:
    struct State;
    std::unique_ptr<State> state_;
  };

  // Module events; called by frontends, in pairs, on the thread that runs the
  // module. `module_class` is its qualified name. Virtual, so that a frontend
  // may live in a library that is opened at run time and has no recorder of its
  // own.
  virtual void EnterModule(absl::string_view path,
                           absl::string_view module_class);
  virtual void ExitModule();
  // The same on whichever recorder this thread records for, if there is one.
  // For callbacks that torch may run late, on a thread of its own, when the
  // recorder is gone (the end of a fork): they must not refer to it.
  static void EnterModuleOfThread(absl::string_view path,
                                  absl::string_view module_class);
  static void ExitModuleOfThread();
  // The program has got hold of the memory of `tensor` (through NumPy): from
  // now on its content is looked at before each use. What was written unseen
  // becomes a constant that is copied into it. Called on the thread that runs
  // the model.
  virtual void ShareMemory(const at::Tensor& tensor);
  // A row of the report, at the module that is running.
  virtual void Note(Report::Severity severity, absl::string_view code,
                    absl::string_view message);
  // The path of the module that was entered last before an exception left it;
  // empty if there is none.
  std::string failed_module() const;

  // Number of recorded operators so far.
  int64_t num_calls() const;

  // Ends the recording; call once, after the session. `results` are the tensors
  // the model returned, in the order of the leaves of its result. Puts back
  // what the model changed.
  Trace Finish(const std::vector<at::Tensor>& results);

  // With keep_results: copies of the results of call number `call`, one for
  // each result tensor in order. Valid after Finish.
  const std::vector<at::Tensor>& results_of(int64_t call) const;

  struct Impl;  // public for the callbacks in recorder.cc alone

 private:
  friend class Session;
  std::shared_ptr<Impl> impl_;  // threads that come late have it too
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_RECORDER_H_
