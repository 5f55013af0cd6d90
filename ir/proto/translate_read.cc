#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flextorchir/ir/proto/translate.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_field.h"
#include "google/protobuf/unknown_field_set.h"

namespace flextorchir {
namespace {

using google::protobuf::RepeatedField;
using google::protobuf::RepeatedPtrField;

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
