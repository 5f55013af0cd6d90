#ifndef FLEXTORCHIR_CONVERTER_CAPTURE_OPERATOR_INFO_H_
#define FLEXTORCHIR_CONVERTER_CAPTURE_OPERATOR_INFO_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/core/function_schema.h"

namespace flextorchir {

// What the capture needs to know of an operator, worked out once.
struct OperatorInfo {
  c10::OperatorHandle handle;
  const c10::FunctionSchema* schema;
  std::string name;  // "aten::add.Tensor"

  // Arguments (by number) that the schema marks as written.
  std::vector<int32_t> writes;
  // Writes that the schema keeps silent about happen if this boolean argument
  // is true (batch norm in training mode), to these arguments.
  int32_t silent_write_flag = -1;
  std::vector<int32_t> silent_writes;

  bool is_aten = false;
  bool allocates_only = false;     // aten::empty and its like
  bool overwrites_self = false;    // old content does not matter (fill_, ...)
  bool changes_view_only = false;  // tagged inplace_view: t_, squeeze_, ...
  bool random = false;             // tagged nondeterministic_seeded
  bool has_autocast_kernel = false;
  // It packs tensors into an object; those that take the object have the
  // tensors in its place.
  bool packs = false;
  // What it does within vmap is another call of it (random operators).
  bool has_vmap_mode_kernel = false;
  // It takes tensors, but hands only numbers to the program, which may go
  // anywhere: aten::item and its like, and any such operator of the user's.
  bool reads_value = false;
  // It computes nothing that a graph could hold: it tells sizes and other
  // metadata (aten::size), or returns nothing and writes nothing.
  bool no_layer = false;

  // Whether the call gives argument number `i` new content without looking at
  // the old one.
  bool Overwrites(size_t i) const {
    return (overwrites_self && i == 0) ||
           (!writes.empty() && schema->arguments()[i].is_out());
  }

  static OperatorInfo Make(const c10::OperatorHandle& handle);
};

// The operator that computes what `info` writes without writing, with the same
// arguments (without those that only receive a result): relu_ -> relu,
// add.out -> add.Tensor. Its results are the new contents of the arguments in
// `writes`, in order. Nothing if there is none.
struct FunctionalTwin {
  std::string name;
  const c10::FunctionSchema* schema;
  // The arguments of `info` that it takes, in its own order.
  std::vector<int32_t> arguments;
};
std::optional<FunctionalTwin> FindFunctionalTwin(const OperatorInfo& info);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_CONVERTER_CAPTURE_OPERATOR_INFO_H_
