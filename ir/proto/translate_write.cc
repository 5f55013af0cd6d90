#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "flextorchir/ir/proto/translate.h"
#include "google/protobuf/repeated_field.h"

namespace flextorchir {
namespace {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;

template <typename T, typename Field>
void Numbers(const std::vector<T>& values, RepeatedField<Field>* field) {
  field->Add(values.begin(), values.end());
}

void ToMessage(const Attribute& attribute, proto::Attribute* message);

// Whether `list` is not empty and holds only attributes of this type.
bool HoldsOnly(const Attribute::List& list, Attribute::Type type) {
  for (const Attribute& element : list) {
    if (element.type() != type) return false;
  }
  return !list.empty();
}

void ToMessage(const Attribute::List& list, proto::Attribute* message) {
  if (HoldsOnly(list, Attribute::Type::kInt)) {
    proto::Attribute::Ints* ints = message->mutable_ints_value();
    for (const Attribute& element : list) ints->add_values(*element.AsInt());
  } else if (HoldsOnly(list, Attribute::Type::kFloat)) {
    proto::Attribute::Floats* floats = message->mutable_floats_value();
    for (const Attribute& element : list) {
      floats->add_values(*element.AsFloat());
    }
  } else {
    proto::Attribute::List* elements = message->mutable_list_value();
    for (const Attribute& element : list) {
      ToMessage(element, elements->add_elements());
    }
  }
}

void ToMessage(const Attribute& attribute, proto::Attribute* message) {
  switch (attribute.type()) {
    case Attribute::Type::kNone:
      message->mutable_none_value();
      break;
    case Attribute::Type::kBool:
      message->set_bool_value(*attribute.AsBool());
      break;
    case Attribute::Type::kInt:
      message->set_int_value(*attribute.AsInt());
      break;
    case Attribute::Type::kFloat:
      message->set_float_value(*attribute.AsFloat());
      break;
    case Attribute::Type::kComplex:
      message->mutable_complex_value()->set_real(attribute.AsComplex()->real());
      message->mutable_complex_value()->set_imaginary(
          attribute.AsComplex()->imag());
      break;
    case Attribute::Type::kString:
      message->set_string_value(*attribute.AsString());
      break;
    case Attribute::Type::kDType:
      message->set_dtype_value(static_cast<proto::DType>(*attribute.AsDType()));
      break;
    case Attribute::Type::kDim:
      message->set_dim_value(attribute.AsDim()->ToString());
      break;
    case Attribute::Type::kList:
      ToMessage(*attribute.AsList(), message);
      break;
  }
}

void ToMessage(const std::vector<Dim>& dims, RepeatedField<int64_t>* numbers,
               RepeatedPtrField<proto::SymbolicDim>* expressions) {
  for (size_t i = 0; i < dims.size(); ++i) {
    numbers->Add(dims[i].is_number() ? dims[i].number() : -1);
    if (dims[i].is_number()) continue;
    proto::SymbolicDim* symbolic = expressions->Add();
    symbolic->set_index(static_cast<uint32_t>(i));
    symbolic->set_expression(dims[i].ToString());
  }
}

void ToMessage(const TensorType& type, proto::TensorType* message) {
  message->set_dtype(static_cast<proto::DType>(type.dtype));
  ToMessage(type.shape, message->mutable_shape(),
            message->mutable_symbolic_shape());
  ToMessage(type.strides, message->mutable_strides(),
            message->mutable_symbolic_strides());
  if (!type.quantization.has_value()) return;
  const Quantization& from = *type.quantization;
  proto::Quantization* to = message->mutable_quantization();
  Numbers(from.scales, to->mutable_scales());
  Numbers(from.zero_points, to->mutable_zero_points());
  Numbers(from.float_zero_points, to->mutable_float_zero_points());
  if (from.axis.has_value()) to->set_axis(*from.axis);
}

void ToMessage(const Weights& weights, proto::Weights* message) {
  message->set_name(weights.name);
  for (const std::string& alias : weights.aliases) message->add_aliases(alias);
  message->set_role(static_cast<proto::Weights::Role>(weights.role));
  ToMessage(weights.type, message->mutable_type());
}

void ToMessage(const Value& value, proto::Value* message) {
  message->set_name(value.name);
  if (const TensorType* tensor = value.tensor()) {
    ToMessage(*tensor, message->mutable_tensor());
  } else {
    message->set_scalar(
        static_cast<proto::ScalarType>(std::get<ScalarType>(value.type)));
  }
  if (value.weights != kAbsent) message->set_weights(value.weights);
}

void ToMessage(const std::vector<Slot>& slots,
               RepeatedPtrField<proto::Slot>* messages) {
  for (const Slot& slot : slots) {
    proto::Slot* message = messages->Add();
    message->set_name(slot.name);
    if (slot.is_list) message->set_is_list(true);
    Numbers(slot.values, message->mutable_values());
  }
}

void ToMessage(const Source& source, proto::Source* message) {
  message->set_op(source.op);
  message->set_module_path(source.module_path);
  message->set_module_class(source.module_class);
  message->set_call_index(source.call_index);
  for (const Source::Frame& frame : source.frames) {
    proto::Source::Frame* to = message->add_frames();
    to->set_file(frame.file);
    to->set_line(frame.line);
    to->set_function(frame.function);
  }
}

void ToMessage(const Layer& layer, proto::Layer* message) {
  message->set_kind(layer.kind);
  message->set_name(layer.name);
  if (!layer.target.empty()) message->set_target(layer.target);
  ToMessage(layer.inputs, message->mutable_inputs());
  ToMessage(layer.outputs, message->mutable_outputs());
  for (const auto& [name, value] : layer.attributes) {
    proto::NamedAttribute* attribute = message->add_attributes();
    attribute->set_name(name);
    ToMessage(value, attribute->mutable_value());
  }
  for (const auto& [role, graph] : layer.bodies) {
    proto::Body* body = message->add_bodies();
    body->set_role(role);
    body->set_graph(graph);
  }
  for (const Source& source : layer.sources) {
    ToMessage(source, message->add_sources());
  }
}

void ToMessage(const Graph& graph, proto::Graph* message) {
  message->set_name(graph.name);
  Numbers(graph.inputs, message->mutable_inputs());
  Numbers(graph.outputs, message->mutable_outputs());
  for (const Value& value : graph.values) {
    ToMessage(value, message->add_values());
  }
  for (const Layer& layer : graph.layers) {
    ToMessage(layer, message->add_layers());
  }
}

void ToMessage(const Structure& structure, proto::Structure* message) {
  message->set_kind(static_cast<proto::Structure::Kind>(structure.kind));
  if (structure.kind == Structure::Kind::kLeaf) {
    message->set_leaf(structure.leaf);
  }
  if (!structure.constant.is_none()) {
    ToMessage(structure.constant, message->mutable_constant());
  }
  if (!structure.type_name.empty()) {
    message->set_type_name(structure.type_name);
  }
  for (const Structure::Child& child : structure.children) {
    proto::Structure* to = message->add_children();
    if (!child.key.is_none()) ToMessage(child.key, to->mutable_key());
    ToMessage(child.value, to);
  }
}

}  // namespace

void ModelToMessage(const Model& model,
                    const std::optional<WeightsFileRef>& weights_file,
                    proto::Model* message) {
  message->set_format_version(LowestFormatVersion(model));
  message->set_layer_set_version(model.layer_set_version);
  message->set_name(model.name);
  if (!model.producer.empty()) message->set_producer(model.producer);
  for (const auto& [name, value] : model.metadata) {
    proto::Metadata* metadata = message->add_metadata();
    metadata->set_name(name);
    metadata->set_value(value);
  }
  for (const Symbol& symbol : model.symbols) {
    proto::Symbol* to = message->add_symbols();
    to->set_name(symbol.name);
    if (symbol.min.has_value()) to->set_min(*symbol.min);
    if (symbol.max.has_value()) to->set_max(*symbol.max);
  }
  for (const Weights& weights : model.weights) {
    ToMessage(weights, message->add_weights());
  }
  if (weights_file.has_value()) {
    proto::WeightsFile* file = message->mutable_weights_file();
    file->set_name(weights_file->name);
    file->set_size(weights_file->size);
    file->set_hash(weights_file->hash);
  }
  for (const Graph& graph : model.graphs) {
    ToMessage(graph, message->add_graphs());
  }
  ToMessage(model.inputs, message->mutable_inputs());
  ToMessage(model.outputs, message->mutable_outputs());
  for (const StateOutput& state : model.state_outputs) {
    proto::StateOutput* to = message->add_state_outputs();
    if (state.weights != kAbsent) to->set_weights(state.weights);
    if (state.input != kAbsent) to->set_input(state.input);
  }
}

}  // namespace flextorchir
