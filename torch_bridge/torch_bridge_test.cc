#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "ATen/core/dispatch/Dispatcher.h"
#include "ATen/record_function.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dtype.h"
#include "flextorchir/ir/weights.h"
#include "flextorchir/torch_bridge/attribute.h"
#include "flextorchir/torch_bridge/operator_call.h"
#include "flextorchir/torch_bridge/operator_writes.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The tensor over the bytes of the weights made of `tensor`.
at::Tensor ThereAndBack(const at::Tensor& tensor) {
  auto weights = ToWeights("w", Weights::Role::kParameter, tensor);
  EXPECT_TRUE(weights.ok()) << weights.status();
  auto back = ToTensor(*weights);
  EXPECT_TRUE(back.ok()) << back.status();
  return *back;
}

// -- Dtypes and tensors.

TEST(DTypeTest, EachIsOneOfTorchAndBack) {
  for (const DTypeInfo& info : DTypes()) {
    const c10::ScalarType type = ToScalarType(info.dtype);
    EXPECT_EQ(ToDType(type), info.dtype) << info.name;
    EXPECT_EQ(static_cast<int>(c10::elementSize(type)), info.bytes)
        << info.name;
  }
}

TEST(DTypeTest, EachOfTorchIsOneOfOurs) {
  for (int i = 0; i < static_cast<int>(c10::ScalarType::Undefined); ++i) {
    const auto type = static_cast<c10::ScalarType>(i);
    // Torch 2.14 added the name of this one, and nothing that computes in it.
    if (absl::string_view(c10::toString(type)) == "BComplex32") continue;
    EXPECT_TRUE(ToDType(type).has_value()) << c10::toString(type);
  }
  EXPECT_EQ(ToDType(c10::ScalarType::Undefined), std::nullopt);
}

TEST(TensorTest, BytesOfEveryDTypeComeBack) {
  for (const DTypeInfo& info : DTypes()) {
    SCOPED_TRACE(std::string(info.name));
    const c10::ScalarType dtype = ToScalarType(info.dtype);
    if (c10::isQIntType(dtype)) continue;  // below
    std::string bytes(6 * info.bytes, '\0');
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = info.dtype == DType::kBool ? i % 2 : 37 * i;
    }
    for (const std::vector<Dim>& strides :
         {std::vector<Dim>{}, std::vector<Dim>{1, 2}}) {
      Weights weights;
      weights.name = "w";
      weights.type.dtype = info.dtype;
      weights.type.shape = {2, 3};
      weights.type.strides = strides;
      weights.data = Bytes::FromString(bytes);
      auto tensor = ToTensor(weights);
      ASSERT_TRUE(tensor.ok()) << tensor.status();
      EXPECT_EQ(tensor->scalar_type(), dtype);
      EXPECT_EQ(tensor->is_contiguous(), strides.empty());
      auto back = ToWeights("w", Weights::Role::kParameter, *tensor);
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_TRUE(*back == weights) << back->type.ToString();
    }
  }
}

TEST(TensorTest, ContiguousBytesAreSharedBothWays) {
  at::Tensor tensor = at::rand({4, 5});
  auto weights = ToWeights("w", Weights::Role::kBuffer, tensor);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(static_cast<const void*>(weights->data.data().data()),
            tensor.const_data_ptr());
  const void* place = tensor.const_data_ptr();
  const at::Tensor copy = tensor.clone();
  auto back = ToTensor(*weights);
  ASSERT_TRUE(back.ok()) << back.status();
  tensor.reset();
  *weights = Weights();  // the tensor keeps the bytes alive
  EXPECT_EQ(back->const_data_ptr(), place);
  EXPECT_TRUE(at::equal(*back, copy));
}

TEST(TensorTest, StridesComeBack) {
  const at::Tensor image =
      at::rand({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor cases[] = {
      image,
      at::rand({4, 6}).t(),
      at::rand({4, 6}).slice(1, 1, 5, 2),
      at::rand({2, 3, 4}).permute({2, 0, 1}),
      at::randint(9, {5, 4}, at::kLong).t(),
      at::complex(at::rand({3, 2}), at::rand({3, 2})).t(),
      // A tensor whose layout only the strides of its sizes of 1 tell.
      at::rand({8, 3, 1, 1}).contiguous(at::MemoryFormat::ChannelsLast),
  };
  for (const at::Tensor& tensor : cases) {
    const at::Tensor back = ThereAndBack(tensor);
    EXPECT_EQ(back.strides(), tensor.strides());
    EXPECT_TRUE(at::equal(back, tensor));
    EXPECT_EQ(back.suggest_memory_format(), tensor.suggest_memory_format());
  }
}

TEST(TensorTest, RowMajorTypesHaveNoStrides) {
  EXPECT_EQ(TypeOf(at::rand({2, 3, 4}))->ToString(), "f32[2,3,4]");
  EXPECT_EQ(TypeOf(at::rand({3, 2}).t())->ToString(), "f32[2,3]{1,2}");
  // Strides of sizes 0 and 1 do not count.
  EXPECT_TRUE(TypeOf(at::rand({5, 4}).slice(0, 2, 3))->strides.empty());
  EXPECT_TRUE(TypeOf(at::rand({0, 4}).t())->strides.empty());
  EXPECT_TRUE(TypeOf(at::rand({}))->strides.empty());
  EXPECT_EQ(StridedType(DType::kInt8, {2, 2}, {2, 1}).ToString(), "i8[2,2]");
}

TEST(TensorTest, OverlappingElementsAreWrittenOut) {
  const at::Tensor expanded = at::rand({3, 1}).expand({3, 4});
  auto weights = ToWeights("w", Weights::Role::kConstant, expanded);
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_EQ(weights->data.size(), 3 * 4 * 4);
  EXPECT_EQ(weights->type.strides.size(), 2);
  auto back = ToTensor(*weights);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(at::equal(*back, expanded));
}

TEST(TensorTest, MisalignedBytesAreCopied) {
  const at::Tensor numbers = at::rand({3, 2}, at::kDouble);
  auto memory = std::make_shared<std::string>(1 + numbers.nbytes(), '\0');
  memory->reserve(64);
  std::memcpy(memory->data() + 1, numbers.const_data_ptr(), numbers.nbytes());
  for (const std::vector<Dim>& strides :
       {std::vector<Dim>{}, std::vector<Dim>{1, 3}}) {
    Weights weights;
    weights.type.dtype = DType::kFloat64;
    weights.type.shape = {3, 2};
    weights.type.strides = strides;
    weights.data =
        Bytes(absl::string_view(memory->data() + 1, numbers.nbytes()), memory);
    auto tensor = ToTensor(weights);
    ASSERT_TRUE(tensor.ok()) << tensor.status();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->const_data_ptr()) % 64, 0);
    EXPECT_TRUE(at::equal(*tensor, numbers));
  }
}

TEST(TensorTest, ConjugatedAndNegatedTensorsAreResolved) {
  const at::Tensor numbers = at::complex(at::rand({3, 2}), at::rand({3, 2}));
  EXPECT_TRUE(at::equal(ThereAndBack(numbers.conj()), numbers.conj()));
  const at::Tensor negated = at::imag(numbers.conj());
  EXPECT_TRUE(at::equal(ThereAndBack(negated), negated));
}

TEST(TensorTest, QuantisedPerTensor) {
  for (c10::ScalarType dtype : {at::kQUInt8, at::kQInt8, at::kQInt32}) {
    const at::Tensor numbers = at::rand({4, 3, 2, 2});
    at::Tensor quantised = at::quantize_per_tensor(numbers, 0.0125, 7, dtype);
    for (bool channels_last : {false, true}) {
      if (channels_last) {
        quantised = quantised.contiguous(at::MemoryFormat::ChannelsLast);
      }
      const auto type = TypeOf(quantised);
      ASSERT_TRUE(type.ok() && type->quantization.has_value());
      EXPECT_EQ(type->quantization->scales, std::vector<double>{0.0125});
      EXPECT_EQ(type->quantization->zero_points, std::vector<int64_t>{7});
      EXPECT_EQ(type->quantization->axis, std::nullopt);
      const at::Tensor back = ThereAndBack(quantised);
      EXPECT_EQ(back.strides(), quantised.strides());
      EXPECT_TRUE(at::equal(back.dequantize(), quantised.dequantize()));
      EXPECT_TRUE(BitIdentical(back, quantised));
    }
    // Works as torch's own.
    EXPECT_TRUE(at::equal(at::relu(ThereAndBack(quantised)).dequantize(),
                          at::relu(quantised).dequantize()));
  }
}

TEST(TensorTest, QuantisedPerChannel) {
  const at::Tensor numbers = at::rand({3, 4});
  const at::Tensor integers = at::quantize_per_channel(
      numbers, at::tensor({0.1, 0.02, 0.3}, at::kDouble),
      at::tensor({1, 2, 3}, at::kLong), 0, at::kQInt8);
  const at::Tensor floats = at::quantize_per_channel(
      numbers, at::tensor({0.1, 0.02, 0.3}, at::kFloat),
      at::tensor({0.5, -2.0, 3.0}, at::kFloat), 0, at::kQUInt8);
  for (const at::Tensor& quantised : {integers, floats}) {
    const auto type = TypeOf(quantised);
    ASSERT_TRUE(type.ok() && type->quantization.has_value());
    EXPECT_EQ(type->quantization->axis, 0);
    EXPECT_EQ(type->quantization->scales.size(), 3);
    const at::Tensor back = ThereAndBack(quantised);
    EXPECT_EQ(back.qscheme(), quantised.qscheme());
    EXPECT_TRUE(at::equal(back.dequantize(), quantised.dequantize()));
    EXPECT_TRUE(BitIdentical(back, quantised));
  }
  // Turned around, the axis stays with its channels.
  Weights weights;
  weights.type = *TypeOf(integers);
  weights.type.strides = {1, 3};
  weights.data = ToWeights("", Weights::Role::kParameter, integers)->data;
  auto turned = ToTensor(weights);
  ASSERT_TRUE(turned.ok()) << turned.status();
  EXPECT_EQ(turned->stride(0), 1);
  EXPECT_TRUE(at::equal(turned->dequantize(), integers.dequantize()));
}

TEST(TensorTest, WhatHasNoTypeIsRefused) {
  const at::Tensor sparse = at::eye(3).to_sparse();
  EXPECT_EQ(TypeOf(sparse).status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(TypeOf(sparse).status().message()),
              HasSubstr("Sparse"));
  const auto weights = ToWeights("adjacency", Weights::Role::kBuffer, sparse);
  EXPECT_EQ(weights.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(weights.status().message()),
              HasSubstr("\"adjacency\""));
  EXPECT_EQ(TypeOf(at::Tensor()).status().code(),
            absl::StatusCode::kUnimplemented);
  const at::Tensor packed = at::quantize_per_channel(
      at::rand({3, 4}), at::tensor({0.1, 0.2, 0.3}, at::kFloat),
      at::tensor({0., 0., 0.}, at::kFloat), 0, at::kQUInt4x2);
  EXPECT_EQ(ToWeights("p", Weights::Role::kBuffer, packed).status().code(),
            absl::StatusCode::kUnimplemented);
  const at::Tensor meta = at::empty({2}, at::TensorOptions(at::kMeta));
  EXPECT_EQ(ToWeights("m", Weights::Role::kBuffer, meta).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(TensorTest, WeightsThatAreNoTensorAreRefused) {
  Weights weights;
  weights.name = "fc.weight";
  weights.type.shape = {2, 3};
  const auto message = [&] {
    auto tensor = ToTensor(weights);
    EXPECT_EQ(tensor.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(tensor.status().message());
  };
  EXPECT_THAT(message(), HasSubstr("\"fc.weight\""));  // no data
  weights.data = Bytes::FromString(std::string(23, 'x'));
  EXPECT_THAT(message(), HasSubstr("23"));
  weights.data = Bytes::FromString(std::string(24, 'x'));
  EXPECT_TRUE(ToTensor(weights).ok());
  weights.type.shape = {Dim::Symbol("n"), 3};
  EXPECT_THAT(message(), HasSubstr("n"));
  weights.type.shape = {6};
  weights.type.dtype = DType::kQInt32;
  weights.type.quantization.emplace();
  EXPECT_THAT(message(), HasSubstr("scale"));
  // Strides that nothing can have are left.
  weights.type.dtype = DType::kFloat32;
  weights.type.quantization.reset();
  weights.type.shape = {2, 3};
  for (int64_t stride : {int64_t{-1}, int64_t{0}, INT64_MAX}) {
    weights.type.strides = {stride, stride};
    auto tensor = ToTensor(weights);
    EXPECT_TRUE(!tensor.ok() || tensor->is_contiguous());
  }
}

TEST(TensorTest, WithStridesCopiesOnlyWhereItMust) {
  const at::Tensor tensor = at::rand({2, 3});
  TensorType type = *TypeOf(tensor);
  EXPECT_TRUE(WithStrides(tensor, type).is_same(tensor));
  type.strides = {1, 2};
  const at::Tensor turned = WithStrides(tensor, type);
  EXPECT_EQ(turned.stride(1), 2);
  EXPECT_TRUE(at::equal(turned, tensor));
  EXPECT_TRUE(WithStrides(turned, type).is_same(turned));
  type.strides = {0, 1};
  EXPECT_TRUE(WithStrides(tensor, type).is_same(tensor));
  // Another size than the recorded one: laid out in the same manner is not
  // asked for, only that nothing breaks.
  type.strides = {Dim::Symbol("n"), 1};
  EXPECT_TRUE(WithStrides(tensor, type).is_same(tensor));
}

TEST(TensorTest, BitIdentical) {
  const at::Tensor tensor = at::tensor({1.0f, -0.0f, NAN});
  EXPECT_TRUE(BitIdentical(tensor, tensor.clone()));
  EXPECT_FALSE(BitIdentical(tensor, at::tensor({1.0f, 0.0f, NAN})));
  EXPECT_FALSE(BitIdentical(tensor, tensor.to(at::kDouble)));
  EXPECT_FALSE(BitIdentical(tensor, tensor.unsqueeze(0)));
  EXPECT_FALSE(BitIdentical(tensor, at::Tensor()));
  EXPECT_TRUE(BitIdentical(at::Tensor(), at::Tensor()));
  const at::Tensor square = at::rand({3, 3});
  EXPECT_TRUE(BitIdentical(square, square.t().contiguous().t()));
  const at::Tensor q = at::quantize_per_tensor(square, 0.1, 0, at::kQInt8);
  EXPECT_FALSE(BitIdentical(
      q, at::_make_per_tensor_quantized_tensor(q.int_repr(), 0.2, 0)));
}

TEST(TensorTest, ConversionsAreNotRecorded) {
  int calls = 0;
  static thread_local int* counter;
  counter = &calls;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction&) {
        ++*counter;
        return std::unique_ptr<at::ObserverContext>();
      }));
  const at::Tensor tensor = at::rand({3, 4});
  const int before = calls;
  auto weights = ToWeights("w", Weights::Role::kBuffer, tensor);
  auto back = ToTensor(*weights);
  EXPECT_TRUE(BitIdentical(tensor, *back));
  EXPECT_EQ(calls, before);
  at::relu(tensor);
  EXPECT_GT(calls, before);
  at::removeCallback(handle);
}

// -- Attributes.

// The argument `name` of an operator.
const c10::Argument& ArgumentOf(absl::string_view op, const std::string& name) {
  const auto handle = FindOperator(op);
  EXPECT_TRUE(handle.has_value()) << op;
  const auto index = handle->schema().argumentIndexWithName(name);
  EXPECT_TRUE(index.has_value()) << name;
  return handle->schema().arguments()[*index];
}

struct AttributeCase {
  const char* op;
  const char* argument;
  c10::IValue value;
  Attribute attribute;
};

TEST(AttributeTest, ConstantsOfEveryTypeGoBothWays) {
  using L = Attribute::List;
  const auto ints = [](std::vector<int64_t> v) { return c10::IValue(v); };
  const AttributeCase cases[] = {
      {"aten::to.dtype", "dtype", int64_t(c10::kHalf), DType::kFloat16},
      {"aten::to.dtype", "copy", true, true},
      {"aten::to.dtype", "memory_format", c10::IValue(), {}},
      {"aten::to.dtype", "memory_format",
       int64_t(c10::MemoryFormat::ChannelsLast), "channels_last"},
      {"aten::to.dtype", "memory_format", int64_t(c10::MemoryFormat::Preserve),
       "preserve"},
      {"aten::contiguous", "memory_format",
       int64_t(c10::MemoryFormat::Contiguous), "contiguous"},
      {"aten::zeros", "dtype", c10::IValue(), {}},
      {"aten::zeros", "dtype", int64_t(c10::kFloat8_e4m3fn),
       DType::kFloat8E4M3FN},
      {"aten::zeros", "layout", int64_t(c10::kStrided), "strided"},
      {"aten::zeros", "layout", int64_t(c10::kSparseCsr), "sparse_csr"},
      {"aten::zeros", "device", c10::Device("cpu"), "cpu"},
      {"aten::zeros", "device", c10::Device("cuda:1"), "cuda:1"},
      {"aten::zeros", "size", ints({2, 3}), Attribute::Ints({2, 3})},
      {"aten::zeros", "size", ints({}), L{}},
      {"aten::select.int", "index", int64_t{-1}, -1},  // SymInt
      {"aten::conv2d", "stride", ints({2, 1}), Attribute::Ints({2, 1})},
      {"aten::conv2d.padding", "padding", "same", "same"},
      {"aten::sum.dim_IntList", "dim", c10::IValue(), {}},
      {"aten::sum.dim_IntList", "dim", ints({1}), Attribute::Ints({1})},
      {"aten::add.Tensor", "alpha", int64_t{2}, 2},
      {"aten::add.Tensor", "alpha", 2.5, 2.5},
      {"aten::add.Tensor", "alpha", c10::complex<double>(1, -2),
       Attribute::Complex(1, -2)},
      {"aten::batch_norm", "eps", 1e-5, 1e-5},
      {"aten::upsample_nearest2d.vec", "scale_factors",
       c10::List<double>({2.0, 0.5}), Attribute::Floats({2.0, 0.5})},
      {"aten::convolution_backward", "output_mask",
       c10::List<bool>({true, false, true}), L{true, false, true}},
      {"aten::einsum", "path", c10::IValue(), {}},
      {"aten::dropout", "p", 0.5, 0.5},
      {"aten::rand.generator", "generator", c10::IValue(), {}},
      {"aten::gelu", "approximate", "tanh", "tanh"},
      {"aten::embedding", "padding_idx", int64_t{-1}, -1},
  };
  for (const AttributeCase& c : cases) {
    SCOPED_TRACE(std::string(c.op) + " " + c.argument);
    const c10::Argument& argument = ArgumentOf(c.op, c.argument);
    const auto attribute = ToAttribute(c.value, &argument);
    ASSERT_TRUE(attribute.has_value());
    EXPECT_EQ(*attribute, c.attribute) << attribute->ToString();
    const auto value = ToIValue(c.attribute, argument);
    ASSERT_TRUE(value.ok()) << value.status();
    EXPECT_EQ(*value, c.value);
    EXPECT_EQ(value->tagKind(), c.value.tagKind());
    // And as the operator takes it.
    EXPECT_TRUE(value->type()->isSubtypeOf(*argument.type()))
        << value->type()->str();
  }
}

TEST(AttributeTest, NumbersBecomeWhatTheOperatorTakes) {
  // An integer where a float is wanted, and one for a list of known length.
  EXPECT_EQ(ToIValue(1, ArgumentOf("aten::batch_norm", "eps"))->toDouble(), 1);
  EXPECT_EQ(ToIValue(3, ArgumentOf("aten::conv2d", "stride"))->toIntVector(),
            (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(
      ToIValue(1, ArgumentOf("aten::sum.dim_IntList", "dim"))->toIntVector(),
      std::vector<int64_t>{1});
  EXPECT_EQ(
      ToIValue(Attribute::Ints({2, 1}),
               ArgumentOf("aten::upsample_nearest2d.vec", "scale_factors"))
          ->toDoubleVector(),
      (std::vector<double>{2, 1}));
  // A number for a tensor does not take part in type promotion.
  const auto wrapped = ToIValue(2.5, ArgumentOf("aten::add.Tensor", "other"));
  ASSERT_TRUE(wrapped.ok()) << wrapped.status();
  EXPECT_EQ(at::add(at::ones({2}), wrapped->toTensor()).scalar_type(),
            at::kFloat);
  // Absent elements.
  const auto list = ToIValue(Attribute::List{{}, {}},
                             ArgumentOf("aten::index.Tensor", "indices"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->toListRef().size(), 2);
  EXPECT_TRUE(list->isOptionalTensorList());
  // Mixed numbers, as operators over lists of scalars take them.
  const auto scalars =
      ToIValue(Attribute::List{1.5, 2.5},
               ArgumentOf("aten::_foreach_add.ScalarList", "scalars"));
  ASSERT_TRUE(scalars.ok()) << scalars.status();
  const auto sums = CallOperator(
      *FindOperator("aten::_foreach_add.ScalarList"),
      {c10::List<at::Tensor>({at::ones({1}), at::ones({1})}), *scalars});
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ((*sums)[0].toTensorVector()[1].item<float>(), 3.5);
}

TEST(AttributeTest, WhatDoesNotFitIsRefused) {
  const struct {
    const char* op;
    const char* argument;
    Attribute attribute;
  } cases[] = {
      {"aten::conv2d", "stride", "same"},
      {"aten::conv2d", "groups", 1.5},
      {"aten::conv2d", "groups", {}},
      {"aten::conv2d", "groups", Dim::Symbol("n")},
      {"aten::conv2d", "stride", Attribute::List{1, {}}},
      {"aten::select.int", "dim", "strided"},
      {"aten::to.dtype", "dtype", "float32"},
      {"aten::to.dtype", "copy", 1},
      {"aten::zeros", "layout", "channels_last"},
      {"aten::zeros", "device", "no such device"},
      {"aten::gelu", "approximate", 1},
      {"aten::cat", "tensors", 1},
      {"aten::rand.generator", "generator", 1},
  };
  for (const auto& c : cases) {
    const auto value = ToIValue(c.attribute, ArgumentOf(c.op, c.argument));
    ASSERT_FALSE(value.ok()) << c.op << " " << c.attribute.ToString();
    EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(value.status().message()),
                HasSubstr(std::string("`") + c.argument + "`"));
    EXPECT_THAT(std::string(value.status().message()), Not(HasSubstr("frame")));
  }
}

TEST(AttributeTest, WhatIsNoConstantIsNone) {
  EXPECT_EQ(ToAttribute(at::rand({2})), std::nullopt);
  EXPECT_EQ(ToAttribute(c10::List<at::Tensor>({at::rand({2})})), std::nullopt);
  c10::impl::GenericDict dict(c10::StringType::get(), c10::IntType::get());
  EXPECT_EQ(ToAttribute(dict), std::nullopt);
  // Without a schema an integer is an integer; tuples are lists.
  EXPECT_EQ(ToAttribute(int64_t{6}), Attribute(6));
  EXPECT_EQ(ToAttribute(c10::ivalue::Tuple::create(1, 2)),
            Attribute::Ints({1, 2}));
  // A list of attributes has one type.
  EXPECT_EQ(ToAttribute(c10::ivalue::Tuple::create(1, 2.5)), std::nullopt);
}

// -- Operators.

TEST(OperatorTest, AreFoundByFullName) {
  EXPECT_TRUE(FindOperator("aten::relu").has_value());
  EXPECT_TRUE(FindOperator("aten::add.Tensor").has_value());
  for (const char* name : {"aten::add", "aten::no_such", "relu", "", "::",
                           "aten::", "aten::relu.", "aten::relu.Tensor"}) {
    // "aten::relu." names the overload without a name.
    EXPECT_EQ(FindOperator(name).has_value(),
              absl::string_view(name) == "aten::relu.")
        << name;
  }
}

TEST(OperatorTest, ReturnsResultsInOrder) {
  const at::Tensor tensor = at::rand({3, 4});
  const auto results =
      CallOperator(*FindOperator("aten::max.dim"), {tensor, 1, false});
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 2);
  const auto [values, indices] = at::max(tensor, 1);
  EXPECT_TRUE(at::equal((*results)[0].toTensor(), values));
  EXPECT_TRUE(at::equal((*results)[1].toTensor(), indices));
}

TEST(OperatorTest, FailuresAreStatuses) {
  const auto op = *FindOperator("aten::mm");
  const auto message = [&](std::vector<c10::IValue> arguments) {
    const auto results = CallOperator(op, std::move(arguments));
    EXPECT_EQ(results.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(results.status().message());
  };
  const std::string shapes = message({at::rand({2, 3}), at::rand({2, 3})});
  EXPECT_THAT(shapes, HasSubstr("aten::mm: mat1 and mat2 shapes cannot be"));
  EXPECT_THAT(shapes, Not(HasSubstr("frame #")));
  EXPECT_THAT(shapes, Not(HasSubstr("Exception raised from")));
  EXPECT_THAT(message({at::rand({2, 3})}), HasSubstr("takes 2 arguments"));
  EXPECT_THAT(message({at::rand({2, 3}), 1}), HasSubstr("mat2"));
  EXPECT_THAT(message({at::rand({2, 3}), c10::IValue()}), HasSubstr("mat2"));
}

TEST(OperatorTest, WritesAreFound) {
  const auto writes = [](absl::string_view op) {
    return FindOperatorWrites(FindOperator(op)->schema());
  };
  EXPECT_TRUE(writes("aten::add.Tensor").marked.empty());
  EXPECT_EQ(writes("aten::add_.Tensor").marked, std::vector<int32_t>{0});
  EXPECT_EQ(writes("aten::add.out").marked, std::vector<int32_t>{3});
  // Of a list, the elements are marked.
  EXPECT_EQ(writes("aten::_foreach_add_.Scalar").marked,
            std::vector<int32_t>{0});
  const OperatorWrites norm = writes("aten::batch_norm");
  EXPECT_TRUE(norm.marked.empty());
  EXPECT_EQ(norm.silent_flag, 5);
  EXPECT_EQ(norm.silent, (std::vector<int32_t>{3, 4}));
  EXPECT_EQ(writes("aten::layer_norm").silent_flag, -1);
}

}  // namespace
}  // namespace flextorchir
