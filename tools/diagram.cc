#include "flextorchir/tools/diagram.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/tools/layer_line.h"

extern char** environ;

namespace flextorchir {
namespace {

constexpr char kRed[] = "#f4a6a0";
constexpr char kRedLine[] = "#c0281c";
constexpr char kAmber[] = "#ffd27f";
constexpr char kPlain[] = "#e8eef7";
constexpr char kClosed[] = "#d5dde8";

// What stands between quotes in Graphviz' language.
std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "\"";
}

// Breaks a line between words where it gets too long for a node.
std::string Wrapped(absl::string_view line) {
  constexpr size_t kWidth = 48;
  std::string text;
  size_t width = 0;
  for (absl::string_view word : absl::StrSplit(line, ' ')) {
    const bool fits = width + word.size() <= kWidth;
    if (!text.empty()) text += fits ? ' ' : '\n';
    width = (fits ? width + 1 : 0) + word.size();
    absl::StrAppend(&text, word);
  }
  return text;
}

// A module, by its path; the root is the model.
struct Module {
  std::string path;
  std::string class_name;
  std::map<std::string, std::unique_ptr<Module>> children;
  std::vector<const Layer*> layers;  // its own, not its children's
  int64_t total_layers = 0;          // with its children's
  bool has_placeholder = false;
  bool is_warned = false;

  // A module with one layer is drawn as that layer.
  bool IsOneLayer() const { return total_layers == 1; }
};

class DotPrinter {
 public:
  DotPrinter(const Model& model, const DiagramOptions& options)
      : graph_(model.main()), name_(model.name), options_(options) {
    for (const Layer& layer : graph_.layers) Insert(layer);
    depth_ = options.depth > 0 ? options.depth : ReadableDepth();
  }

  std::string Print() {
    absl::StrAppend(&text_, "digraph ", Quoted(name_),
                    " {\n"
                    "  graph [fontname=\"Helvetica\" rankdir=TB nslimit=2 "
                    "mclimit=0.5];\n"
                    "  node [fontname=\"Helvetica\" fontsize=11 shape=box "
                    "style=\"filled,rounded\" fillcolor=\"",
                    kPlain,
                    "\"];\n"
                    "  edge [color=\"#667085\" arrowsize=0.6];\n");
    for (const ValueId id : graph_.inputs) {
      const std::string node = absl::StrCat("in", id);
      PrintEnd(node, graph_.value(id));
      node_of_value_[id] = node;
    }
    PrintModule(root_, /*level=*/0);
    PrintEdges();
    int number = 0;
    for (const ValueId id : graph_.outputs) {
      const std::string node = absl::StrCat("out", number++);
      PrintEnd(node, graph_.value(id));
      if (const auto from = node_of_value_.find(id);
          from != node_of_value_.end()) {
        absl::StrAppend(&text_, "  ", from->second, " -> ", node, ";\n");
      }
    }
    text_ += "}\n";
    return std::move(text_);
  }

 private:
  void Insert(const Layer& layer) {
    const Source& source = layer.source();
    const bool is_placeholder = layer.kind == kPlaceholder;
    Module* module = &root_;
    const auto visit = [&] {
      ++module->total_layers;
      module->has_placeholder |= is_placeholder;
      const std::string path = module->path.substr(0, module->path.find(" #"));
      module->is_warned |=
          !path.empty() && options_.warned_modules.count(path) > 0;
    };
    visit();
    std::vector<std::string> parts;
    if (!source.module_path.empty()) {
      parts = absl::StrSplit(source.module_path, '.');
      // Calls of one module (an activation that is used again) stand apart.
      if (source.call_index > 0) {
        absl::StrAppend(&parts.back(), " #", source.call_index);
      }
    }
    for (const std::string& part : parts) {
      std::unique_ptr<Module>& child = module->children[part];
      if (child == nullptr) {
        child = std::make_unique<Module>();
        child->path =
            module->path.empty() ? part : absl::StrCat(module->path, ".", part);
      }
      module = child.get();
      visit();
    }
    if (module->class_name.empty()) module->class_name = source.module_class;
    module->layers.push_back(&layer);
  }

  // How many nodes a picture of this depth has.
  static int64_t CountNodes(const Module& module, int depth) {
    if (depth == 0) return 1;
    int64_t count = static_cast<int64_t>(module.layers.size());
    for (const auto& [name, child] : module.children) {
      count += child->IsOneLayer() ? 1 : CountNodes(*child, depth - 1);
    }
    return count;
  }

  static int Height(const Module& module) {
    int height = 0;
    for (const auto& [name, child] : module.children) {
      height = std::max(height, Height(*child));
    }
    return height + 1;
  }

  int ReadableDepth() const {
    for (int depth = Height(root_); depth > 1; --depth) {
      if (CountNodes(root_, depth) <= options_.max_nodes) return depth;
    }
    return 1;
  }

  void PrintEnd(const std::string& node, const Value& value) {
    absl::StrAppend(
        &text_, "  ", node, " [shape=ellipse fillcolor=white label=",
        Quoted(absl::StrCat(value.name, "\n", value.TypeString())), "];\n");
  }

  // The inside of an open module.
  void PrintModule(const Module& module, int level) {
    const std::string indent(2 * level + 2, ' ');
    // Too many layers of one module stand together in the order they run.
    const size_t nodes = static_cast<size_t>(std::max(1, options_.max_nodes));
    const size_t run = (module.layers.size() + nodes - 1) / nodes;
    for (size_t i = 0; i < module.layers.size(); i += run) {
      if (run == 1) {
        PrintLayer(*module.layers[i], module.is_warned, indent);
      } else {
        PrintRun(absl::MakeConstSpan(module.layers).subspan(i, run), indent);
      }
    }
    for (const auto& [name, child] : module.children) {
      if (child->IsOneLayer()) {
        PrintOnlyLayer(*child, indent);
      } else if (level + 1 >= depth_) {
        PrintClosed(*child, indent);
      } else {
        absl::StrAppend(&text_, indent, "subgraph cluster_", clusters_++,
                        " {\n", indent, "  label=", Quoted(Title(*child)),
                        "; fontsize=11; style=rounded; color=\"",
                        child->is_warned ? kAmber : "#98a2b3", "\";\n");
        PrintModule(*child, level + 1);
        absl::StrAppend(&text_, indent, "}\n");
      }
    }
  }

  void PrintOnlyLayer(const Module& module, const std::string& indent) {
    for (const Layer* layer : module.layers) {
      PrintLayer(*layer, module.is_warned, indent);
    }
    for (const auto& [name, child] : module.children) {
      PrintOnlyLayer(*child, indent);
    }
  }

  void PrintLayer(const Layer& layer, bool is_warned,
                  const std::string& indent) {
    std::string label = absl::StrCat(layer.kind, "  ", layer.name);
    for (const std::string& line :
         {LayerGeometry(graph_, layer), LayerOutputTypes(graph_, layer)}) {
      if (!line.empty()) absl::StrAppend(&label, "\n", Wrapped(line));
    }
    const std::string node = NewNode();
    absl::StrAppend(&text_, indent, node, " [label=", Quoted(label));
    if (layer.kind == kPlaceholder) {
      absl::StrAppend(&text_, " fillcolor=\"", kRed, "\" color=\"", kRedLine,
                      "\"");
    } else if (is_warned) {
      absl::StrAppend(&text_, " fillcolor=\"", kAmber, "\"");
    }
    if (!layer.bodies.empty()) text_ += " peripheries=2";
    text_ += "];\n";
    Assign(layer, node);
  }

  void PrintClosed(const Module& module, const std::string& indent) {
    AssignAll(module,
              PrintBox(Title(module), module.total_layers, AnyWarned(module),
                       module.has_placeholder, indent));
  }

  void PrintRun(absl::Span<const Layer* const> layers,
                const std::string& indent) {
    const bool has_placeholder = std::any_of(
        layers.begin(), layers.end(),
        [](const Layer* layer) { return layer->kind == kPlaceholder; });
    const std::string node = PrintBox(
        absl::StrCat(layers.front()->name, " to ", layers.back()->name),
        static_cast<int64_t>(layers.size()), /*is_warned=*/false,
        has_placeholder, indent);
    for (const Layer* layer : layers) Assign(*layer, node);
  }

  // One node for several layers; returns its name.
  std::string PrintBox(const std::string& title, int64_t layers, bool is_warned,
                       bool has_placeholder, const std::string& indent) {
    std::string node = NewNode();
    absl::StrAppend(&text_, indent, node, " [shape=box3d style=filled label=",
                    Quoted(absl::StrCat(title, "\n", layers, " layers")),
                    " fillcolor=\"", is_warned ? kAmber : kClosed, "\"");
    if (has_placeholder) {
      absl::StrAppend(&text_, " color=\"", kRedLine, "\" penwidth=3");
    }
    text_ += "];\n";
    return node;
  }

  static bool AnyWarned(const Module& module) {
    return module.is_warned ||
           std::any_of(
               module.children.begin(), module.children.end(),
               [](const auto& child) { return AnyWarned(*child.second); });
  }

  static std::string Title(const Module& module) {
    const absl::string_view class_name = module.class_name;
    const size_t dot = class_name.rfind('.');
    return absl::StrCat(module.path, class_name.empty() ? "" : "  ",
                        class_name.substr(dot + 1));
  }

  std::string NewNode() { return absl::StrCat("n", nodes_++); }

  void Assign(const Layer& layer, const std::string& node) {
    node_of_layer_[&layer] = node;
    for (const Slot& slot : layer.outputs) {
      for (const ValueId id : slot.values) {
        if (id != kAbsent) node_of_value_[id] = node;
      }
    }
  }
  void AssignAll(const Module& module, const std::string& node) {
    for (const Layer* layer : module.layers) Assign(*layer, node);
    for (const auto& [name, child] : module.children) AssignAll(*child, node);
  }

  void PrintEdges() {
    std::set<std::pair<std::string, std::string>> edges;
    for (const Layer& layer : graph_.layers) {
      const std::string& to = node_of_layer_[&layer];
      for (const Slot& slot : layer.inputs) {
        for (const ValueId id : slot.values) {
          const auto from = node_of_value_.find(id);  // weights have none
          if (from == node_of_value_.end() || from->second == to) continue;
          if (edges.emplace(from->second, to).second) {
            absl::StrAppend(&text_, "  ", from->second, " -> ", to, ";\n");
          }
        }
      }
    }
  }

  const Graph& graph_;
  const std::string name_;
  const DiagramOptions& options_;
  Module root_;
  int depth_ = 1;
  int nodes_ = 0;
  int clusters_ = 0;
  std::map<const Layer*, std::string> node_of_layer_;
  std::map<ValueId, std::string> node_of_value_;
  std::string text_;
};

constexpr absl::string_view kDrawn[] = {"svg", "png", "pdf"};
constexpr absl::Duration kPatience = absl::Minutes(1);

std::string Extension(absl::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == absl::string_view::npos
             ? ""
             : absl::AsciiStrToLower(path.substr(dot + 1));
}

bool HasProgram(absl::string_view program) {
  const char* path = std::getenv("PATH");
  for (absl::string_view folder :
       absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (access(absl::StrCat(folder, "/", program).c_str(), X_OK) == 0) {
      return true;
    }
  }
  return false;
}

absl::Status SystemFailure(absl::string_view what, int error) {
  return absl::InternalError(
      absl::StrCat("", what, ": ", std::strerror(error)));
}

// Both ends of a pipe, closed at the end.
struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    CloseEnd(0);
    CloseEnd(1);
  }
  void CloseEnd(int i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
};

// Runs `dot -TFORMAT` on `input` and returns what it prints. Fed and read in
// turn, since both pipes are smaller than a picture.
absl::StatusOr<std::string> RunDot(const std::string& format,
                                   absl::string_view input) {
  Pipe to;
  Pipe from;
  if (pipe2(to.ends, O_CLOEXEC) != 0 || pipe2(from.ends, O_CLOEXEC) != 0) {
    return SystemFailure("pipe", errno);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to.ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from.ends[1], STDOUT_FILENO);
  const std::string flag = absl::StrCat("-T", format);
  char* const arguments[] = {const_cast<char*>("dot"),
                             const_cast<char*>(flag.c_str()), nullptr};
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, "dot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return SystemFailure("dot", error);
  to.CloseEnd(0);
  from.CloseEnd(1);
  fcntl(to.ends[1], F_SETFL, O_NONBLOCK);

  std::string output;
  const absl::Time deadline = absl::Now() + kPatience;
  bool late = false;
  while (true) {
    const absl::Duration left = deadline - absl::Now();
    late = left <= absl::ZeroDuration();
    if (late) break;
    pollfd waits[] = {{from.ends[0], POLLIN, 0}, {to.ends[1], POLLOUT, 0}};
    poll(waits, to.ends[1] >= 0 ? 2 : 1,
         static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    if (to.ends[1] >= 0 && waits[1].revents != 0) {
      const ssize_t written = write(to.ends[1], input.data(), input.size());
      if (written > 0) input.remove_prefix(written);
      const bool failed = written < 0 && errno != EAGAIN && errno != EINTR;
      if (failed || input.empty()) to.CloseEnd(1);
    }
    if (waits[0].revents != 0) {
      char buffer[65536];
      const ssize_t count = read(from.ends[0], buffer, sizeof(buffer));
      if (count == 0 || (count < 0 && errno != EINTR)) break;
      if (count > 0) output.append(buffer, count);
    }
  }
  if (late) kill(child, SIGKILL);
  int wait_status = 0;
  while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
  }
  if (late) {
    return absl::DeadlineExceededError(absl::StrCat(
        "dot has not drawn it within ", absl::FormatDuration(kPatience),
        "; give a smaller --diagram_depth, or PATH.dot"));
  }
  if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
    return absl::InternalError(
        "Graphviz' dot failed; what it says stands above");
  }
  return output;
}

}  // namespace

std::string ModelToDot(const Model& model, const DiagramOptions& options) {
  return DotPrinter(model, options).Print();
}

absl::Status CheckDiagramPath(absl::string_view path) {
  const std::string extension = Extension(path);
  if (extension == "dot") return absl::OkStatus();
  if (std::find(std::begin(kDrawn), std::end(kDrawn), extension) ==
      std::end(kDrawn)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     ": a diagram's path ends in "
                     ".dot, .",
                     absl::StrJoin(kDrawn, ", .")));
  }
  if (!HasProgram("dot")) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     ": Graphviz' program dot is not installed; "
                     "install the package graphviz, or write PATH.dot"));
  }
  return absl::OkStatus();
}

absl::Status WriteDiagram(absl::string_view dot, absl::string_view path) {
  if (absl::Status s = CheckDiagramPath(path); !s.ok()) return s;
  const std::string extension = Extension(path);
  if (extension == "dot") return WriteWholeFile(path, dot);
  auto picture = RunDot(extension, dot);
  if (!picture.ok()) return picture.status();
  return WriteWholeFile(path, *picture);
}

}  // namespace flextorchir
