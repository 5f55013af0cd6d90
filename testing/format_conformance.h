#ifndef FLEXTORCHIR_TESTING_FORMAT_CONFORMANCE_H_
#define FLEXTORCHIR_TESTING_FORMAT_CONFORMANCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "flextorchir/ir/serializer.h"

namespace flextorchir {

// The tests that every format must pass, for the test of a format to register
// (ir/proto/format_test.cc is one to copy):
//
//   const bool kRegistered = [] {
//     FormatConformanceOptions format;
//     format.name = "acme";
//     format.serializer = [] { return std::make_unique<AcmeSerializer>(); };
//     format.cannot_say = {{"Symbols", "the accelerator has fixed sizes"}};
//     return RegisterFormatConformanceTests(format);
//   }();
//
// linked with gtest_main. The tests are called NAME/SUITE.TEST:
//
//   NAME/Write.*            what holds of any serializer: files named after the
//                           stem, the graph last; the same bytes again, also
//                           from several threads; errors of the sink are
//                           returned; nothing is committed; one weights file
//                           for several formats; weights are not copied
//   NAME/Roundtrip.*        each model of testing/sample_models.h, written,
//                           read back and compared; for a format that is only
//                           written, the writing alone
//   NAME/InlineRoundtrip.*  the same with weights in the graph file
//   NAME/Read.*             recognised by content; weights left out; another
//                           model's weights file, a missing one and a newer
//                           version are refused; what is read outlives its file
//   NAME/Damage.*           truncated at every length, thousands of flipped
//                           bits and overwritten bytes: a Status or a model
//                           that passes `Verify`, never a crash
//   NAME/Frozen.*           files of each earlier version
struct FormatConformanceOptions {
  // The first word of the names of the tests.
  std::string name;
  std::function<std::unique_ptr<Serializer>()> serializer;

  // Capabilities, from here on.

  // Absent for a format that is only written: there is no reading to test.
  std::function<std::unique_ptr<Deserializer>()> deserializer = nullptr;

  // The sample models that the format cannot say, by name, each with the
  // reason. They are still written, which must end in an error or a file, but
  // the tests count as skipped and give the reason. A name that is no sample
  // model's is a failure.
  std::map<std::string, std::string> cannot_say = {};

  // Whether the weights can be in the graph file (SerializeOptions::weights).
  bool has_inline_weights = true;

  // The size at which such a file ends, in bytes: weights of that size must be
  // refused. 0: there is no such size. No memory is taken for them.
  uint64_t inline_limit = 0;

  // Gives a graph file the format version `version`. Without it, nobody checks
  // that a newer version is refused.
  std::function<std::string(std::string file, int64_t version)> with_version =
      nullptr;

  // The folder of files that earlier versions wrote, relative to the test's
  // working directory: vN/everything.EXTENSION with its weights, and
  // vN/everything.fttxt, the model as text with the data of weights. There is
  // one for each format version. Empty: none are tested.
  std::string frozen_folder = {};

  // How many bits are flipped in each file, one at a time, at places drawn with
  // this seed.
  int bit_flips = 2000;
  uint32_t seed = 1;
};

// Registers the tests; call it before main() or in it, before RUN_ALL_TESTS().
// Returns true, so that it can initialise a constant.
bool RegisterFormatConformanceTests(FormatConformanceOptions options);

}  // namespace flextorchir

#endif  // FLEXTORCHIR_TESTING_FORMAT_CONFORMANCE_H_
