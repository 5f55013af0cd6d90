#include "compiler/acme_serializer.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/weights_file.h"
#include "google/protobuf/text_format.h"
#include "ir/graph.h"
#include "ir/proto/ir.pb.h"

namespace acme {
namespace {

// What the accelerator has instructions for.
constexpr absl::string_view kKinds[] = {
    "AdaptiveAvgPool2d", "Add",     "AvgPool2d", "BatchNorm2d", "Cat", "Conv2d",
    "Dropout",           "Flatten", "Linear",    "MaxPool2d",   "Mul", "ReLU",
};

// FlexTorchIR's graph as Acme's: a register for each value, an instruction for
// each layer. A kind without an instruction becomes a call to the host, so that
// one look at the program tells what is left to do.
Graph Lower(const flextorchir::Model& model) {
  const flextorchir::Graph& main = model.main();
  Graph graph;
  graph.name = model.name;
  graph.registers = static_cast<int>(main.values.size());
  graph.arguments.assign(main.inputs.begin(), main.inputs.end());
  graph.results.assign(main.outputs.begin(), main.outputs.end());
  for (int i = 0; i < graph.registers; ++i) {
    const int weights = main.values[i].weights;
    if (weights != flextorchir::kAbsent) {
      graph.constants[i] = model.weights[weights].name;
    }
  }
  for (const flextorchir::Layer& layer : main.layers) {
    Instruction instruction;
    const bool known = std::find(std::begin(kKinds), std::end(kKinds),
                                 layer.kind) != std::end(kKinds);
    instruction.opcode =
        known ? absl::AsciiStrToUpper(layer.kind)
              : absl::StrCat("HOST ", layer.kind == "Placeholder" ? layer.target
                                                                  : layer.kind);
    for (const flextorchir::Slot& slot : layer.outputs) {
      instruction.results.insert(instruction.results.end(), slot.values.begin(),
                                 slot.values.end());
    }
    for (const flextorchir::Slot& slot : layer.inputs) {
      instruction.operands.insert(instruction.operands.end(),
                                  slot.values.begin(), slot.values.end());
    }
    for (const auto& [name, attribute] : layer.attributes) {
      instruction.immediates[name] = attribute.ToString();
    }
    instruction.comment = layer.name;
    graph.instructions.push_back(std::move(instruction));
  }
  return graph;
}

ir::Program ToProto(const Graph& graph) {
  ir::Program program;
  program.set_name(graph.name);
  program.set_registers(graph.registers);
  program.mutable_arguments()->Assign(graph.arguments.begin(),
                                      graph.arguments.end());
  program.mutable_constants()->insert(graph.constants.begin(),
                                      graph.constants.end());
  for (const Instruction& instruction : graph.instructions) {
    ir::Instruction& out = *program.add_instructions();
    out.set_opcode(instruction.opcode);
    out.mutable_results()->Assign(instruction.results.begin(),
                                  instruction.results.end());
    out.mutable_operands()->Assign(instruction.operands.begin(),
                                   instruction.operands.end());
    out.mutable_immediates()->insert(instruction.immediates.begin(),
                                     instruction.immediates.end());
    out.set_comment(instruction.comment);
  }
  program.mutable_results()->Assign(graph.results.begin(), graph.results.end());
  return program;
}

class AcmeSerializer : public flextorchir::Serializer {
 public:
  absl::string_view name() const override { return "acme"; }
  absl::string_view extension() const override { return "acme"; }
  absl::string_view description() const override {
    return "a program for Acme's accelerator";
  }

  absl::Status CheckLayer(const flextorchir::Model&, const flextorchir::Graph&,
                          const flextorchir::Layer& layer) const override {
    if (std::find(std::begin(kKinds), std::end(kKinds), layer.kind) !=
        std::end(kKinds)) {
      return absl::OkStatus();
    }
    return absl::UnimplementedError("runs on the host");
  }

  absl::Status Write(const flextorchir::Model& model, absl::string_view stem,
                     const flextorchir::SerializeOptions& options,
                     flextorchir::Sink& sink) const override {
    if (options.weights ==
        flextorchir::SerializeOptions::WeightsPlace::kInline) {
      return absl::UnimplementedError(
          "acme keeps weights beside the program: use --weights=external");
    }
    if (!options.weights_file.has_value()) {
      const absl::StatusOr<flextorchir::WeightsFileRef> weights =
          flextorchir::WriteSafetensors(
              model.weights, absl::StrCat(stem, ".safetensors"), {}, sink);
      if (!weights.ok()) return weights.status();
    }
    std::string text;
    if (!google::protobuf::TextFormat::PrintToString(ToProto(Lower(model)),
                                                     &text)) {
      return absl::InternalError("cannot print the program");
    }
    const absl::StatusOr<flextorchir::Sink::File*> file =
        sink.Create(absl::StrCat(stem, ".acme"));
    if (!file.ok()) return file.status();
    return (*file)->Append(text);
  }
};

}  // namespace

std::unique_ptr<flextorchir::Serializer> NewAcmeSerializer() {
  return std::make_unique<AcmeSerializer>();
}

}  // namespace acme
