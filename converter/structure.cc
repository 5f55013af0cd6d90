#include "flextorchir/converter/structure.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/torch_bridge/attribute.h"

namespace flextorchir {
namespace {

// Takes `value`, which stands at `path`, apart.
class Flattener {
 public:
  explicit Flattener(Flattened* out) : out_(out) {}

  absl::StatusOr<Structure> Flatten(const c10::IValue& value,
                                    const std::string& path, int depth) {
    if (depth > Structure::kMaxDepth) {
      return absl::UnimplementedError(
          absl::StrCat("`", path, "` is nested deeper than ",
                       Structure::kMaxDepth, " levels, or holds itself"));
    }
    if (value.isTensor() && value.toTensor().defined()) {
      Structure leaf;
      leaf.kind = Structure::Kind::kLeaf;
      leaf.leaf = static_cast<int64_t>(out_->leaves.size());
      out_->leaves.push_back(value.toTensor());
      return leaf;
    }
    if (value.isTuple()) return FlattenTuple(value, path, depth);
    if (value.isList()) return FlattenList(value, path, depth);
    if (value.isGenericDict()) return FlattenDict(value, path, depth);

    Structure constant;
    constant.kind = Structure::Kind::kConstant;
    if (value.isTensor()) return constant;  // undefined: None
    if (value.isObject() || value.isCapsule() ||
        !ToAttribute(value).has_value()) {
      return absl::UnimplementedError(absl::StrCat(
          "`", path, "` is a ", value.type()->str(),
          "; arguments and results may be tensors, numbers, strings, None, and "
          "tuples, lists and dicts of them"));
    }
    constant.constant = *ToAttribute(value);
    return constant;
  }

 private:
  absl::StatusOr<Structure> FlattenTuple(const c10::IValue& value,
                                         const std::string& path, int depth) {
    const auto& elements = value.toTupleRef().elements();
    Structure tuple;
    tuple.kind = Structure::Kind::kTuple;
    // A named tuple's type has its fields.
    const auto type = value.toTuple()->type();
    const std::vector<c10::Argument>* fields = nullptr;
    if (type->schema() != nullptr && type->name().has_value() &&
        type->schema()->arguments().size() == elements.size()) {
      fields = &type->schema()->arguments();
      tuple.kind = Structure::Kind::kNamed;
      tuple.type_name = type->name()->qualifiedName();
    }
    for (size_t i = 0; i < elements.size(); ++i) {
      Structure::Child child;
      if (fields != nullptr) child.key = (*fields)[i].name();
      absl::StatusOr<Structure> element = Flatten(
          elements[i],
          fields == nullptr ? absl::StrCat(path, "[", i, "]")
                            : absl::StrCat(path, ".", (*fields)[i].name()),
          depth + 1);
      if (!element.ok()) return element.status();
      child.value = *std::move(element);
      tuple.children.push_back(std::move(child));
    }
    return tuple;
  }

  absl::StatusOr<Structure> FlattenList(const c10::IValue& value,
                                        const std::string& path, int depth) {
    Structure list;
    list.kind = Structure::Kind::kList;
    int64_t index = 0;
    for (const c10::IValue& item : value.toListRef()) {
      absl::StatusOr<Structure> element =
          Flatten(item, absl::StrCat(path, "[", index++, "]"), depth + 1);
      if (!element.ok()) return element.status();
      list.children.push_back({Attribute(), *std::move(element)});
    }
    return list;
  }

  absl::StatusOr<Structure> FlattenDict(const c10::IValue& value,
                                        const std::string& path, int depth) {
    Structure dict;
    dict.kind = Structure::Kind::kDict;
    for (const auto& entry : value.toGenericDict()) {
      const c10::IValue& key = entry.key();
      if (!key.isInt() && !key.isString()) {
        return absl::UnimplementedError(
            absl::StrCat("the dict `", path, "` has a ", key.tagKind(),
                         " as a key; keys may be strings and integers"));
      }
      Structure::Child child;
      child.key = *ToAttribute(key);
      absl::StatusOr<Structure> element = Flatten(
          entry.value(), absl::StrCat(path, "[", child.key.ToString(), "]"),
          depth + 1);
      if (!element.ok()) return element.status();
      child.value = *std::move(element);
      dict.children.push_back(std::move(child));
    }
    return dict;
  }

  Flattened* out_;
};

void AppendNames(const Structure& structure, const std::string& name,
                 std::vector<std::string>* names) {
  switch (structure.kind) {
    case Structure::Kind::kLeaf:
      names->push_back(name);
      return;
    case Structure::Kind::kConstant:
      return;
    default:
      break;
  }
  int64_t index = 0;
  for (const Structure::Child& child : structure.children) {
    const std::string* key = child.key.AsString();
    std::string part = absl::StrCat(index++);
    if (key != nullptr) {
      part = *key;
    } else if (child.key.AsInt() != nullptr) {
      part = absl::StrCat(*child.key.AsInt());
    }
    AppendNames(child.value, absl::StrCat(name, ".", part), names);
  }
}

void AppendConstantPaths(const Structure& structure, const std::string& path,
                         std::vector<std::string>* paths) {
  if (structure.kind == Structure::Kind::kConstant) {
    if (!structure.constant.is_none()) paths->push_back(path);
    return;
  }
  // An object that no tensor hangs on.
  if (structure.kind == Structure::Kind::kNamed && structure.children.empty()) {
    paths->push_back(path);
  }
  int64_t index = 0;
  for (const Structure::Child& child : structure.children) {
    std::string step = absl::StrCat("[", index++, "]");
    if (structure.kind == Structure::Kind::kNamed &&
        child.key.AsString() != nullptr) {
      step = absl::StrCat(".", *child.key.AsString());
    } else if (!child.key.is_none()) {
      step = absl::StrCat("[", child.key.ToString(), "]");
    }
    AppendConstantPaths(child.value, path + step, paths);
  }
}

// What a frontend has taken apart itself.
absl::StatusOr<Flattened> WithLeaves(const Structure& structure,
                                     const std::vector<c10::IValue>& leaves) {
  Flattened out;
  out.structure = structure;
  for (const c10::IValue& leaf : leaves) {
    if (!leaf.isTensor() || !leaf.toTensor().defined()) {
      return absl::InternalError(absl::StrCat(
          "the frontend gave a ", leaf.tagKind(), " as a leaf, not a tensor"));
    }
    out.leaves.push_back(leaf.toTensor());
  }
  if (LeafPaths(structure).size() != leaves.size()) {
    return absl::InternalError(
        "the frontend gave another number of leaves than its structure has");
  }
  return out;
}

}  // namespace

absl::StatusOr<Flattened> FlattenInputs(const ModelInputs& inputs,
                                        const Structure* structure) {
  if (structure != nullptr) return WithLeaves(*structure, inputs.args);
  Flattened out;
  Flattener flattener(&out);
  const bool keyed = !inputs.kwargs.empty();
  out.structure.kind = keyed ? Structure::Kind::kDict : Structure::Kind::kTuple;
  const auto add = [&](Attribute key, const std::string& path,
                       const c10::IValue& value) {
    absl::StatusOr<Structure> child = flattener.Flatten(value, path, 1);
    if (!child.ok()) return child.status();
    out.structure.children.push_back(
        {keyed ? std::move(key) : Attribute(), *std::move(child)});
    return absl::OkStatus();
  };
  for (size_t i = 0; i < inputs.args.size(); ++i) {
    absl::Status status = add(static_cast<int64_t>(i),
                              absl::StrCat("args[", i, "]"), inputs.args[i]);
    if (!status.ok()) return status;
  }
  for (const auto& [name, value] : inputs.kwargs) {
    absl::Status status = add(name, name, value);
    if (!status.ok()) return status;
  }
  return out;
}

absl::StatusOr<Flattened> FlattenResult(const c10::IValue& result,
                                        const Structure* structure) {
  if (structure != nullptr) {
    if (!result.isTuple()) {
      return absl::InternalError("the frontend returned no tuple of leaves");
    }
    return WithLeaves(*structure, result.toTupleRef().elements().vec());
  }
  Flattened out;
  absl::StatusOr<Structure> flattened =
      Flattener(&out).Flatten(result, "result", 0);
  if (!flattened.ok()) return flattened.status();
  out.structure = *std::move(flattened);
  return out;
}

std::vector<std::string> ConstantPaths(const Structure& structure) {
  std::vector<std::string> paths;
  AppendConstantPaths(structure, "", &paths);
  return paths;
}

std::vector<std::string> InputNames(
    const Structure& inputs, absl::Span<const std::string> argument_names) {
  std::vector<std::string> names;
  for (size_t i = 0; i < inputs.children.size(); ++i) {
    const Structure::Child& argument = inputs.children[i];
    std::string name = inputs.children.size() == 1 ? std::string("input")
                                                   : absl::StrCat("input_", i);
    if (const std::string* keyword = argument.key.AsString()) {
      name = *keyword;
    } else if (i < argument_names.size()) {
      name = argument_names[i];
    }
    AppendNames(argument.value, name, &names);
  }
  return names;
}

}  // namespace flextorchir
