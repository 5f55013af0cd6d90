#include "flextorchir/tools/dynamic_spec.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace flextorchir {
namespace {

absl::Status Wrong(absl::string_view part, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("--dynamic: \"", part, "\": expected ", expected,
                   ", as in --dynamic=x:0=batch,2=height"));
}

}  // namespace

absl::StatusOr<std::map<std::string, std::map<int64_t, std::string>>>
ParseDynamicSizes(absl::string_view text) {
  std::map<std::string, std::map<int64_t, std::string>> dynamic;
  for (absl::string_view input : absl::StrSplit(text, ';')) {
    input = absl::StripAsciiWhitespace(input);
    const size_t colon = input.find(':');
    const absl::string_view name =
        absl::StripAsciiWhitespace(input.substr(0, colon));
    if (colon == absl::string_view::npos || name.empty()) {
      return Wrong(input, "the name of an input, and \":\" behind it");
    }
    for (absl::string_view size :
         absl::StrSplit(input.substr(colon + 1), ',')) {
      size = absl::StripAsciiWhitespace(size);
      const std::vector<absl::string_view> parts =
          absl::StrSplit(size, absl::MaxSplits('=', 1));
      int64_t axis;
      if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &axis)) {
        return Wrong(size, "the number of a dimension, \"=\" and a name");
      }
      const absl::string_view symbol = absl::StripAsciiWhitespace(parts[1]);
      if (symbol.empty()) return Wrong(size, "a name behind \"=\"");
      const auto [known, is_new] =
          dynamic[std::string(name)].emplace(axis, std::string(symbol));
      if (!is_new) {
        return absl::InvalidArgumentError(
            absl::StrCat("--dynamic: size ", axis, " of ", name,
                         " is given twice: ", known->second, " and ", symbol));
      }
    }
  }
  return dynamic;
}

}  // namespace flextorchir
