#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "flextorchir/ir/flatbuffers/translate.h"

namespace flextorchir {
namespace {

using flatbuffers::Offset;
using flatbuffers::String;
using flatbuffers::uoffset_t;
using flatbuffers::Vector;
using flatbuffers::voffset_t;

// Tables, vectors and strings may be shared within a file, so that a small one
// can stand for very much: what is copied out of it has a bound.
uint64_t CopyBudget(size_t file_size) {
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  return 64 * kMiB + 32 * std::min<uint64_t>(file_size, 64 * kMiB);
}

class Reader {
 public:
  Reader(size_t file_size, const std::shared_ptr<const void>& owner,
         FileErrors* errors)
      : budget_(CopyBudget(file_size)), owner_(owner), errors_(errors) {}

  void Read(const fbs::Model& from, Model* to,
            std::optional<WeightsFileRef>* weights_file,
            std::vector<Bytes>* inline_weights);

 private:
  // Whatever is in the file and not in the schema has a meaning that a reader
  // of this version does not know. `last` is the last field of the schema.
  template <typename Table>
  void CheckKnown(const Table& table, voffset_t last) {
    // As generated code does it; the base is private.
    const uint8_t* vtable =
        reinterpret_cast<const flatbuffers::Table*>(&table)->GetVTable();
    const auto size = flatbuffers::ReadScalar<voffset_t>(vtable);
    for (uint32_t field = last + 2; field + 2 <= size; field += 2) {
      if (flatbuffers::ReadScalar<voffset_t>(vtable + field) == 0) continue;
      errors_->Add(absl::StrCat("a table has field ", (field - 4) / 2,
                                ", which means nothing in this version"));
      return;
    }
  }

  // False for a table that is absent though a reader cannot do without.
  bool CheckPresent(const void* table, const char* what) {
    if (table == nullptr) errors_->Add(absl::StrCat("there is no ", what));
    return table != nullptr;
  }

  bool Charge(uint64_t bytes) {
    if (bytes > budget_) {
      errors_->Add("the file repeats the same content over and over");
      return false;
    }
    budget_ -= bytes;
    return true;
  }

  absl::string_view View(const String* text) {
    if (text == nullptr || !Charge(text->size())) return "";
    return absl::string_view(text->c_str(), text->size());
  }
  std::string Text(const String* text) { return std::string(View(text)); }

  template <typename T, typename Field>
  std::vector<T> Numbers(const Vector<Field>* numbers) {
    if (numbers == nullptr || !Charge(numbers->size() * sizeof(T))) return {};
    // The library's verifier looks at the vector, not at its elements.
    if (reinterpret_cast<uintptr_t>(numbers->Data()) % sizeof(Field) != 0) {
      errors_->Add("numbers are not aligned");
      return {};
    }
    return std::vector<T>(numbers->begin(), numbers->end());
  }

  template <typename Table, typename Function>
  void ForEach(const char* field, const Vector<Offset<Table>>* tables,
               Function function) {
    const uoffset_t size = tables == nullptr ? 0 : tables->size();
    for (uoffset_t i = 0; i < size && errors_->empty(); ++i) {
      const FileErrors::Scope scope(errors_, field, i);
      function(*tables->Get(i));
    }
  }

  template <typename Table, typename T>
  void ReadAll(const char* field, const Vector<Offset<Table>>* from,
               std::vector<T>* to) {
    if (from != nullptr) to->reserve(from->size());
    ForEach(field, from, [this, to](const Table& table) {
      Read(table, &to->emplace_back());
    });
  }

  void Read(const fbs::WeightsFile& from, WeightsFileRef* to);
  void Read(const fbs::Symbol& from, Symbol* to);
  void Read(const fbs::Weights& from, Weights* to);
  void Read(const fbs::TensorType& from, TensorType* to);
  std::vector<Dim> ReadDims(const Vector<int64_t>* numbers,
                            const Vector<Offset<fbs::SymbolicDim>>* symbolic);
  void Read(const fbs::Graph& from, Graph* to);
  void Read(const fbs::Value& from, Value* to);
  void Read(const fbs::Layer& from, Layer* to);
  void Read(const fbs::Slot& from, Slot* to);
  void Read(const fbs::Source& from, Source* to);
  void Read(const fbs::Frame& from, Source::Frame* to);
  // `depth`: of the lists around it.
  void Read(const fbs::Attribute& from, Attribute* to, int depth = 0);
  // `depth`: of the structures around it.
  void Read(const fbs::Structure& from, Structure* to, int depth = 0);
  void Read(const fbs::StateOutput& from, StateOutput* to);

  uint64_t budget_;
  const std::shared_ptr<const void>& owner_;
  FileErrors* errors_;
};

template <typename T>
std::optional<T> FromOptional(const flatbuffers::Optional<T>& value) {
  if (!value.has_value()) return std::nullopt;
  return *value;
}

void Reader::Read(const fbs::Model& from, Model* to,
                  std::optional<WeightsFileRef>* weights_file,
                  std::vector<Bytes>* inline_weights) {
  CheckKnown(from, fbs::Model::VT_STATE_OUTPUTS);
  to->format_version = from.format_version();
  to->layer_set_version = from.layer_set_version();
  to->name = Text(from.name());
  to->producer = Text(from.producer());
  ForEach("metadata", from.metadata(), [&](const fbs::Metadata& entry) {
    CheckKnown(entry, fbs::Metadata::VT_VALUE);
    *errors_->Insert(Text(entry.name()), &to->metadata) = Text(entry.value());
  });
  ReadAll("symbols", from.symbols(), &to->symbols);
  ReadAll("weights", from.weights(), &to->weights);
  bool has_data = false;
  ForEach("weights", from.weights(), [&](const fbs::Weights& weights) {
    const Vector<uint8_t>* data = weights.data();
    has_data |= data != nullptr;
    inline_weights->push_back(
        data == nullptr ? Bytes()
                        : Bytes(absl::string_view(
                                    reinterpret_cast<const char*>(data->data()),
                                    data->size()),
                                owner_));
  });
  if (!has_data) inline_weights->clear();
  if (from.weights_file() != nullptr) {
    Read(*from.weights_file(), &weights_file->emplace());
  }
  ReadAll("graphs", from.graphs(), &to->graphs);
  if (CheckPresent(from.inputs(), "structure of the inputs")) {
    Read(*from.inputs(), &to->inputs);
  }
  if (CheckPresent(from.outputs(), "structure of the outputs")) {
    Read(*from.outputs(), &to->outputs);
  }
  ReadAll("state_outputs", from.state_outputs(), &to->state_outputs);
}

void Reader::Read(const fbs::WeightsFile& from, WeightsFileRef* to) {
  CheckKnown(from, fbs::WeightsFile::VT_HASH);
  to->name = Text(from.name());
  to->size = from.size();
  to->hash = from.hash();
}

void Reader::Read(const fbs::Symbol& from, Symbol* to) {
  CheckKnown(from, fbs::Symbol::VT_MAX);
  to->name = Text(from.name());
  to->min = FromOptional(from.min());
  to->max = FromOptional(from.max());
}

void Reader::Read(const fbs::Weights& from, Weights* to) {
  CheckKnown(from, fbs::Weights::VT_DATA);
  to->name = Text(from.name());
  ForEach("aliases", from.aliases(), [&](const fbs::Alias& alias) {
    CheckKnown(alias, fbs::Alias::VT_NAME);
    to->aliases.push_back(Text(alias.name()));
  });
  to->role = errors_->FromCode<Weights::Role>(static_cast<int>(from.role()),
                                              kNumRoles, "role");
  if (CheckPresent(from.type(), "type")) Read(*from.type(), &to->type);
}

void Reader::Read(const fbs::TensorType& from, TensorType* to) {
  CheckKnown(from, fbs::TensorType::VT_QUANTIZATION);
  to->dtype = errors_->DTypeOfCode(static_cast<int>(from.dtype()));
  to->shape = ReadDims(from.shape(), from.symbolic_shape());
  to->strides = ReadDims(from.strides(), from.symbolic_strides());
  const fbs::Quantization* quantization = from.quantization();
  if (quantization == nullptr) return;
  CheckKnown(*quantization, fbs::Quantization::VT_AXIS);
  to->quantization.emplace();
  to->quantization->scales = Numbers<double>(quantization->scales());
  to->quantization->zero_points = Numbers<int64_t>(quantization->zero_points());
  to->quantization->float_zero_points =
      Numbers<double>(quantization->float_zero_points());
  to->quantization->axis = FromOptional(quantization->axis());
}

std::vector<Dim> Reader::ReadDims(
    const Vector<int64_t>* numbers,
    const Vector<Offset<fbs::SymbolicDim>>* symbolic) {
  std::vector<Dim> dims = Numbers<Dim>(numbers);
  ForEach("symbolic", symbolic, [&](const fbs::SymbolicDim& dim) {
    CheckKnown(dim, fbs::SymbolicDim::VT_EXPRESSION);
    errors_->SetSymbolicDim(dim.index(), View(dim.expression()), &dims);
  });
  return dims;
}

void Reader::Read(const fbs::Graph& from, Graph* to) {
  CheckKnown(from, fbs::Graph::VT_LAYERS);
  to->name = Text(from.name());
  to->inputs = Numbers<ValueId>(from.inputs());
  to->outputs = Numbers<ValueId>(from.outputs());
  ReadAll("values", from.values(), &to->values);
  ReadAll("layers", from.layers(), &to->layers);
}

void Reader::Read(const fbs::Value& from, Value* to) {
  CheckKnown(from, fbs::Value::VT_WEIGHTS);
  to->name = Text(from.name());
  if ((from.tensor() != nullptr) == from.scalar().has_value()) {
    errors_->Add("not one type, of a tensor or a scalar");
  } else if (from.tensor() != nullptr) {
    Read(*from.tensor(), &to->type.emplace<TensorType>());
  } else {
    to->type = errors_->FromCode<ScalarType>(
        static_cast<int>(*from.scalar()), kNumScalarTypes, "type of scalars");
  }
  to->weights = from.weights();
}

void Reader::Read(const fbs::Layer& from, Layer* to) {
  CheckKnown(from, fbs::Layer::VT_SOURCES);
  to->kind = Text(from.kind());
  to->name = Text(from.name());
  to->target = Text(from.target());
  ReadAll("inputs", from.inputs(), &to->inputs);
  ReadAll("outputs", from.outputs(), &to->outputs);
  ForEach("attributes", from.attributes(), [&](const auto& attribute) {
    CheckKnown(attribute, fbs::NamedAttribute::VT_VALUE);
    Attribute* value = errors_->Insert(Text(attribute.name()), &to->attributes);
    if (CheckPresent(attribute.value(), "value")) {
      Read(*attribute.value(), value);
    }
  });
  ForEach("bodies", from.bodies(), [&](const fbs::Body& body) {
    CheckKnown(body, fbs::Body::VT_GRAPH);
    *errors_->Insert(Text(body.role()), &to->bodies) = body.graph();
  });
  ReadAll("sources", from.sources(), &to->sources);
}

void Reader::Read(const fbs::Slot& from, Slot* to) {
  CheckKnown(from, fbs::Slot::VT_VALUES);
  to->name = Text(from.name());
  to->is_list = from.is_list();
  to->values = Numbers<ValueId>(from.values());
}

void Reader::Read(const fbs::Source& from, Source* to) {
  CheckKnown(from, fbs::Source::VT_FRAMES);
  to->op = Text(from.op());
  to->module_path = Text(from.module_path());
  to->module_class = Text(from.module_class());
  to->call_index = from.call_index();
  ReadAll("frames", from.frames(), &to->frames);
}

void Reader::Read(const fbs::Frame& from, Source::Frame* to) {
  CheckKnown(from, fbs::Frame::VT_FUNCTION);
  to->file = Text(from.file());
  to->line = from.line();
  to->function = Text(from.function());
}

void Reader::Read(const fbs::Attribute& from, Attribute* to, int depth) {
  CheckKnown(from, fbs::Attribute::VT_VALUE);
  if (from.value_type() == fbs::AttributeValue::NONE) {
    if (from.value() != nullptr) errors_->Add("a value without a type");
    return;
  }
  if (!CheckPresent(from.value(), "value")) return;
  switch (from.value_type()) {
    case fbs::AttributeValue::BoolValue: {
      const fbs::BoolValue& value = *from.value_as_BoolValue();
      CheckKnown(value, fbs::BoolValue::VT_VALUE);
      *to = value.value();
      return;
    }
    case fbs::AttributeValue::IntValue: {
      const fbs::IntValue& value = *from.value_as_IntValue();
      CheckKnown(value, fbs::IntValue::VT_VALUE);
      *to = int64_t{value.value()};
      return;
    }
    case fbs::AttributeValue::FloatValue: {
      const fbs::FloatValue& value = *from.value_as_FloatValue();
      CheckKnown(value, fbs::FloatValue::VT_VALUE);
      if (!value.value().has_value()) break;
      *to = *value.value();
      return;
    }
    case fbs::AttributeValue::ComplexValue: {
      const fbs::ComplexValue& value = *from.value_as_ComplexValue();
      CheckKnown(value, fbs::ComplexValue::VT_IMAGINARY);
      if (!value.real().has_value() || !value.imaginary().has_value()) break;
      *to = Attribute::Complex(*value.real(), *value.imaginary());
      return;
    }
    case fbs::AttributeValue::StringValue: {
      const fbs::StringValue& value = *from.value_as_StringValue();
      CheckKnown(value, fbs::StringValue::VT_VALUE);
      *to = Text(value.value());
      return;
    }
    case fbs::AttributeValue::DTypeValue: {
      const fbs::DTypeValue& value = *from.value_as_DTypeValue();
      CheckKnown(value, fbs::DTypeValue::VT_VALUE);
      *to = errors_->DTypeOfCode(static_cast<int>(value.value()));
      return;
    }
    case fbs::AttributeValue::DimValue: {
      const fbs::DimValue& value = *from.value_as_DimValue();
      CheckKnown(value, fbs::DimValue::VT_VALUE);
      *to = errors_->DimOfText(View(value.value()));
      return;
    }
    case fbs::AttributeValue::ListValue: {
      const fbs::ListValue& value = *from.value_as_ListValue();
      CheckKnown(value, fbs::ListValue::VT_ELEMENTS);
      Attribute::List list;
      if (depth == Attribute::kMaxDepth) {
        errors_->Add("lists are nested too deep");
      }
      ForEach("elements", value.elements(), [&](const fbs::Attribute& element) {
        Read(element, &list.emplace_back(), depth + 1);
      });
      *to = std::move(list);
      return;
    }
    case fbs::AttributeValue::IntsValue: {
      const fbs::IntsValue& value = *from.value_as_IntsValue();
      CheckKnown(value, fbs::IntsValue::VT_VALUES);
      *to = Attribute::Ints(Numbers<int64_t>(value.values()));
      return;
    }
    case fbs::AttributeValue::FloatsValue: {
      const fbs::FloatsValue& value = *from.value_as_FloatsValue();
      CheckKnown(value, fbs::FloatsValue::VT_VALUES);
      *to = Attribute::Floats(Numbers<double>(value.values()));
      return;
    }
    default:
      errors_->Add(absl::StrCat("no type of attributes has the code ",
                                static_cast<int>(from.value_type())));
      return;
  }
  CheckPresent(nullptr, "value");
}

void Reader::Read(const fbs::Structure& from, Structure* to, int depth) {
  CheckKnown(from, fbs::Structure::VT_KEY);
  to->kind = errors_->FromCode<Structure::Kind>(
      static_cast<int>(from.kind()), kNumStructureKinds, "kind of structure");
  to->leaf = from.leaf();
  if (from.constant() != nullptr) Read(*from.constant(), &to->constant);
  to->type_name = Text(from.type_name());
  if (depth == Structure::kMaxDepth && from.children() != nullptr) {
    errors_->Add("structures are nested too deep");
  }
  ForEach("children", from.children(), [&](const fbs::Structure& child) {
    Structure::Child& to_child = to->children.emplace_back();
    if (child.key() != nullptr) Read(*child.key(), &to_child.key);
    Read(child, &to_child.value, depth + 1);
  });
}

void Reader::Read(const fbs::StateOutput& from, StateOutput* to) {
  CheckKnown(from, fbs::StateOutput::VT_INPUT);
  to->weights = from.weights();
  to->input = from.input();
}

}  // namespace

void ModelFromFlatBuffer(const fbs::Model& root, size_t file_size,
                         const std::shared_ptr<const void>& owner, Model* model,
                         std::optional<WeightsFileRef>* weights_file,
                         std::vector<Bytes>* inline_weights,
                         FileErrors* errors) {
  Reader(file_size, owner, errors)
      .Read(root, model, weights_file, inline_weights);
}

}  // namespace flextorchir
