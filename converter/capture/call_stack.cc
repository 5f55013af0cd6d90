#include "flextorchir/converter/capture/call_stack.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "torch/csrc/jit/frontend/source_range.h"
#include "torch/csrc/jit/runtime/interpreter.h"
#include "torch/csrc/profiler/combined_traceback.h"

namespace flextorchir {
namespace {

// Frames of torch itself, and of what python/ puts between the model and it,
// say nothing about the model.
bool InsideTorch(absl::string_view file) {
  for (absl::string_view root :
       {"site-packages/torch/", "dist-packages/torch/", "code/__torch__/torch/",
        "<frozen ", "/flextorchir/_memory.py"}) {
    if (absl::StrContains(file, root)) return true;
  }
  // Built-in TorchScript functions have no file of their own.
  return file.empty() || absl::StartsWith(file, "<string>") ||
         absl::StartsWith(file, "torch/nn/");
}

// Where python/ calls the user's module, or what it does on a thread of its
// own: what called that is not the model.
bool CallsTheModel(const Source::Frame& frame) {
  return absl::EndsWith(frame.file, "/flextorchir/_live.py") ||
         absl::EndsWith(frame.file, "/flextorchir/_threads.py");
}

std::vector<Source::Frame> UserFrames(std::vector<Source::Frame> frames) {
  std::vector<Source::Frame> user;
  for (Source::Frame& frame : frames) {
    if (CallsTheModel(frame)) break;
    if (!InsideTorch(frame.file)) user.push_back(std::move(frame));
  }
  return user;
}

// A traced file knows, instead of a place, the Python stack of when it was
// traced: lines of `FILE(LINE): FUNCTION`. Empty for anything else.
std::vector<Source::Frame> TracedFrames(const torch::jit::SourceRange& range) {
  const std::string text = range.text().str();
  std::vector<Source::Frame> frames;
  for (absl::string_view row : absl::StrSplit(text, '\n')) {
    if (row.empty()) continue;
    const size_t function = row.rfind("): ");
    const size_t line = row.rfind('(', function);
    Source::Frame frame;
    if (function == absl::string_view::npos ||
        line == absl::string_view::npos ||
        !absl::SimpleAtoi(row.substr(line + 1, function - line - 1),
                          &frame.line)) {
      return {};
    }
    frame.file = std::string(row.substr(0, line));
    frame.function = std::string(row.substr(function + 3));
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::vector<Source::Frame> ScriptFrames(
    const std::vector<torch::jit::StackEntry>& stack) {
  std::vector<Source::Frame> frames;
  for (const torch::jit::StackEntry& entry : stack) {
    // A file that was saved carries a map from its generated code to the code
    // it was made from.
    torch::jit::SourceRange range = entry.range;
    if (auto original = range.findSourceRangeThatGenerated()) {
      range = std::move(*original);
    }
    // The innermost stack of a traced file holds those of its callers.
    if (frames.empty()) {
      frames = TracedFrames(range);
      if (!frames.empty()) return frames;
    }
    Source::Frame frame;
    frame.function = entry.filename;  // so torch calls it; it is the function
    if (auto place = range.file_line_col()) {
      frame.file = std::get<0>(*place);
      frame.line = static_cast<int64_t>(std::get<1>(*place));
    }
    frames.push_back(std::move(frame));
  }
  return frames;
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
    if (stacks[i].script != nullptr) frames = ScriptFrames(*stacks[i].script);
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
