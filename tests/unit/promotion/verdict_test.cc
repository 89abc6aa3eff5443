#include "lib/promotion/verdict.h"

#include <array>

#include "gtest/gtest.h"

namespace cairn::promotion {
namespace {

// One letter each, so that the tables below read as tables.
// NOLINTBEGIN(readability-identifier-naming)
constexpr Verdict P = Verdict::PASS;
constexpr Verdict F = Verdict::FAIL;
constexpr Verdict I = Verdict::INCONCLUSIVE;
constexpr Verdict S = Verdict::SKIPPED;
constexpr Verdict E = Verdict::ERROR;
// NOLINTEND(readability-identifier-naming)
constexpr std::array<Verdict, 5> kAll = {P, F, I, S, E};

// Rows and columns: PASS, FAIL, INCONCLUSIVE, SKIPPED, ERROR.
constexpr Verdict kAnd[5][5] = {
    {P, F, I, P, E}, {F, F, F, F, E}, {I, F, I, I, E}, {P, F, I, S, E}, {E, E, E, E, E}};
constexpr Verdict kOr[5][5] = {
    {P, P, P, P, E}, {P, F, I, F, E}, {P, I, I, I, E}, {P, F, I, S, E}, {E, E, E, E, E}};
constexpr Verdict kNot[5] = {F, P, I, S, E};

TEST(Verdict, TruthTablesInFull) {
  for (size_t a = 0; a < 5; ++a) {
    EXPECT_EQ(Not(kAll[a]), kNot[a]) << VerdictName(kAll[a]);
    for (size_t b = 0; b < 5; ++b) {
      SCOPED_TRACE(std::string(VerdictName(kAll[a])) + ", " + std::string(VerdictName(kAll[b])));
      EXPECT_EQ(And(kAll[a], kAll[b]), kAnd[a][b]);
      EXPECT_EQ(Or(kAll[a], kAll[b]), kOr[a][b]);
    }
  }
}

TEST(Verdict, WorstGoesByErrorFailInconclusivePass) {
  constexpr std::array<Verdict, 5> kOrder = {E, F, I, P, S};
  for (size_t a = 0; a < 5; ++a) {
    for (size_t b = 0; b < 5; ++b) {
      EXPECT_EQ(Worst(kOrder[a], kOrder[b]), kOrder[std::min(a, b)]);
    }
  }
}

TEST(Verdict, AValueNobodySetIsAnError) {
  const auto unset = Verdict::VERDICT_UNSPECIFIED;
  EXPECT_EQ(Or(P, unset), E);
  EXPECT_EQ(And(unset, P), E);
  EXPECT_EQ(Not(unset), E);
  EXPECT_EQ(Worst(static_cast<Verdict>(17), P), E);
}

}  // namespace
}  // namespace cairn::promotion
