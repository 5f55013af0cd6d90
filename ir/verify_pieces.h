#ifndef FLEXTORCHIR_IR_VERIFY_PIECES_H_
#define FLEXTORCHIR_IR_VERIFY_PIECES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "flextorchir/ir/attribute.h"
#include "flextorchir/ir/dim.h"
#include "flextorchir/ir/graph.h"
#include "flextorchir/ir/weights.h"

namespace flextorchir {

using NameSet = absl::flat_hash_set<absl::string_view>;

// In quotes, and not too long: names of broken models may be of any length.
std::string QuoteForMessage(absl::string_view text);

// An enumerator read from who knows where.
template <typename Enum>
bool IsIn(Enum value, Enum last) {
  return static_cast<int>(value) <= static_cast<int>(last);
}

template <typename T>
bool IsIndex(int64_t id, const std::vector<T>& table) {
  return id >= 0 && id < static_cast<int64_t>(table.size());
}

// Checks the pieces of a model that stand for themselves: names, types,
// attributes and structures. The methods say whether all is well; the first
// mistake is kept as the status, behind `where_`, which says what is being
// looked at.
class PieceVerifier {
 public:
  const absl::Status& status() const { return status_; }

 protected:
  template <typename... Args>
  bool Fail(const Args&... message) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(
          absl::StrCat(where_, where_.empty() ? "" : ": ", message...));
    }
    return false;
  }

  bool CheckUtf8(absl::string_view what, absl::string_view text);
  // UTF-8 and not empty.
  bool CheckName(absl::string_view what, absl::string_view name);
  bool CheckSymbols(const std::vector<Symbol>& symbols);
  bool CheckTensorType(const TensorType& type);
  // `depth`: how deep lists may nest from here.
  bool CheckAttribute(absl::string_view what, int depth,
                      const Attribute& attribute);
  // That its leaves are 0 to `num_leaves` - 1.
  bool CheckStructure(const Structure& structure, size_t num_leaves);

  std::string where_;

 private:
  bool CheckDim(absl::string_view what, const Dim& dim);
  bool CheckSizes(absl::string_view what, absl::Span<const Dim> dims);
  bool CheckQuantization(const Quantization& quantization,
                         const TensorType& type);
  bool CheckStructureBelow(const Structure& structure, int depth,
                           std::vector<bool>* seen);
  bool CheckChildren(const Structure& structure, int depth,
                     std::vector<bool>* seen);

  absl::Status status_;
  NameSet symbols_;  // that are declared
};

}  // namespace flextorchir

#endif  // FLEXTORCHIR_IR_VERIFY_PIECES_H_
