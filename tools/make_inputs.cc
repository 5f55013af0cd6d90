#include "flextorchir/tools/make_inputs.h"

#include <unistd.h>

#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ATen/CPUGeneratorImpl.h"
#include "ATen/core/Dict.h"
#include "ATen/core/Generator.h"
#include "ATen/core/List.h"
#include "ATen/ops/empty.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights_file.h"
#include "flextorchir/tools/command_line.h"
#include "flextorchir/torch_bridge/tensor.h"

namespace flextorchir {
namespace {

constexpr double kIntegerBound = 10;

int64_t MemoryBytes() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t page_size = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page_size > 0 ? pages * page_size
                                    : std::numeric_limits<int64_t>::max();
}

// The largest integer that every element type of this size can hold.
double MaxBound(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Byte:
      return 256;
    case c10::ScalarType::Char:
      return 128;
    case c10::ScalarType::Short:
      return 32768;
    case c10::ScalarType::UInt16:
      return 65536;
    case c10::ScalarType::Int:
      return 2147483648.0;
    case c10::ScalarType::UInt32:
      return 4294967296.0;
    default:  // 64 bits; a double is exact up to here
      return 9007199254740992.0;
  }
}

// What is drawn for elements of `type`.
c10::ScalarType WideType(c10::ScalarType type) {
  if (c10::isIntegralType(type, /*includeBool=*/true)) return at::kLong;
  if (type == at::kDouble || type == at::kComplexDouble) return type;
  return c10::isComplexType(type) ? at::kComplexFloat : at::kFloat;
}

class InputMaker {
 public:
  explicit InputMaker(uint64_t seed)
      : generator_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

  absl::StatusOr<ModelInputs> Make(absl::Span<const ModelInputSpec> specs) {
    ModelInputs inputs;
    std::set<std::string> names;
    for (const ModelInputSpec& spec : specs) {
      if (spec.name.empty() &&
          std::holds_alternative<ModelInputSpec::File>(spec.value)) {
        absl::Status status =
            AddFile(std::get<ModelInputSpec::File>(spec.value), &inputs);
        if (!status.ok()) return status;
        continue;
      }
      absl::StatusOr<c10::IValue> value = Value(spec);
      if (!value.ok()) return value.status();
      if (spec.name.empty()) {
        inputs.args.push_back(*std::move(value));
      } else {
        inputs.kwargs.emplace_back(spec.name, *std::move(value));
      }
    }
    for (const auto& [name, value] : inputs.kwargs) {
      if (!names.insert(name).second) {
        return absl::InvalidArgumentError(absl::StrCat(
            "--inputs: the argument \"", name, "\" is given twice"));
      }
    }
    return inputs;
  }

 private:
  absl::StatusOr<c10::IValue> Value(const ModelInputSpec& spec) {
    if (const auto* tensor = std::get_if<ModelInputSpec::Tensor>(&spec.value)) {
      return RandomTensor(*tensor);
    }
    if (const auto* list = std::get_if<ModelInputSpec::List>(&spec.value)) {
      return MakeList(*list, spec.position);
    }
    if (const auto* dict = std::get_if<ModelInputSpec::Dict>(&spec.value)) {
      return MakeDict(*dict);
    }
    if (const auto* text = std::get_if<std::string>(&spec.value)) {
      return c10::IValue(*text);
    }
    if (const auto* file = std::get_if<ModelInputSpec::File>(&spec.value)) {
      return OnlyTensor(*file);
    }
    if (const auto* value = std::get_if<bool>(&spec.value)) {
      return c10::IValue(*value);
    }
    if (const auto* value = std::get_if<int64_t>(&spec.value)) {
      return c10::IValue(*value);
    }
    if (const auto* value = std::get_if<double>(&spec.value)) {
      return c10::IValue(*value);
    }
    return c10::IValue();
  }

  absl::StatusOr<c10::IValue> RandomTensor(const ModelInputSpec::Tensor& spec) {
    const c10::ScalarType type = ToScalarType(spec.dtype);
    const absl::string_view type_name = DTypeName(spec.dtype);
    const bool is_integer = c10::isIntegralType(type, /*includeBool=*/false);
    const absl::Status no_kernels = absl::InvalidArgumentError(absl::StrCat(
        "--inputs: tensors of ", type_name,
        " cannot be filled at random; give one as @FILE.safetensors, or "
        "another element type"));
    if (!is_integer && !c10::isFloatingType(type) &&
        !c10::isComplexType(type) && type != c10::ScalarType::Bool) {
      return no_kernels;
    }
    if (is_integer && spec.bound.value_or(0) > MaxBound(type)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--inputs: ", type_name,
                       " cannot hold every integer below the bound ",
                       *spec.bound, "; the greatest is ", MaxBound(type)));
    }
    // Not every type has kernels that fill it: wide numbers are drawn, then
    // converted.
    const c10::ScalarType wide_type = WideType(type);
    int64_t elements = 1;
    for (const int64_t size : spec.shape) elements *= size;
    if (elements * static_cast<int64_t>(c10::elementSize(wide_type)) >
        MemoryBytes() / 2) {
      return absl::ResourceExhaustedError(
          absl::StrCat("--inputs: a tensor of ", elements, " elements of ",
                       type_name, " does not fit into half of the memory"));
    }
    at::Tensor wide = at::empty(spec.shape, wide_type);
    if (type == c10::ScalarType::Bool) {
      wide.random_(0, 2, generator_);
    } else if (is_integer) {
      wide.random_(
          0,
          static_cast<int64_t>(std::ceil(spec.bound.value_or(kIntegerBound))),
          generator_);
    } else if (spec.bound.has_value() && !c10::isComplexType(type)) {
      wide.uniform_(0, *spec.bound, generator_);
    } else {
      wide.normal_(0, 1, generator_);
    }
    try {
      return c10::IValue(wide.to(type));
    } catch (const c10::NotImplementedError&) {
      return no_kernels;
    }
  }

  absl::StatusOr<c10::IValue> MakeList(const ModelInputSpec::List& list,
                                       int position) {
    if (list.elements.empty()) return c10::IValue(c10::List<at::Tensor>());
    std::vector<c10::IValue> values;
    for (const ModelInputSpec& element : list.elements) {
      auto value = Value(element);
      if (!value.ok()) return value.status();
      values.push_back(*std::move(value));
    }
    // Absent elements stand among those of any type.
    c10::TypePtr type;
    bool has_none = false;
    for (const c10::IValue& value : values) {
      if (value.isNone()) {
        has_none = true;
        continue;
      }
      // A tensor's own type has its shape in it.
      const c10::TypePtr value_type =
          value.isTensor() ? c10::TensorType::get() : value.type();
      if (type == nullptr) {
        type = value_type;
      } else if (*value_type != *type) {
        return absl::InvalidArgumentError(
            absl::StrCat("--inputs: the list at column ", position + 1,
                         " mixes ", type->str(), " and ", value_type->str(),
                         "; the elements of a list have one type"));
      }
    }
    if (type == nullptr) {
      type = c10::NoneType::get();
    } else if (has_none) {
      type = c10::OptionalType::create(type);
    }
    c10::impl::GenericList result(type);
    for (c10::IValue& value : values) result.push_back(std::move(value));
    return c10::IValue(std::move(result));
  }

  // Values of one type make a Dict[str, TYPE], which TorchScript wants; others
  // one of anything, for models that run in Python.
  absl::StatusOr<c10::IValue> MakeDict(const ModelInputSpec::Dict& dict) {
    std::vector<c10::IValue> values;
    c10::TypePtr type;
    for (const ModelInputSpec& element : dict.values) {
      auto value = Value(element);
      if (!value.ok()) return value.status();
      c10::TypePtr value_type =
          value->isTensor() ? c10::TensorType::get() : value->type();
      type = type == nullptr || *type == *value_type
                 ? std::move(value_type)
                 : c10::TypePtr(c10::AnyType::get());
      values.push_back(*std::move(value));
    }
    if (type == nullptr) type = c10::TensorType::get();
    c10::impl::GenericDict result(c10::StringType::get(), type);
    for (size_t i = 0; i < values.size(); ++i) {
      result.insert(dict.keys[i], std::move(values[i]));
    }
    return c10::IValue(std::move(result));
  }

  static absl::StatusOr<std::vector<Weights>> ReadTensors(
      const ModelInputSpec::File& file) {
    // A link is what the caller means by it; a source would not follow it out
    // of its directory.
    const std::string given = CallerPath(file.path);
    if (absl::Status s = CheckReadableFile(given); !s.ok()) {
      return Annotate("--inputs", s);
    }
    const auto [directory, name] = SplitPath(RealPath(given));
    auto bytes = NewDirectorySource(directory)->Open(name);
    if (!bytes.ok()) return Annotate("--inputs", bytes.status());
    auto tensors = ReadSafetensors(*bytes);
    if (!tensors.ok()) return Annotate(Context(file), tensors.status());
    return tensors;
  }

  static std::string Context(const ModelInputSpec::File& file) {
    return absl::StrCat("--inputs: ", file.path);
  }

  // A copy: the model may write to its inputs, and the file is mapped.
  static absl::StatusOr<c10::IValue> Load(const ModelInputSpec::File& file,
                                          const Weights& weights) {
    auto tensor = ToTensor(weights);
    if (!tensor.ok()) return Annotate(Context(file), tensor.status());
    return c10::IValue(tensor->clone());
  }

  absl::StatusOr<c10::IValue> OnlyTensor(const ModelInputSpec::File& file) {
    auto tensors = ReadTensors(file);
    if (!tensors.ok()) return tensors.status();
    if (tensors->size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--inputs: ", file.path, " holds ", tensors->size(),
          " tensors, where one is wanted; as an argument without a name it "
          "may hold several"));
    }
    return Load(file, (*tensors)[0]);
  }

  absl::Status AddFile(const ModelInputSpec::File& file, ModelInputs* inputs) {
    auto tensors = ReadTensors(file);
    if (!tensors.ok()) return tensors.status();
    std::map<int64_t, c10::IValue> positional;
    for (const Weights& weights : *tensors) {
      auto value = Load(file, weights);
      if (!value.ok()) return value.status();
      if (int64_t index; absl::SimpleAtoi(weights.name, &index)) {
        positional[index] = *std::move(value);
      } else {
        inputs->kwargs.emplace_back(weights.name, *std::move(value));
      }
    }
    int64_t expected = 0;
    for (auto& [index, value] : positional) {
      if (index != expected++) {
        return absl::InvalidArgumentError(
            absl::StrCat("--inputs: ", file.path, " has a tensor named ", index,
                         ", but none named ", expected - 1,
                         "; positional arguments are named 0, 1, 2, ..."));
      }
      inputs->args.push_back(std::move(value));
    }
    return absl::OkStatus();
  }

  at::Generator generator_;
};

}  // namespace

absl::StatusOr<ModelInputs> MakeInputs(absl::Span<const ModelInputSpec> specs,
                                       uint64_t seed) {
  try {
    return InputMaker(seed).Make(specs);
  } catch (const c10::Error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("--inputs: ", error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("--inputs: ", error.what()));
  }
}

}  // namespace flextorchir
