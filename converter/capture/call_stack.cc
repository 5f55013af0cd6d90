#include "flextorchir/converter/capture/call_stack.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "torch/csrc/jit/frontend/source_range.h"
#include "torch/csrc/jit/runtime/interpreter.h"
#include "torch/csrc/profiler/combined_traceback.h"

namespace flextorchir {
namespace {

// Frames of torch itself say nothing about the model.
bool InsideTorch(absl::string_view file) {
  for (absl::string_view root :
       {"site-packages/torch/", "dist-packages/torch/", "<frozen "}) {
    if (absl::StrContains(file, root)) return true;
  }
  // Built-in TorchScript functions have no file of their own.
  return file.empty() || absl::StartsWith(file, "<string>") ||
         absl::StartsWith(file, "torch/nn/");
}

std::vector<Source::Frame> UserFrames(std::vector<Source::Frame> frames) {
  std::vector<Source::Frame> user;
  for (Source::Frame& frame : frames) {
    if (!InsideTorch(frame.file)) user.push_back(std::move(frame));
  }
  return user;
}

Source::Frame ScriptFrame(const torch::jit::StackEntry& entry) {
  // A file that was saved carries a map from its generated code to the code it
  // was made from.
  torch::jit::SourceRange range = entry.range;
  if (auto original = range.findSourceRangeThatGenerated()) {
    range = std::move(*original);
  }
  Source::Frame frame;
  frame.function = entry.filename;  // so torch calls it; it is the function
  if (auto place = range.file_line_col()) {
    frame.file = std::get<0>(*place);
    frame.line = static_cast<int64_t>(std::get<1>(*place));
  }
  return frame;
}

}  // namespace

CallStack CallStack::Here() {
  CallStack stack;
  stack.python = torch::CapturedTraceback::gather(/*python=*/true,
                                                  /*script=*/false,
                                                  /*cpp=*/false);
  auto script = torch::jit::currentCallstack();
  if (!script.empty()) {
    stack.script = std::make_shared<std::vector<torch::jit::StackEntry>>(
        std::move(script));
  }
  return stack;
}

std::vector<std::vector<Source::Frame>> Symbolize(
    const std::vector<CallStack>& stacks) {
  std::vector<torch::CapturedTraceback*> python;
  for (const CallStack& stack : stacks) python.push_back(stack.python.get());
  const torch::SymbolizedTracebacks symbolized = torch::symbolize(python);

  std::vector<std::vector<Source::Frame>> result;
  for (size_t i = 0; i < stacks.size(); ++i) {
    std::vector<Source::Frame> frames;
    if (stacks[i].script != nullptr) {
      for (const auto& entry : *stacks[i].script) {
        frames.push_back(ScriptFrame(entry));
      }
    }
    for (uint64_t index : symbolized.tracebacks[i]) {
      const auto& frame = symbolized.all_frames[index];
      frames.push_back(
          {frame.filename, static_cast<int64_t>(frame.lineno), frame.funcname});
    }
    result.push_back(UserFrames(std::move(frames)));
  }
  return result;
}

}  // namespace flextorchir
