#include "flextorchir/ir/flatbuffers/translate.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

using flatbuffers::Offset;
using flatbuffers::String;
using flatbuffers::uoffset_t;
using flatbuffers::Vector;
using flatbuffers::voffset_t;

// To tables. A FlatBuffer is built from its leaves to its root and grows from
// its end to its beginning: what a table refers to is made before it. What is
// empty is left out.

class Writer {
 public:
  explicit Writer(flatbuffers::FlatBufferBuilder* builder)
      : builder_(*builder) {}

  Offset<fbs::Model> Write(const Model& model,
                           const std::optional<WeightsFileRef>& weights_file,
                           bool with_data);
  bool too_large() const { return too_large_; }

 private:
  // Room for one more table with its padding, at any time.
  static constexpr uint64_t kSlack = 4096;

  bool HasRoom(uint64_t bytes) {
    if (builder_.GetSize() + bytes + kSlack > kMaxFlatBufferSize) {
      too_large_ = true;
    }
    return !too_large_;
  }

  // Equal strings are stored once: kinds, names of slots, file names.
  Offset<String> Write(const std::string& text) {
    if (text.empty() || !HasRoom(text.size())) return 0;
    return builder_.CreateSharedString(text);
  }

  // Even if it is empty: the library wants to look for it.
  Offset<String> WriteKey(const std::string& key) {
    return HasRoom(key.size()) ? builder_.CreateSharedString(key) : 0;
  }

  template <typename T>
  Offset<Vector<T>> Write(const std::vector<T>& numbers) {
    if (numbers.empty() || !HasRoom(numbers.size() * sizeof(T))) return 0;
    return builder_.CreateVector(numbers);
  }

  template <typename Table>
  Offset<Vector<Offset<Table>>> WriteOffsets(
      const std::vector<Offset<Table>>& offsets) {
    if (offsets.empty() || !HasRoom(offsets.size() * sizeof(uoffset_t))) {
      return 0;
    }
    return builder_.CreateVector(offsets);
  }

  // A table for each element, made by `write`.
  template <typename Range, typename Function>
  auto WriteAll(const Range& range, Function write) {
    std::vector<decltype(write(*range.begin()))> offsets;
    offsets.reserve(range.size());
    for (const auto& element : range) {
      if (!HasRoom(0)) break;
      offsets.push_back(write(element));
    }
    return WriteOffsets(offsets);
  }

  template <typename Range>
  auto WriteAll(const Range& range) {
    return WriteAll(range,
                    [this](const auto& element) { return Write(element); });
  }

  template <typename Table>
  Offset<fbs::Attribute> WriteAttribute(fbs::AttributeValue type,
                                        Offset<Table> value) {
    return fbs::CreateAttribute(builder_, type, value.Union());
  }

  struct Dims {
    Offset<Vector<int64_t>> numbers;
    Offset<Vector<Offset<fbs::SymbolicDim>>> symbolic;
  };

  Offset<fbs::Attribute> Write(const Attribute& attribute);
  Offset<fbs::Attribute> Write(const Attribute::List& list);
  Dims Write(const std::vector<Dim>& dims);
  Offset<fbs::TensorType> Write(const TensorType& type);
  Offset<fbs::Weights> Write(const Weights& weights, bool with_data);
  Offset<fbs::Value> Write(const Value& value);
  Offset<fbs::Slot> Write(const Slot& slot);
  Offset<fbs::Source> Write(const Source& source);
  Offset<fbs::Frame> Write(const Source::Frame& frame);
  Offset<fbs::Layer> Write(const Layer& layer);
  Offset<fbs::Graph> Write(const Graph& graph);
  Offset<fbs::Structure> Write(const Structure& structure,
                               const Attribute& key);

  flatbuffers::FlatBufferBuilder& builder_;
  bool too_large_ = false;
};

template <typename T>
flatbuffers::Optional<T> ToOptional(const std::optional<T>& value) {
  return value.has_value() ? flatbuffers::Optional<T>(*value)
                           : flatbuffers::nullopt;
}

// The elements as plain numbers, if the list is not empty and all are that.
template <typename T>
std::vector<T> NumbersOf(const Attribute::List& list,
                         const T* (Attribute::*as)() const) {
  std::vector<T> numbers;
  for (const Attribute& element : list) {
    const T* number = (element.*as)();
    if (number == nullptr) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

Offset<fbs::Attribute> Writer::Write(const Attribute::List& list) {
  if (const auto ints = NumbersOf(list, &Attribute::AsInt); !ints.empty()) {
    return WriteAttribute(fbs::AttributeValue::IntsValue,
                          fbs::CreateIntsValue(builder_, Write(ints)));
  }
  if (const auto floats = NumbersOf(list, &Attribute::AsFloat);
      !floats.empty()) {
    return WriteAttribute(fbs::AttributeValue::FloatsValue,
                          fbs::CreateFloatsValue(builder_, Write(floats)));
  }
  return WriteAttribute(fbs::AttributeValue::ListValue,
                        fbs::CreateListValue(builder_, WriteAll(list)));
}

Offset<fbs::Attribute> Writer::Write(const Attribute& attribute) {
  switch (attribute.type()) {
    case Attribute::Type::kNone:
      break;
    case Attribute::Type::kBool:
      return WriteAttribute(
          fbs::AttributeValue::BoolValue,
          fbs::CreateBoolValue(builder_, *attribute.AsBool()));
    case Attribute::Type::kInt:
      return WriteAttribute(fbs::AttributeValue::IntValue,
                            fbs::CreateIntValue(builder_, *attribute.AsInt()));
    case Attribute::Type::kFloat:
      return WriteAttribute(
          fbs::AttributeValue::FloatValue,
          fbs::CreateFloatValue(builder_, *attribute.AsFloat()));
    case Attribute::Type::kComplex:
      return WriteAttribute(
          fbs::AttributeValue::ComplexValue,
          fbs::CreateComplexValue(builder_, attribute.AsComplex()->real(),
                                  attribute.AsComplex()->imag()));
    case Attribute::Type::kString:
      return WriteAttribute(
          fbs::AttributeValue::StringValue,
          fbs::CreateStringValue(builder_, Write(*attribute.AsString())));
    case Attribute::Type::kDType:
      return WriteAttribute(
          fbs::AttributeValue::DTypeValue,
          fbs::CreateDTypeValue(builder_,
                                static_cast<fbs::DType>(*attribute.AsDType())));
    case Attribute::Type::kDim:
      return WriteAttribute(
          fbs::AttributeValue::DimValue,
          fbs::CreateDimValue(builder_, Write(attribute.AsDim()->ToString())));
    case Attribute::Type::kList:
      return Write(*attribute.AsList());
  }
  return fbs::CreateAttribute(builder_);
}

Writer::Dims Writer::Write(const std::vector<Dim>& dims) {
  std::vector<int64_t> numbers;
  std::vector<Offset<fbs::SymbolicDim>> symbolic;
  for (size_t i = 0; i < dims.size(); ++i) {
    numbers.push_back(dims[i].is_number() ? dims[i].number() : -1);
    if (dims[i].is_number()) continue;
    symbolic.push_back(fbs::CreateSymbolicDim(
        builder_, static_cast<uint32_t>(i), Write(dims[i].ToString())));
  }
  return {Write(numbers), WriteOffsets(symbolic)};
}

Offset<fbs::TensorType> Writer::Write(const TensorType& type) {
  const Dims shape = Write(type.shape);
  const Dims strides = Write(type.strides);
  Offset<fbs::Quantization> quantization;
  if (type.quantization.has_value()) {
    const auto scales = Write(type.quantization->scales);
    const auto zero_points = Write(type.quantization->zero_points);
    const auto float_zero_points = Write(type.quantization->float_zero_points);
    quantization = fbs::CreateQuantization(builder_, scales, zero_points,
                                           float_zero_points,
                                           ToOptional(type.quantization->axis));
  }
  return fbs::CreateTensorType(builder_, static_cast<fbs::DType>(type.dtype),
                               shape.numbers, shape.symbolic, strides.numbers,
                               strides.symbolic, quantization);
}

Offset<fbs::Weights> Writer::Write(const Weights& weights, bool with_data) {
  Offset<Vector<uint8_t>> data;
  if (with_data && HasRoom(weights.data.size())) {
    builder_.ForceVectorAlignment(weights.data.size(), 1, 16);
    data = builder_.CreateVector(
        reinterpret_cast<const uint8_t*>(weights.data.data().data()),
        weights.data.size());
  }
  const auto name = Write(weights.name);
  const auto aliases = WriteAll(weights.aliases, [this](const auto& alias) {
    return fbs::CreateAlias(builder_, WriteKey(alias));
  });
  return fbs::CreateWeights(builder_, name, aliases,
                            static_cast<fbs::Role>(weights.role),
                            Write(weights.type), data);
}

Offset<fbs::Value> Writer::Write(const Value& value) {
  const auto name = Write(value.name);
  if (const TensorType* tensor = value.tensor()) {
    return fbs::CreateValue(builder_, name, Write(*tensor),
                            flatbuffers::nullopt, value.weights);
  }
  return fbs::CreateValue(
      builder_, name, 0,
      static_cast<fbs::ScalarType>(std::get<ScalarType>(value.type)),
      value.weights);
}

Offset<fbs::Slot> Writer::Write(const Slot& slot) {
  const auto name = Write(slot.name);
  return fbs::CreateSlot(builder_, name, slot.is_list, Write(slot.values));
}

Offset<fbs::Source> Writer::Write(const Source& source) {
  const auto op = Write(source.op);
  const auto module_path = Write(source.module_path);
  const auto module_class = Write(source.module_class);
  return fbs::CreateSource(builder_, op, module_path, module_class,
                           source.call_index, WriteAll(source.frames));
}

Offset<fbs::Frame> Writer::Write(const Source::Frame& frame) {
  const auto file = Write(frame.file);
  return fbs::CreateFrame(builder_, file, frame.line, Write(frame.function));
}

Offset<fbs::Layer> Writer::Write(const Layer& layer) {
  const auto kind = Write(layer.kind);
  const auto name = Write(layer.name);
  const auto target = Write(layer.target);
  const auto inputs = WriteAll(layer.inputs);
  const auto outputs = WriteAll(layer.outputs);
  const auto attributes =
      WriteAll(layer.attributes, [this](const auto& attribute) {
        const auto attribute_name = WriteKey(attribute.first);
        return fbs::CreateNamedAttribute(builder_, attribute_name,
                                         Write(attribute.second));
      });
  const auto bodies = WriteAll(layer.bodies, [this](const auto& body) {
    return fbs::CreateBody(builder_, WriteKey(body.first), body.second);
  });
  return fbs::CreateLayer(builder_, kind, name, target, inputs, outputs,
                          attributes, bodies, WriteAll(layer.sources));
}

Offset<fbs::Graph> Writer::Write(const Graph& graph) {
  const auto name = Write(graph.name);
  const auto inputs = Write(graph.inputs);
  const auto outputs = Write(graph.outputs);
  const auto values = WriteAll(graph.values);
  return fbs::CreateGraph(builder_, name, inputs, outputs, values,
                          WriteAll(graph.layers));
}

Offset<fbs::Structure> Writer::Write(const Structure& structure,
                                     const Attribute& key) {
  const auto constant = structure.constant.is_none()
                            ? Offset<fbs::Attribute>()
                            : Write(structure.constant);
  const auto type_name = Write(structure.type_name);
  const auto children =
      WriteAll(structure.children, [this](const Structure::Child& child) {
        return Write(child.value, child.key);
      });
  return fbs::CreateStructure(
      builder_, static_cast<fbs::StructureKind>(structure.kind), structure.leaf,
      constant, type_name, children,
      key.is_none() ? Offset<fbs::Attribute>() : Write(key));
}

Offset<fbs::Model> Writer::Write(
    const Model& model, const std::optional<WeightsFileRef>& weights_file,
    bool with_data) {
  // First, so that their data is at the end of the file.
  const auto weights =
      WriteAll(model.weights, [this, with_data](const Weights& element) {
        return Write(element, with_data);
      });
  Offset<fbs::WeightsFile> weights_file_offset;
  if (weights_file.has_value()) {
    weights_file_offset =
        fbs::CreateWeightsFile(builder_, Write(weights_file->name),
                               weights_file->size, weights_file->hash);
  }
  const auto graphs = WriteAll(model.graphs);
  const auto inputs = Write(model.inputs, Attribute());
  const auto outputs = Write(model.outputs, Attribute());
  const auto state_outputs =
      WriteAll(model.state_outputs, [this](const StateOutput& state) {
        return fbs::CreateStateOutput(builder_, state.weights, state.input);
      });
  const auto symbols = WriteAll(model.symbols, [this](const Symbol& symbol) {
    return fbs::CreateSymbol(builder_, Write(symbol.name),
                             ToOptional(symbol.min), ToOptional(symbol.max));
  });
  const auto metadata = WriteAll(model.metadata, [this](const auto& entry) {
    const auto name = WriteKey(entry.first);
    return fbs::CreateMetadata(builder_, name, Write(entry.second));
  });
  const auto name = Write(model.name);
  const auto producer = Write(model.producer);
  return fbs::CreateModel(builder_, LowestFormatVersion(model),
                          model.layer_set_version, name, producer, metadata,
                          symbols, weights, weights_file_offset, graphs, inputs,
                          outputs, state_outputs);
}

// From tables.

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

bool ModelToFlatBuffer(const Model& model,
                       const std::optional<WeightsFileRef>& weights_file,
                       bool with_data,
                       flatbuffers::FlatBufferBuilder* builder) {
  Writer writer(builder);
  const Offset<fbs::Model> root = writer.Write(model, weights_file, with_data);
  if (writer.too_large()) return false;
  fbs::FinishModelBuffer(*builder, root);
  return true;
}

void ModelFromFlatBuffer(const fbs::Model& root, size_t file_size,
                         const std::shared_ptr<const void>& owner, Model* model,
                         std::optional<WeightsFileRef>* weights_file,
                         std::vector<Bytes>* inline_weights,
                         FileErrors* errors) {
  Reader(file_size, owner, errors)
      .Read(root, model, weights_file, inline_weights);
}

}  // namespace flextorchir
