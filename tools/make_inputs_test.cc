#include "flextorchir/tools/make_inputs.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/core/ivalue.h"
#include "ATen/core/jit_type.h"
#include "ATen/ops/arange.h"
#include "ATen/ops/ones.h"
#include "absl/strings/str_cat.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/weights_file.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<ModelInputs> Make(absl::string_view text, uint64_t seed = 0) {
  auto specs = ParseModelInputs(text);
  EXPECT_TRUE(specs.ok()) << specs.status();
  return MakeInputs(*specs, seed);
}

at::Tensor Tensor(absl::string_view text, uint64_t seed = 0) {
  auto inputs = Make(text, seed);
  EXPECT_TRUE(inputs.ok()) << inputs.status();
  return inputs->args.at(0).toTensor();
}

std::string Error(absl::string_view text) {
  return std::string(Make(text).status().message());
}

std::string WriteTensors(
    const std::string& name,
    const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::vector<Weights> weights;
  for (const auto& [tensor_name, tensor] : tensors) {
    auto one = ToWeights(tensor_name, Weights::Role::kConstant, tensor);
    EXPECT_TRUE(one.ok()) << one.status();
    weights.push_back(*std::move(one));
  }
  auto sink = NewDirectorySink(testing::TempDir());
  EXPECT_TRUE(sink.ok()) << sink.status();
  EXPECT_TRUE(WriteSafetensors(weights, name, {}, **sink).ok());
  EXPECT_TRUE((*sink)->Commit().ok());
  return absl::StrCat("@", testing::TempDir(), "/", name);
}

TEST(MakeInputs, FollowsTheSeed) {
  for (const char* text : {"2x3", "100:i64", "100:bool", "9:c64", "5:bf16<2"}) {
    EXPECT_TRUE(BitIdentical(Tensor(text, 1), Tensor(text, 1))) << text;
    EXPECT_FALSE(BitIdentical(Tensor(text, 1), Tensor(text, 2))) << text;
  }
  // Each tensor has a content of its own.
  auto inputs = Make("8x8,8x8");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_FALSE(
      BitIdentical(inputs->args[0].toTensor(), inputs->args[1].toTensor()));
}

TEST(MakeInputs, FillsEveryTypeThatHasNumbers) {
  for (const DTypeInfo& info : DTypes()) {
    const auto inputs = Make(absl::StrCat("4x2:", info.name));
    if (!inputs.ok()) {
      EXPECT_THAT(std::string(inputs.status().message()),
                  HasSubstr("cannot be filled at random"))
          << info.name;
      continue;
    }
    const at::Tensor& tensor = inputs->args[0].toTensor();
    EXPECT_EQ(tensor.scalar_type(), ToScalarType(info.dtype)) << info.name;
    EXPECT_EQ(tensor.sizes(), c10::IntArrayRef({4, 2}));
  }
  for (const char* name :
       {"bool", "u8", "i8", "i16", "i32", "i64", "u16", "u32", "u64", "f16",
        "bf16", "f32", "f64", "c64", "c128", "f8_e4m3fn", "f8_e5m2"}) {
    EXPECT_TRUE(Make(absl::StrCat("4:", name)).ok()) << name;
  }
}

TEST(MakeInputs, KeepsWithinBounds) {
  const at::Tensor integers = Tensor("10000:i64<7");
  EXPECT_EQ(integers.min().item<int64_t>(), 0);
  EXPECT_EQ(integers.max().item<int64_t>(), 6);
  EXPECT_EQ(Tensor("10000:u8<256").max().item<int64_t>(), 255);
  EXPECT_EQ(Tensor("10000:i32").max().item<int64_t>(), 9);
  const at::Tensor reals = Tensor("10000<0.5");
  EXPECT_GE(reals.min().item<double>(), 0);
  EXPECT_LT(reals.max().item<double>(), 0.5);
  EXPECT_GT(reals.max().item<double>(), 0.49);
  EXPECT_LT(Tensor("10000:f32").min().item<double>(), -2);
  EXPECT_EQ(Tensor("0x4:i64").numel(), 0);
}

TEST(MakeInputs, MakesValuesOfEveryKind) {
  auto inputs = Make("3,0.5,true,none,[1x2,2],[],[[1],[2,3]],x=4:f32,y=none");
  EXPECT_THAT(
      std::string(inputs.status().message()),
      HasSubstr("--inputs: the list at column 17 mixes Tensor and int"));
  inputs = Make("3,0.5,true,none,[1x2,none],[],[[1],[2,3]],x=4:f32,y=none");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->args.size(), 7u);
  EXPECT_EQ(inputs->args[0].toInt(), 3);
  EXPECT_EQ(inputs->args[1].toDouble(), 0.5);
  EXPECT_TRUE(inputs->args[2].toBool());
  EXPECT_TRUE(inputs->args[3].isNone());
  EXPECT_EQ(inputs->args[4].toListRef().size(), 2u);
  EXPECT_TRUE(inputs->args[4].toListRef()[1].isNone());
  EXPECT_TRUE(inputs->args[5].isTensorList());
  EXPECT_EQ(inputs->args[6].toListRef()[1].toIntVector(),
            (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(inputs->kwargs.size(), 2u);
  EXPECT_EQ(inputs->kwargs[0].first, "x");
  EXPECT_TRUE(inputs->kwargs[0].second.isTensor());
  EXPECT_TRUE(inputs->kwargs[1].second.isNone());
}

TEST(MakeInputs, ListsHoldTensorsOfAnyShape) {
  auto inputs = Make("[1x2,3x4:i64],[[2x2],[3x3,4x4]]");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_TRUE(inputs->args[0].isTensorList());
  EXPECT_EQ(inputs->args[0].toTensorVector()[1].numel(), 12);
  EXPECT_EQ(*inputs->args[1].type(),
            *c10::ListType::create(c10::ListType::ofTensors()));
}

TEST(MakeInputs, DictsAndTexts) {
  auto inputs = Make("{a: 1x2, b: 3x4},{n: 1, t: 'x y'},{},mode='fast'");
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  const auto tensors = inputs->args[0].toGenericDict();
  EXPECT_EQ(tensors.at("b").toTensor().numel(), 12);
  EXPECT_EQ(
      *inputs->args[0].type(),
      *c10::DictType::create(c10::StringType::get(), c10::TensorType::get()));
  const auto mixed = inputs->args[1].toGenericDict();
  EXPECT_EQ(mixed.at("n").toInt(), 1);
  EXPECT_EQ(mixed.at("t").toStringRef(), "x y");
  EXPECT_EQ(inputs->args[2].toGenericDict().size(), 0u);
  EXPECT_EQ(inputs->kwargs[0].second.toStringRef(), "fast");
}

TEST(MakeInputs, ReadsFiles) {
  const at::Tensor a = at::arange(6).reshape({2, 3});
  const at::Tensor b = at::ones({4});
  const std::string two =
      WriteTensors("two.safetensors", {{"1", b}, {"0", a}, {"mask", b}});
  auto inputs = Make(two);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  ASSERT_EQ(inputs->args.size(), 2u);
  EXPECT_TRUE(BitIdentical(inputs->args[0].toTensor(), a));
  EXPECT_TRUE(BitIdentical(inputs->args[1].toTensor(), b));
  ASSERT_EQ(inputs->kwargs.size(), 1u);
  EXPECT_EQ(inputs->kwargs[0].first, "mask");
  // The model may write to what it is given; the file stays as it is.
  inputs->args[0].toTensor().fill_(0);
  EXPECT_TRUE(BitIdentical(Tensor(two), a));

  const std::string one = WriteTensors("one.safetensors", {{"x", a}});
  inputs = Make(absl::StrCat("2x2,[", one, "],y=", one));
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_TRUE(BitIdentical(inputs->kwargs[0].second.toTensor(), a));

  EXPECT_THAT(Error(absl::StrCat("y=", two)),
              HasSubstr("holds 3 tensors, where one is wanted"));
  EXPECT_THAT(Error(absl::StrCat(two, ",mask=1")),
              HasSubstr("the argument \"mask\" is given twice"));
  const std::string gap = WriteTensors("gap.safetensors", {{"0", a}, {"2", b}});
  EXPECT_THAT(Error(gap), HasSubstr("has a tensor named 2, but none named 1"));
  EXPECT_THAT(Error("@none.safetensors"), HasSubstr("none.safetensors"));
  EXPECT_THAT(Error(absl::StrCat("@", testing::TempDir())),
              HasSubstr("is a directory"));
}

TEST(MakeInputs, RefusesWhatCannotBe) {
  EXPECT_THAT(Error("4:u8<257"), HasSubstr("the greatest is 256"));
  EXPECT_THAT(Error("1000000x1000000x10"), HasSubstr("half of the memory"));
}

}  // namespace
}  // namespace flextorchir
