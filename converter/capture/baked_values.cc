#include "flextorchir/converter/capture/baked_values.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

using Cause = FunctionalGraph::Read::Cause;

}  // namespace

absl::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kInput:
      return "the model's inputs";
    case Cause::kRandom:
      return "a random number";
    case Cause::kState:
      return "state that the model changes";
    case Cause::kConstants:
      break;
  }
  return "constants";
}

void ReportBakedValues(GraphBuilder& builder, const StorageVersions& versions,
                       const std::vector<int32_t>& state,
                       const std::vector<ValueRead>& reads) {
  if (reads.empty()) return;
  const Trace& trace = builder.trace();
  std::vector<Cause> causes(builder.graph().values.size(), Cause::kConstants);
  for (ValueId input : builder.graph().inputs) causes[input] = Cause::kInput;
  for (int32_t external : state) {
    const ValueId value = versions.external_value(external);
    if (value != kAbsent)
      causes[value] = std::max(causes[value], Cause::kState);
  }
  for (size_t i = 0; i < builder.graph().layers.size(); ++i) {
    const Layer& layer = builder.graph().layers[i];
    const int32_t call = builder.out().origins[i].call;
    Cause cause = call != kAbsent && trace.calls[call].info->random
                      ? Cause::kRandom
                      : Cause::kConstants;
    for (const Slot& slot : layer.inputs) {
      for (ValueId value : slot.values) {
        if (value != kAbsent) cause = std::max(cause, causes[value]);
      }
    }
    for (const Slot& slot : layer.outputs) {
      for (ValueId value : slot.values) {
        if (value != kAbsent) causes[value] = cause;
      }
    }
  }
  std::vector<FunctionalGraph::Read>& rows = builder.out().reads;
  for (const ValueRead& read : reads) {  // one row a call
    if (rows.empty() || rows.back().call != read.call) {
      rows.push_back({read.call, Cause::kConstants});
    }
    rows.back().cause = std::max(rows.back().cause, causes[read.value]);
  }
  for (const FunctionalGraph::Read& read : rows) {
    if (read.cause == Cause::kConstants) continue;
    const std::string& op = trace.calls[read.call].info->name;
    const bool branch = op == "aten::is_nonzero";
    builder.WarnAt(
        read.call, Report::Severity::kWarning, "baked-value",
        absl::StrCat(op, " reads a value that depends on ",
                     CauseName(read.cause),
                     branch ? ": the branch that was taken"
                            : ": what the program did with it",
                     " is part of the graph, and will not follow other "
                     "values"));
  }
}

}  // namespace flextorchir
