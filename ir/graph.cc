#include "flextorchir/ir/graph.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

const Slot* FindSlot(const std::vector<Slot>& slots, absl::string_view name) {
  for (const Slot& slot : slots) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

// Python's way to reach the child `index` of `parent`.
std::string PathStep(const Structure& parent, size_t index) {
  const Attribute& key = parent.children[index].key;
  switch (parent.kind) {
    case Structure::Kind::kDict:
      return absl::StrCat("[", key.ToString(), "]");
    case Structure::Kind::kNamed:
      if (const std::string* name = key.AsString()) {
        return absl::StrCat(".", *name);
      }
      return absl::StrCat("[", key.ToString(), "]");
    default:
      return absl::StrCat("[", index, "]");
  }
}

void CollectLeafPaths(const Structure& structure, const std::string& path,
                      std::map<int64_t, std::string>* paths) {
  if (structure.kind == Structure::Kind::kLeaf) {
    paths->emplace(structure.leaf, path);
    return;
  }
  for (size_t i = 0; i < structure.children.size(); ++i) {
    CollectLeafPaths(structure.children[i].value, path + PathStep(structure, i),
                     paths);
  }
}

}  // namespace

absl::string_view ScalarTypeName(ScalarType type) {
  switch (type) {
    case ScalarType::kBool:
      return "bool";
    case ScalarType::kInt:
      return "int";
    case ScalarType::kFloat:
      return "float";
    case ScalarType::kComplex:
      return "complex";
    case ScalarType::kString:
      return "string";
  }
  return "unknown";
}

std::string Value::TypeString() const {
  if (const TensorType* tensor_type = tensor()) return tensor_type->ToString();
  return std::string(ScalarTypeName(std::get<ScalarType>(type)));
}

const Slot* Layer::FindInput(absl::string_view input_name) const {
  return FindSlot(inputs, input_name);
}

const Slot* Layer::FindOutput(absl::string_view output_name) const {
  return FindSlot(outputs, output_name);
}

ValueId Layer::Input(absl::string_view input_name) const {
  const Slot* slot = FindInput(input_name);
  if (slot == nullptr || slot->is_list || slot->values.empty()) return kAbsent;
  return slot->values[0];
}

const Attribute* Layer::FindAttribute(absl::string_view attribute_name) const {
  const auto found = attributes.find(std::string(attribute_name));
  return found == attributes.end() ? nullptr : &found->second;
}

const Source& Layer::source() const {
  static const Source* const kNone = new Source;
  return sources.empty() ? *kNone : sources[0];
}

ValueId Graph::AddValue(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

std::vector<std::string> LeafPaths(const Structure& structure) {
  std::map<int64_t, std::string> by_leaf;
  CollectLeafPaths(structure, "", &by_leaf);
  std::vector<std::string> paths;
  paths.reserve(by_leaf.size());
  for (auto& entry : by_leaf) paths.push_back(std::move(entry.second));
  return paths;
}

bool operator==(const Value& a, const Value& b) {
  return a.name == b.name && a.type == b.type && a.weights == b.weights;
}

bool operator==(const Slot& a, const Slot& b) {
  return a.name == b.name && a.is_list == b.is_list && a.values == b.values;
}

bool operator==(const Source::Frame& a, const Source::Frame& b) {
  return a.file == b.file && a.line == b.line && a.function == b.function;
}

bool operator==(const Source& a, const Source& b) {
  return a.op == b.op && a.module_path == b.module_path &&
         a.module_class == b.module_class && a.call_index == b.call_index &&
         a.frames == b.frames;
}

bool operator==(const Layer& a, const Layer& b) {
  return a.kind == b.kind && a.name == b.name && a.target == b.target &&
         a.inputs == b.inputs && a.outputs == b.outputs &&
         a.attributes == b.attributes && a.bodies == b.bodies &&
         a.sources == b.sources;
}

bool operator==(const Graph& a, const Graph& b) {
  return a.name == b.name && a.inputs == b.inputs && a.outputs == b.outputs &&
         a.values == b.values && a.layers == b.layers;
}

bool operator==(const Structure& a, const Structure& b) {
  if (a.kind != b.kind || a.leaf != b.leaf || a.constant != b.constant ||
      a.type_name != b.type_name || a.children.size() != b.children.size()) {
    return false;
  }
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (a.children[i].key != b.children[i].key ||
        !(a.children[i].value == b.children[i].value)) {
      return false;
    }
  }
  return true;
}

bool operator==(const Symbol& a, const Symbol& b) {
  return a.name == b.name && a.min == b.min && a.max == b.max;
}

bool operator==(const StateOutput& a, const StateOutput& b) {
  return a.weights == b.weights && a.input == b.input;
}

bool operator==(const Model& a, const Model& b) {
  return a.format_version == b.format_version &&
         a.layer_set_version == b.layer_set_version && a.name == b.name &&
         a.producer == b.producer && a.metadata == b.metadata &&
         a.symbols == b.symbols && a.weights == b.weights &&
         a.graphs == b.graphs && a.inputs == b.inputs &&
         a.outputs == b.outputs && a.state_outputs == b.state_outputs;
}

}  // namespace flextorchir
