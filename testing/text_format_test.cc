// The text form (ir/text_format.h), as any format. Here and not beside it,
// because the tests themselves use the text form.

#include "flextorchir/ir/text_format.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "flextorchir/testing/format_conformance.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

const bool kRegistered = [] {
  FormatConformanceOptions format;
  format.name = "text";
  format.serializer = NewTextSerializer;
  format.deserializer = NewTextDeserializer;
  format.with_version = [](std::string file, int64_t version) {
    const std::string mark = "flextorchir 1 ";
    return file.replace(file.find(mark), mark.size(),
                        absl::StrCat("flextorchir ", version, " "));
  };
  return RegisterFormatConformanceTests(format);
}();

}  // namespace
}  // namespace flextorchir
