#include "flextorchir/ir/proto/translate.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/unknown_field_set.h"

namespace flextorchir {
namespace {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;

// To messages.

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

// From messages.

class Reader {
 public:
  explicit Reader(FileErrors* errors) : errors_(errors) {}

  void Read(const proto::Model& from, Model* to);
  void Read(const proto::WeightsFile& from, WeightsFileRef* to);

 private:
  // Whatever is in the file and not in the schema has a meaning that a reader
  // of this version does not know.
  template <typename Message>
  void CheckKnown(const Message& message) {
    if (message.unknown_fields().empty()) return;
    AddUnknown(Message::descriptor()->name(), message.unknown_fields());
  }
  void AddUnknown(absl::string_view message,
                  const google::protobuf::UnknownFieldSet& fields) {
    const google::protobuf::UnknownField& field = fields.field(0);
    std::string value;
    if (field.type() == google::protobuf::UnknownField::TYPE_VARINT) {
      value = absl::StrCat(" (", field.varint(), ")");
    }
    errors_->Add(absl::StrCat(message, " has field ", field.number(), value,
                              ", which means nothing in this version"));
  }

  // An absent field that a reader cannot do without.
  void CheckPresent(bool present, const char* what) {
    if (!present) errors_->Add(absl::StrCat("there is no ", what));
  }

  template <typename Message, typename T>
  void ReadAll(const char* field, const RepeatedPtrField<Message>& from,
               std::vector<T>* to) {
    to->resize(from.size());
    for (int i = 0; i < from.size() && errors_->empty(); ++i) {
      const FileErrors::Scope scope(errors_, field, i);
      Read(from[i], &(*to)[i]);
    }
  }

  void Read(const proto::Symbol& from, Symbol* to);
  void Read(const proto::Weights& from, Weights* to);
  void Read(const proto::TensorType& from, TensorType* to);
  void ReadDims(const RepeatedField<int64_t>& numbers,
                const RepeatedPtrField<proto::SymbolicDim>& expressions,
                std::vector<Dim>* to);
  void Read(const proto::Graph& from, Graph* to);
  void Read(const proto::Value& from, Value* to);
  void Read(const proto::Layer& from, Layer* to);
  void Read(const proto::Slot& from, Slot* to);
  void Read(const proto::Source& from, Source* to);
  void Read(const proto::Source::Frame& from, Source::Frame* to);
  // `depth`: of the lists around it.
  void Read(const proto::Attribute& from, Attribute* to, int depth = 0);
  // `depth`: of the structures around it.
  void Read(const proto::Structure& from, Structure* to, int depth = 0);
  void Read(const proto::StateOutput& from, StateOutput* to);

  FileErrors* errors_;
};

template <typename T, typename Field>
std::vector<T> Vector(const RepeatedField<Field>& field) {
  return std::vector<T>(field.begin(), field.end());
}

void Reader::Read(const proto::Model& from, Model* to) {
  CheckKnown(from);
  to->format_version = from.format_version();
  to->layer_set_version = from.layer_set_version();
  to->name = from.name();
  to->producer = from.producer();
  for (int i = 0; i < from.metadata_size(); ++i) {
    const FileErrors::Scope scope(errors_, "metadata", i);
    CheckKnown(from.metadata(i));
    *errors_->Insert(from.metadata(i).name(), &to->metadata) =
        from.metadata(i).value();
  }
  ReadAll("symbols", from.symbols(), &to->symbols);
  ReadAll("weights", from.weights(), &to->weights);
  ReadAll("graphs", from.graphs(), &to->graphs);
  Read(from.inputs(), &to->inputs);
  Read(from.outputs(), &to->outputs);
  ReadAll("state_outputs", from.state_outputs(), &to->state_outputs);
}

void Reader::Read(const proto::WeightsFile& from, WeightsFileRef* to) {
  CheckKnown(from);
  to->name = from.name();
  to->size = from.size();
  to->hash = from.hash();
}

void Reader::Read(const proto::Symbol& from, Symbol* to) {
  CheckKnown(from);
  to->name = from.name();
  if (from.has_min()) to->min = from.min();
  if (from.has_max()) to->max = from.max();
}

void Reader::Read(const proto::Weights& from, Weights* to) {
  CheckKnown(from);
  CheckPresent(from.has_role(), "role");
  CheckPresent(from.has_type(), "type");
  to->name = from.name();
  to->aliases.assign(from.aliases().begin(), from.aliases().end());
  to->role = errors_->FromCode<Weights::Role>(from.role(), kNumRoles, "role");
  Read(from.type(), &to->type);
}

void Reader::Read(const proto::TensorType& from, TensorType* to) {
  CheckKnown(from);
  CheckPresent(from.has_dtype(), "dtype");
  to->dtype = errors_->DTypeOfCode(from.dtype());
  ReadDims(from.shape(), from.symbolic_shape(), &to->shape);
  ReadDims(from.strides(), from.symbolic_strides(), &to->strides);
  if (!from.has_quantization()) return;
  const proto::Quantization& quantization = from.quantization();
  CheckKnown(quantization);
  to->quantization.emplace();
  to->quantization->scales = Vector<double>(quantization.scales());
  to->quantization->zero_points = Vector<int64_t>(quantization.zero_points());
  to->quantization->float_zero_points =
      Vector<double>(quantization.float_zero_points());
  if (quantization.has_axis()) to->quantization->axis = quantization.axis();
}

void Reader::ReadDims(const RepeatedField<int64_t>& numbers,
                      const RepeatedPtrField<proto::SymbolicDim>& expressions,
                      std::vector<Dim>* to) {
  *to = Vector<Dim>(numbers);
  for (const proto::SymbolicDim& symbolic : expressions) {
    CheckKnown(symbolic);
    errors_->SetSymbolicDim(symbolic.index(), symbolic.expression(), to);
  }
}

void Reader::Read(const proto::Graph& from, Graph* to) {
  CheckKnown(from);
  to->name = from.name();
  to->inputs = Vector<ValueId>(from.inputs());
  to->outputs = Vector<ValueId>(from.outputs());
  ReadAll("values", from.values(), &to->values);
  ReadAll("layers", from.layers(), &to->layers);
}

void Reader::Read(const proto::Value& from, Value* to) {
  CheckKnown(from);
  to->name = from.name();
  switch (from.type_case()) {
    case proto::Value::kTensor:
      Read(from.tensor(), &to->type.emplace<TensorType>());
      break;
    case proto::Value::kScalar:
      to->type = errors_->FromCode<ScalarType>(from.scalar(), kNumScalarTypes,
                                               "type of scalars");
      break;
    case proto::Value::TYPE_NOT_SET:
      CheckPresent(false, "type");
      break;
  }
  to->weights = from.weights();
}

void Reader::Read(const proto::Layer& from, Layer* to) {
  CheckKnown(from);
  to->kind = from.kind();
  to->name = from.name();
  to->target = from.target();
  ReadAll("inputs", from.inputs(), &to->inputs);
  ReadAll("outputs", from.outputs(), &to->outputs);
  for (int i = 0; i < from.attributes_size(); ++i) {
    const FileErrors::Scope scope(errors_, "attributes", i);
    CheckKnown(from.attributes(i));
    Read(from.attributes(i).value(),
         errors_->Insert(from.attributes(i).name(), &to->attributes));
  }
  for (int i = 0; i < from.bodies_size(); ++i) {
    const FileErrors::Scope scope(errors_, "bodies", i);
    CheckKnown(from.bodies(i));
    *errors_->Insert(from.bodies(i).role(), &to->bodies) =
        from.bodies(i).graph();
  }
  ReadAll("sources", from.sources(), &to->sources);
}

void Reader::Read(const proto::Slot& from, Slot* to) {
  CheckKnown(from);
  to->name = from.name();
  to->is_list = from.is_list();
  to->values = Vector<ValueId>(from.values());
}

void Reader::Read(const proto::Source& from, Source* to) {
  CheckKnown(from);
  to->op = from.op();
  to->module_path = from.module_path();
  to->module_class = from.module_class();
  to->call_index = from.call_index();
  ReadAll("frames", from.frames(), &to->frames);
}

void Reader::Read(const proto::Source::Frame& from, Source::Frame* to) {
  CheckKnown(from);
  to->file = from.file();
  to->line = from.line();
  to->function = from.function();
}

void Reader::Read(const proto::Attribute& from, Attribute* to, int depth) {
  CheckKnown(from);
  switch (from.value_case()) {
    case proto::Attribute::kBoolValue:
      *to = from.bool_value();
      break;
    case proto::Attribute::kIntValue:
      *to = int64_t{from.int_value()};
      break;
    case proto::Attribute::kFloatValue:
      *to = from.float_value();
      break;
    case proto::Attribute::kComplexValue:
      CheckKnown(from.complex_value());
      *to = Attribute::Complex(from.complex_value().real(),
                               from.complex_value().imaginary());
      break;
    case proto::Attribute::kStringValue:
      *to = from.string_value();
      break;
    case proto::Attribute::kDtypeValue:
      *to = errors_->DTypeOfCode(from.dtype_value());
      break;
    case proto::Attribute::kDimValue:
      *to = errors_->DimOfText(from.dim_value());
      break;
    case proto::Attribute::kListValue: {
      CheckKnown(from.list_value());
      if (depth == Attribute::kMaxDepth) {
        errors_->Add("lists are nested too deep");
        break;
      }
      Attribute::List list(from.list_value().elements_size());
      for (size_t i = 0; i < list.size() && errors_->empty(); ++i) {
        const FileErrors::Scope scope(errors_, "elements", i);
        Read(from.list_value().elements(static_cast<int>(i)), &list[i],
             depth + 1);
      }
      *to = std::move(list);
      break;
    }
    case proto::Attribute::kIntsValue:
      CheckKnown(from.ints_value());
      *to = Attribute::Ints(Vector<int64_t>(from.ints_value().values()));
      break;
    case proto::Attribute::kFloatsValue:
      CheckKnown(from.floats_value());
      *to = Attribute::Floats(Vector<double>(from.floats_value().values()));
      break;
    case proto::Attribute::kNoneValue:
      CheckKnown(from.none_value());
      break;
    case proto::Attribute::VALUE_NOT_SET:
      CheckPresent(false, "value");
      break;
  }
}

void Reader::Read(const proto::Structure& from, Structure* to, int depth) {
  CheckKnown(from);
  CheckPresent(from.has_kind(), "kind of structure");
  to->kind = errors_->FromCode<Structure::Kind>(from.kind(), kNumStructureKinds,
                                                "kind of structure");
  to->leaf = from.leaf();
  if (from.has_constant()) Read(from.constant(), &to->constant);
  to->type_name = from.type_name();
  if (depth == Structure::kMaxDepth && from.children_size() > 0) {
    errors_->Add("structures are nested too deep");
    return;
  }
  to->children.resize(from.children_size());
  for (int i = 0; i < from.children_size() && errors_->empty(); ++i) {
    const FileErrors::Scope scope(errors_, "children", i);
    Structure::Child& child = to->children[i];
    if (from.children(i).has_key()) Read(from.children(i).key(), &child.key);
    Read(from.children(i), &child.value, depth + 1);
  }
}

void Reader::Read(const proto::StateOutput& from, StateOutput* to) {
  CheckKnown(from);
  to->weights = from.weights();
  to->input = from.input();
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

void ModelFromMessage(const proto::Model& message, Model* model,
                      std::optional<WeightsFileRef>* weights_file,
                      FileErrors* errors) {
  Reader reader(errors);
  reader.Read(message, model);
  if (message.has_weights_file()) {
    reader.Read(message.weights_file(), &weights_file->emplace());
  }
}

}  // namespace flextorchir
