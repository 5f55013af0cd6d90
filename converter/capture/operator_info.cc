#include "flextorchir/converter/capture/operator_info.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/packed_arguments.h"

namespace flextorchir {
namespace {

// Their result is memory that was not filled.
constexpr absl::string_view kAllocators[] = {
    "aten::empty",     "aten::empty_like",     "aten::empty_strided",
    "aten::new_empty", "aten::empty_permuted", "aten::new_empty_strided",
};

// They write `self` without reading it.
constexpr absl::string_view kOverwriters[] = {
    "aten::fill_",      "aten::zero_",        "aten::copy_",
    "aten::normal_",    "aten::uniform_",     "aten::bernoulli_",
    "aten::random_",    "aten::exponential_", "aten::cauchy_",
    "aten::geometric_", "aten::log_normal_",
};

// Of torch's own operators that return numbers, those whose numbers depend on
// what is in the tensor; all others tell sizes and the like.
constexpr absl::string_view kValueReaders[] = {
    "aten::item",     "aten::_local_scalar_dense",
    "aten::equal",    "aten::_choose_qparams_per_tensor",
    "prims::item",    "aten::_nested_tensor_from_mask_left_aligned",
    "aten::_nnz",     "aten::is_nonzero",
    "aten::allclose",
};

// Operators whose functional twin has a name of its own.
struct NamedTwin {
  absl::string_view op;
  absl::string_view twin;
};
constexpr NamedTwin kNamedTwins[] = {
    {"aten::normal_", "aten::normal_functional"},
    {"aten::__iand__", "aten::__and__"},
    {"aten::__ior__", "aten::__or__"},
    {"aten::__ixor__", "aten::__xor__"},
    {"aten::__ilshift__", "aten::__lshift__"},
    {"aten::__irshift__", "aten::__rshift__"},
};

template <size_t n>
bool Contains(const absl::string_view (&names)[n], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool HoldsTensor(const c10::Type& type) {
  if (type.kind() == c10::TypeKind::TensorType) return true;
  for (const c10::TypePtr& inner : type.containedTypes()) {
    if (HoldsTensor(*inner)) return true;
  }
  return false;
}

bool HoldsTensor(const std::vector<c10::Argument>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const c10::Argument& argument) {
                       return HoldsTensor(*argument.type());
                     });
}

// Whether `candidate` is a functional operator over exactly the arguments of
// `schema`, without those of `without`.
bool TakesTheSame(const c10::FunctionSchema& schema,
                  const std::vector<int32_t>& without,
                  const c10::FunctionSchema& candidate,
                  std::vector<int32_t>* arguments) {
  arguments->clear();
  for (const c10::Argument& argument : candidate.arguments()) {
    if (IsWritten(argument)) return false;
    int32_t found = -1;
    for (size_t i = 0; i < schema.arguments().size(); ++i) {
      const c10::Argument& own = schema.arguments()[i];
      if (own.name() != argument.name()) continue;
      if (*own.type() != *argument.type()) return false;
      found = static_cast<int32_t>(i);
    }
    if (found < 0 || std::count(without.begin(), without.end(), found) > 0) {
      return false;
    }
    arguments->push_back(found);
  }
  return arguments->size() + without.size() == schema.arguments().size();
}

}  // namespace

OperatorInfo OperatorInfo::Make(const c10::OperatorHandle& handle) {
  const c10::FunctionSchema& schema = handle.schema();
  const c10::OperatorName& name = schema.operator_name();
  OperatorWrites writes = FindOperatorWrites(schema);
  OperatorInfo info{handle,
                    &schema,
                    c10::toString(name),
                    std::move(writes.marked),
                    writes.silent_flag,
                    std::move(writes.silent)};
  info.is_aten = absl::StartsWith(name.name, "aten::") ||
                 absl::StartsWith(name.name, "prims::");
  info.allocates_only = Contains(kAllocators, name.name) && info.writes.empty();
  info.overwrites_self = Contains(kOverwriters, name.name);
  const bool computes = !info.writes.empty() || schema.is_vararg() ||
                        schema.is_varret() || HoldsTensor(schema.returns());
  info.packs = IsPacker(schema);
  info.reads_value = !computes && !info.packs &&
                     HoldsTensor(schema.arguments()) &&
                     (info.is_aten ? Contains(kValueReaders, name.name)
                                   : !schema.returns().empty());
  info.no_layer =
      !computes && (info.is_aten || absl::StartsWith(name.name, "profiler::"));
  info.changes_view_only = handle.hasTag(at::Tag::inplace_view);
  info.random = handle.hasTag(at::Tag::nondeterministic_seeded);
  info.has_autocast_kernel =
      handle.hasKernelForDispatchKey(c10::DispatchKey::AutocastCPU);
  info.has_vmap_mode_kernel =
      handle.hasKernelForDispatchKey(c10::DispatchKey::FuncTorchVmapMode);
  return info;
}

std::optional<FunctionalTwin> FindFunctionalTwin(const OperatorInfo& info) {
  const c10::FunctionSchema& schema = *info.schema;
  // In-place form: the name ends in an underscore, `self` is both read and
  // written. Out form: the written arguments are only written.
  std::string base = schema.name();
  bool in_place = false;
  for (const NamedTwin& named : kNamedTwins) {
    if (named.op != base) continue;
    base = std::string(named.twin);
    in_place = true;
    break;
  }
  if (!in_place && absl::EndsWith(base, "_") && !absl::EndsWith(base, "__")) {
    base.pop_back();
    in_place = true;
  }
  if (in_place && (info.writes.size() != 1 || info.writes[0] != 0)) {
    return std::nullopt;
  }
  const std::vector<int32_t> without =
      in_place ? std::vector<int32_t>() : info.writes;

  auto& dispatcher = c10::Dispatcher::singleton();
  const auto consider =
      [&](const std::string& overload) -> std::optional<FunctionalTwin> {
    const c10::OperatorName name(base, overload);
    const auto handle = dispatcher.findSchema(name);
    if (!handle.has_value()) return std::nullopt;
    FunctionalTwin twin{c10::toString(name), &handle->schema(), {}};
    if (twin.schema->returns().size() != info.writes.size() ||
        !TakesTheSame(schema, without, *twin.schema, &twin.arguments)) {
      return std::nullopt;
    }
    return twin;
  };
  // In-place overloads mostly have the twin's name; out= overloads are called
  // "out", "dim_out", "Tensor_out", ... Else it is the overload that takes the
  // same.
  absl::string_view overload = schema.overload_name();
  if (!in_place && absl::ConsumeSuffix(&overload, "out")) {
    absl::ConsumeSuffix(&overload, "_");
  }
  if (auto twin = consider(std::string(overload))) return twin;
  for (const c10::OperatorName& name : dispatcher.getAllOpNames()) {
    if (name.name != base) continue;
    if (auto twin = consider(name.overload_name)) return twin;
  }
  return std::nullopt;
}

}  // namespace flextorchir
