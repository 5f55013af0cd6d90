#include <string>
#include <variant>
#include <vector>

#include "flextorchir/ir/flatbuffers/translate.h"

namespace flextorchir {
namespace {

using flatbuffers::Offset;
using flatbuffers::String;
using flatbuffers::uoffset_t;
using flatbuffers::Vector;

// A FlatBuffer is built from its leaves to its root and grows from
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

}  // namespace flextorchir
