#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "flextorchir/converter/probe/align_runs.h"

namespace flextorchir {
namespace {

// Myers' algorithm in linear space ("An O(ND) Difference Algorithm and Its
// Variations", 1986): searches from both corners of the edit graph; where the
// two fronts meet is the middle of a shortest way, and splits the problem.
class Aligner {
 public:
  Aligner(const std::vector<int32_t>& a, const std::vector<int32_t>& b)
      : a_(a),
        b_(b),
        pairs_(a.size(), kAbsent),
        forward_(a.size() + b.size() + 3),
        backward_(a.size() + b.size() + 3) {}

  std::vector<int32_t> Run() && {
    // Each entry is split into two that are together smaller.
    std::vector<Box> open = {{0, Size(a_), 0, Size(b_)}};
    while (!open.empty()) {
      Box box = open.back();
      open.pop_back();
      while (box.a0 < box.a1 && box.b0 < box.b1 && a_[box.a0] == b_[box.b0]) {
        pairs_[box.a0++] = box.b0++;
      }
      while (box.a0 < box.a1 && box.b0 < box.b1 &&
             a_[box.a1 - 1] == b_[box.b1 - 1]) {
        pairs_[--box.a1] = --box.b1;
      }
      if (box.a0 == box.a1 || box.b0 == box.b1) continue;
      const auto [a, b] = Middle(box);
      open.push_back({a, box.a1, b, box.b1});
      open.push_back({box.a0, a, box.b0, b});
    }
    return std::move(pairs_);
  }

 private:
  struct Box {
    int32_t a0, a1, b0, b1;
  };

  // After so many edits the way that has come furthest is taken: it bounds the
  // time for long sequences that have little in common.
  static constexpr int32_t kMaxEdits = 1024;

  static int32_t Size(const std::vector<int32_t>& keys) {
    return static_cast<int32_t>(keys.size());
  }

  // How far each front has come on diagonal `d` (a - b), as an index of `a`.
  int32_t& Forward(int32_t d) { return forward_[d + Size(b_) + 1]; }
  int32_t& Backward(int32_t d) { return backward_[d + Size(b_) + 1]; }

  // A point within the box through which a short way leads. The box begins and
  // ends with a difference, and neither side is empty.
  std::pair<int32_t, int32_t> Middle(const Box& box) {
    constexpr int32_t kNever = std::numeric_limits<int32_t>::max();
    const int32_t lowest = box.a0 - box.b1;
    const int32_t highest = box.a1 - box.b0;
    const int32_t start = box.a0 - box.b0;
    const int32_t end = box.a1 - box.b1;
    const bool odd = ((start - end) & 1) != 0;
    int32_t f_low = start, f_high = start, b_low = end, b_high = end;
    Forward(start) = box.a0;
    Backward(end) = box.a1;
    for (int32_t edits = 1;; ++edits) {
      f_low > lowest ? Forward(--f_low - 1) = -1 : ++f_low;
      f_high < highest ? Forward(++f_high + 1) = -1 : --f_high;
      for (int32_t d = f_high; d >= f_low; d -= 2) {
        int32_t a = std::max(Forward(d - 1) + 1, Forward(d + 1));
        int32_t b = a - d;
        while (a < box.a1 && b < box.b1 && a_[a] == b_[b]) ++a, ++b;
        Forward(d) = a;
        if (odd && b_low <= d && d <= b_high && Backward(d) <= a) {
          return {a, b};
        }
      }
      b_low > lowest ? Backward(--b_low - 1) = kNever : ++b_low;
      b_high < highest ? Backward(++b_high + 1) = kNever : --b_high;
      for (int32_t d = b_high; d >= b_low; d -= 2) {
        int32_t a = std::min(Backward(d - 1), Backward(d + 1) - 1);
        int32_t b = a - d;
        while (box.a0 < a && box.b0 < b && a_[a - 1] == b_[b - 1]) --a, --b;
        Backward(d) = a;
        if (!odd && f_low <= d && d <= f_high && a <= Forward(d)) {
          return {a, b};
        }
      }
      if (edits < kMaxEdits) continue;
      std::pair<int32_t, int32_t> best = {box.a0, box.b0};
      for (int32_t d = f_high; d >= f_low; d -= 2) {
        const int32_t a = std::min({Forward(d), box.a1, box.b1 + d});
        if (a - d >= box.b0 && a + (a - d) > best.first + best.second) {
          best = {a, a - d};
        }
      }
      return best;
    }
  }

  const std::vector<int32_t>& a_;
  const std::vector<int32_t>& b_;
  std::vector<int32_t> pairs_;
  std::vector<int32_t> forward_;
  std::vector<int32_t> backward_;
};

}  // namespace

std::vector<int32_t> AlignSequences(const std::vector<int32_t>& a,
                                    const std::vector<int32_t>& b) {
  return Aligner(a, b).Run();
}

}  // namespace flextorchir
