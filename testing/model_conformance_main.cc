// What every model must pass, from whatever frontend and in whatever format:
//
//   * it converts, with no placeholder and no warning;
//   * what a format wrote reads back as the same model;
//   * the evaluator, given what was read, returns what the model returns, bit
//     for bit: also on an input that the conversion did not see, and on one
//     whose memory lies channels-last.
//
//     model_conformance --model=resnet18 --input=1x3x64x64
//         --files=resnet18.scripted.pt,resnet18.traced.pt
//
// A test is called FRONTEND/FORMAT, where FRONTEND is the word before ".pt".

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ATen/ATen.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "flextorchir/converter/converter.h"
#include "flextorchir/converter/frontends/torchscript.h"
#include "flextorchir/evaluator/compare.h"
#include "flextorchir/evaluator/evaluator.h"
#include "flextorchir/ir/flatbuffers/serializer.h"
#include "flextorchir/ir/proto/serializer.h"
#include "flextorchir/ir/serializer.h"
#include "flextorchir/ir/sink.h"
#include "flextorchir/ir/text.h"
#include "flextorchir/torch_bridge/tensor.h"
#include "gtest/gtest.h"
#include "torch/script.h"

ABSL_FLAG(std::string, model, "", "The name of the model.");
ABSL_FLAG(std::string, input, "", "The shape of its input: 1x3x64x64.");
ABSL_FLAG(std::vector<std::string>, files, {},
          "The model as TorchScript files, MODEL.FRONTEND.pt.");

namespace flextorchir {
namespace {

struct Format {
  std::string name;
  std::unique_ptr<Serializer> serializer;
  std::unique_ptr<Deserializer> deserializer;
};

std::vector<Format> Formats() {
  std::vector<Format> formats;
  formats.push_back(
      {"protobuf", NewProtobufSerializer(), NewProtobufDeserializer()});
  formats.push_back({"flatbuffers", NewFlatBuffersSerializer(),
                     NewFlatBuffersDeserializer()});
  return formats;
}

std::vector<int64_t> InputShape() {
  std::vector<int64_t> shape;
  for (absl::string_view size :
       absl::StrSplit(absl::GetFlag(FLAGS_input), 'x')) {
    EXPECT_TRUE(absl::SimpleAtoi(size, &shape.emplace_back()));
  }
  return shape;
}

at::Tensor RandomInput(uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn(InputShape(), generator);
}

// What the model itself says, run the ordinary way.
std::vector<c10::IValue> ModelOutputs(const std::string& file,
                                      const at::Tensor& input) {
  at::InferenceMode inference;
  torch::jit::Module module = torch::jit::load(file);
  module.eval();
  const c10::IValue result = module.forward({input});
  if (result.isTuple()) return result.toTupleRef().elements().vec();
  return {result};
}

void ExpectSameOutputs(const std::vector<c10::IValue>& expected,
                       const std::vector<c10::IValue>& actual,
                       absl::string_view what) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& value : expected) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
  }
  ASSERT_EQ(tensors.size(), actual.size()) << what;
  for (size_t i = 0; i < tensors.size(); ++i) {
    ASSERT_TRUE(actual[i].isTensor()) << what;
    EXPECT_TRUE(BitIdentical(tensors[i], actual[i].toTensor()))
        << what << ", output " << i << ": "
        << Compare(tensors[i], actual[i]).ToString();
  }
}

class ModelConformance : public ::testing::Test {
 public:
  ModelConformance(std::string file, const Format* format)
      : file_(std::move(file)), format_(format) {}

  void TestBody() override {
    Convert(RandomInput(1), /*channels_last=*/false);
    Convert(RandomInput(1), /*channels_last=*/true);
  }

 private:
  void Convert(at::Tensor input, bool channels_last) {
    SCOPED_TRACE(channels_last ? "channels-last" : "contiguous");
    if (channels_last) {
      input = input.contiguous(at::MemoryFormat::ChannelsLast);
    }
    auto frontend = LoadTorchScript(file_);
    ASSERT_TRUE(frontend.ok()) << frontend.status();
    ConvertOptions options;
    options.keep_activations = true;
    const auto conversion =
        flextorchir::Convert(**frontend, ModelInputs{{input}, {}}, options);
    ASSERT_TRUE(conversion.ok()) << conversion.status();
    for (const Report::Placeholder& placeholder :
         conversion->report.placeholders) {
      ADD_FAILURE() << placeholder.count << " placeholders for "
                    << placeholder.target << ": " << placeholder.reason;
    }
    for (const Report::Warning& warning : conversion->report.warnings) {
      ADD_FAILURE() << warning.code << " at " << warning.module_path << ": "
                    << warning.message;
    }
    // torch itself loses the place of a call now and then when it saves a model
    // (the last relu of densenet121): one in a hundred.
    size_t placeless = 0;
    for (const Layer& layer : conversion->model.main().layers) {
      EXPECT_FALSE(layer.source().op.empty()) << layer.name;
      placeless += layer.source().frames.empty() ? 1 : 0;
    }
    EXPECT_LE(placeless * 100, conversion->model.main().layers.size());
    const auto expected = ModelOutputs(file_, input);
    ExpectSameOutputs(expected, conversion->outputs, "the conversion's run");

    std::map<std::string, std::string> files;
    std::unique_ptr<Sink> sink = NewMemorySink(&files);
    absl::Status written =
        format_->serializer->Write(conversion->model, "model", {}, *sink);
    ASSERT_TRUE(written.ok()) << written;
    written = sink->Commit();
    ASSERT_TRUE(written.ok()) << written;
    const std::string graph_file =
        absl::StrCat("model.", format_->serializer->extension());
    const auto read =
        format_->deserializer->Read(*NewMemorySource(&files), graph_file, {});
    ASSERT_TRUE(read.ok()) << read.status();
    // As a truth value: the text of a difference would be megabytes.
    EXPECT_TRUE(*read == conversion->model)
        << "what was read is not what was written";

    const auto comparison =
        CompareWithModel(*read, conversion->inputs, conversion->outputs,
                         conversion->activations);
    ASSERT_TRUE(comparison.ok()) << comparison.status();
    EXPECT_TRUE(comparison->identical) << comparison->ToString();

    // A value that was baked in would show on another input.
    at::Tensor other = RandomInput(2);
    if (channels_last) {
      other = other.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const auto evaluator = Evaluator::Create(*read);
    ASSERT_TRUE(evaluator.ok()) << evaluator.status();
    const auto outputs = (*evaluator)->Run({other});
    ASSERT_TRUE(outputs.ok()) << outputs.status();
    ExpectSameOutputs(ModelOutputs(file_, other), *outputs, "another input");
  }

  const std::string file_;
  const Format* format_;
};

int Main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  absl::ParseCommandLine(argc, argv);
  static const std::vector<Format>& formats =
      *new std::vector<Format>(Formats());
  for (const std::string& file : absl::GetFlag(FLAGS_files)) {
    const std::vector<std::string> parts = absl::StrSplit(file, '.');
    const std::string frontend =
        parts.size() > 2 ? parts[parts.size() - 2] : "torchscript";
    for (const Format& format : formats) {
      ::testing::RegisterTest(absl::GetFlag(FLAGS_model).c_str(),
                              absl::StrCat(frontend, "/", format.name).c_str(),
                              nullptr, nullptr, __FILE__, __LINE__,
                              [file, &format]() -> ::testing::Test* {
                                return new ModelConformance(file, &format);
                              });
    }
  }
  if (::testing::UnitTest::GetInstance()->total_test_count() == 0) {
    std::cerr << "no --files, nothing to test\n";
    return 1;
  }
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace flextorchir

int main(int argc, char** argv) { return flextorchir::Main(argc, argv); }
