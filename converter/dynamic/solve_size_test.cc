#include "flextorchir/converter/dynamic/solve_size.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flextorchir/ir/dim.h"
#include "gtest/gtest.h"

namespace flextorchir {
namespace {

Dim ParseDim(const std::string& text) { return Dim::Parse(text).value(); }

// Four runs: sizes that are no multiples of one another.
SizeSolver FourRuns() {
  SizeSolver solver(4);
  solver.AddSymbol("n", {2, 3, 5, 8});
  solver.AddSymbol("h", {64, 67, 65, 71});
  return solver;
}

std::string Solve(SizeSolver& solver, const std::vector<int64_t>& numbers,
                  const std::vector<Dim>& near = {},
                  const std::vector<Dim>& likely = {}) {
  const Samples samples(numbers.begin(), numbers.end());
  const std::optional<Dim> dim = solver.Solve(samples, near, likely);
  if (!dim.has_value()) return "nothing";
  EXPECT_TRUE(solver.Agrees(*dim, samples)) << *dim;
  return dim->ToString();
}

TEST(SolveSizeTest, FindsTheSimplestExpression) {
  const struct {
    std::vector<int64_t> numbers;
    std::string expected;
  } kCases[] = {
      {{7, 7, 7, 7}, "7"},
      {{2, 3, 5, 8}, "n"},
      {{98, 147, 245, 392}, "n*49"},
      {{-2, -3, -5, -8}, "n*-1"},
      {{62, 65, 63, 69}, "h - 2"},
      {{32, 33, 32, 35}, "h // 2"},
      {{32, 34, 33, 36}, "(h + 1) // 2"},
      {{16, 17, 17, 18}, "(h + 3) // 4"},
      {{70, 70, 70, 77}, "(h + 6) // 7*7"},
      {{6, 3, 5, 6}, "(0 - h) % 7"},
      {{1, 4, 2, 1}, "h % 7"},
      {{128, 201, 325, 568}, "n*h"},
      {{384, 603, 975, 1704}, "n*h*3"},
      {{66, 70, 70, 79}, "n + h"},
      {{62, 64, 60, 63}, "h - n"},
      {{127, 133, 129, 141}, "h*2 - 1"},
      {{30, 32, 31, 34}, "(h - 3) // 2"},
      {{132, 140, 140, 158}, "n*2 + h*2"},
      {{394, 618, 1000, 1744}, "n*5 + n*h*3"},
      {{130, 137, 135, 150}, "n + h*2"},
      {{96, 100, 97, 106}, "h*3 // 2"},
      {{3, 4, 5, 5}, "nothing"},
      {{2, 3, 5, 5}, "min(n, 5)"},
      {{1, 100, -7, 3}, "nothing"},
      {{INT64_MAX, 1, 2, 3}, "nothing"},
  };
  for (const auto& row : kCases) {
    SizeSolver solver = FourRuns();
    EXPECT_EQ(Solve(solver, row.numbers), row.expected)
        << testing::PrintToString(row.numbers);
  }
}

TEST(SolveSizeTest, ANumberOfPointsMustExceedThatOfParameters) {
  SizeSolver solver(2);
  solver.AddSymbol("n", {2, 4});
  // Something goes through two points always: n*3, but (n + 16) // 3 too.
  EXPECT_EQ(Solve(solver, {2, 4}), "n");
  EXPECT_EQ(Solve(solver, {6, 12}), "nothing");
  EXPECT_EQ(Solve(solver, {3, 5}), "nothing");
  EXPECT_EQ(Solve(solver, {7, 13}), "nothing");
  SizeSolver third(3);
  third.AddSymbol("n", {2, 4, 7});
  EXPECT_EQ(Solve(third, {6, 12, 21}), "n*3");
  EXPECT_EQ(Solve(third, {3, 5, 8}), "n + 1");
  // More runs on the same sizes prove no more.
  SizeSolver again(4);
  again.AddSymbol("n", {2, 4, 4, 4});
  EXPECT_EQ(Solve(again, {7, 13, 13, 13}), "nothing");
}

TEST(SolveSizeTest, RunsThatSayNothingAreLeftOut) {
  SizeSolver solver = FourRuns();
  EXPECT_EQ(solver.Solve({std::nullopt, 6, 10, 16}, {}), ParseDim("n*2"));
  EXPECT_EQ(solver.Solve({std::nullopt, 6, std::nullopt, std::nullopt}, {}),
            Dim(6));
  EXPECT_EQ(solver.Solve(Samples(4), {}), std::nullopt);
}

TEST(SolveSizeTest, SizesNearByGoFirst) {
  SizeSolver solver(3);
  // All even: (h + 1) // 2 is h // 2 here.
  solver.AddSymbol("h", {64, 66, 70});
  solver.AddSymbol("n", {32, 33, 35});
  EXPECT_EQ(Solve(solver, {32, 33, 35}), "n");
  EXPECT_EQ(Solve(solver, {32, 33, 35}, {ParseDim("(h + 1) // 2")}),
            "(h + 1) // 2");
  EXPECT_EQ(Solve(solver, {32, 33, 35}, {ParseDim("h // 2")}), "h // 2");
  // What is likely goes before what is near, if it is right.
  EXPECT_EQ(Solve(solver, {32, 33, 35}, {ParseDim("h // 2")},
                  {ParseDim("h - 32"), ParseDim("h*2 // 4")}),
            "h*2 // 4");
}

TEST(SolveSizeTest, WhatWasFoundIsKnown) {
  SizeSolver solver = FourRuns();
  EXPECT_EQ(Solve(solver, {96, 100, 97, 106}), "h*3 // 2");
  EXPECT_EQ(Solve(solver, {192, 200, 194, 212}), "h*3 // 2*2");
}

TEST(SolveSizeTest, DividedSizesStayShort) {
  SizeSolver solver = FourRuns();
  Dim size = Dim::Symbol("h");
  for (int i = 0; i < 5; ++i) size = solver.FloorDiv(size, 1, 2);
  EXPECT_EQ(size, ParseDim("(h + 31) // 32"));
  EXPECT_EQ(solver.FloorDiv(size, -1, 1), ParseDim("(h - 1) // 32"));
  EXPECT_EQ(solver.FloorDiv(Dim::Symbol("h"), 0, 1), ParseDim("h"));
  EXPECT_EQ(solver.FloorDiv(Dim(-7), 0, 2), Dim(-4));
  // The short form has the same value as the long one.
  for (int64_t h = 1; h < 100; ++h) {
    int64_t step = h;
    for (int i = 0; i < 5; ++i) step = (step + 1) / 2;
    EXPECT_EQ(size.Evaluate({{"h", h}}).value(), step);
  }
}

TEST(SolveSizeTest, SymbolsCanBeAddedLater) {
  SizeSolver solver = FourRuns();
  EXPECT_EQ(Solve(solver, {17, 4, 9, 31}), "nothing");
  EXPECT_FALSE(solver.HasSymbol("found"));
  solver.AddSymbol("found", {17, 4, 9, 31});
  EXPECT_TRUE(solver.HasSymbol("found"));
  EXPECT_EQ(Solve(solver, {17, 4, 9, 31}), "found");
  EXPECT_EQ(Solve(solver, {68, 16, 36, 124}), "found*4");
  EXPECT_EQ(Solve(solver, {34, 12, 45, 248}), "n*found");
  EXPECT_EQ(solver.assignments()[2].at("found"), 9);
}

}  // namespace
}  // namespace flextorchir
