// Rows that look like the one before are read without looking at their keys; that must never be
// seen.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "pipeline/serving/request_body.h"
#include "pipeline/serving/row_pattern.h"
#include "pipeline/serving/wide.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using ::testing::ElementsAreArray;

constexpr std::array<const char*, 4> kColumns = {"spend", "items", "gap", "hour"};

// How one row is written.
struct Style {
  std::array<size_t, 4> order = {0, 1, 2, 3};
  std::string blank;
  std::string extra;  // a further field, with its comma
  bool array = false;
};

Style RandomStyle(std::mt19937& random) {
  Style style;
  std::shuffle(style.order.begin(), style.order.end(), random);
  style.blank = std::array<const char*, 3>{"", " ", "\n\t"}[random() % 3];
  style.extra = std::array<const char*, 4>{"", R"("id":"a,b]}",)", R"("id":17850,)",
                                           R"("id":[1,{"spend":2}],)"}[random() % 4];
  style.array = random() % 3 == 0;
  return style;
}

std::string Written(const Style& style, const double* row) {
  std::string out = style.array ? "[" : "{" + style.extra;
  for (size_t i = 0; i < 4; ++i) {
    const size_t j = style.array ? i : style.order[i];
    if (i > 0) out += "," + style.blank;
    if (!style.array) out += fmt::format("\"{}\":{}", kColumns[j], style.blank);
    out += ShortestDouble(row[j]);
  }
  return out + style.blank + (style.array ? "]" : "}");
}

double RandomValue(std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      return static_cast<double>(random() % 400);
    case 1:
      return -static_cast<double>(random() % 100'000) / 100;
    case 2:
      return static_cast<double>(random() % 10'000'000) / 700;
    default:
      return static_cast<double>(random()) * 1e30;
  }
}

std::string RowsBody(const std::vector<std::string>& rows) {
  std::string out = R"({"instances":[)";
  for (size_t i = 0; i < rows.size(); ++i) out += (i == 0 ? "" : ",") + rows[i];
  return out + "]}";
}

class JsonRowsTest : public ::testing::Test {
 protected:
  const ModelPtr model_ = ServedSmallModel();
  FeatureRows rows_;
};

TEST_F(JsonRowsTest, RowsThatChangeTheirLookNowAndThenAreReadAsTheyAre) {
  std::mt19937 random(1);
  for (int turn = 0; turn < 300; ++turn) {
    std::vector<double> values(4 * (1 + random() % 60));
    std::vector<std::string> rows;
    Style style = RandomStyle(random);
    for (size_t i = 0; i < values.size(); i += 4) {
      if (random() % 8 == 0) style = RandomStyle(random);
      std::generate_n(values.begin() + static_cast<std::ptrdiff_t>(i), 4,
                      [&] { return RandomValue(random); });
      rows.push_back(Written(style, &values[i]));
    }
    const absl::Status read = ReadJsonBody(RowsBody(rows), *model_, 100, &rows_);
    ASSERT_TRUE(read.ok()) << read << RowsBody(rows);
    ASSERT_EQ(rows_.count, rows.size());
    ASSERT_THAT(rows_.values, ElementsAreArray(values)) << RowsBody(rows);
  }
}

TEST_F(JsonRowsTest, WhatIsWrongBehindManyEqualRowsIsNamedWithItsPlace) {
  const struct {
    const char* row;
    const char* error;
  } cases[] = {
      {R"({"spend":1,"items":null,"gap":3,"hour":4})",
       "VALUE_INVALID|700|items|null|must be a finite number"},
      {R"({"spend":1,"items":1e999,"gap":3,"hour":4})",
       "VALUE_INVALID|700|items|1e999|must be a finite number"},
      {R"({"spend":1,"items":2,"items":3,"hour":4})",
       "VALUE_INVALID|700|items|items|the column is there twice"},
      {R"({"spend":1,"items":2,"gap":3})", "COLUMN_MISSING|700|hour||must be there"},
      {R"({"spend":1,"items":2,"gap":3,"hours":4})", "COLUMN_MISSING|700|hour||must be there"},
      {R"({"spend":1,"items":2,"gap":3,"hour":04})", "REQUEST_MALFORMED||||"},
      {R"({"spend":1,"items":2,"gap":3,"hour":4.})",
       "VALUE_INVALID|700|hour|4.|must be a finite number"},
      {R"({"spend":1,"items":2,"gap":3,"hour":4,})", "REQUEST_MALFORMED||||"},
      {R"("spend")", "VALUE_INVALID|700|instance|\"spend\"|must be an object or an array"},
  };
  for (const auto& [row, error] : cases) {
    std::vector<std::string> rows(1000, R"({"spend":1.5,"items":2,"gap":3,"hour":4})");
    rows[700] = row;
    const absl::Status read = ReadJsonBody(RowsBody(rows), *model_, 1000, &rows_);
    EXPECT_EQ(fmt::format("{}|{}|{}|{}|{}", ReasonOf(read), MetadataOf(read, "instance"),
                          MetadataOf(read, "column"), MetadataOf(read, "value"),
                          MetadataOf(read, "rule")),
              error)
        << row;
  }
}

TEST_F(JsonRowsTest, TheNumberOfEqualRowsIsBoundedToo) {
  const std::vector<std::string> rows(1000, "[1,2,3,4]");
  EXPECT_TRUE(ReadJsonBody(RowsBody(rows), *model_, 1000, &rows_).ok());
  EXPECT_EQ(rows_.count, 1000U);
  const absl::Status read = ReadJsonBody(RowsBody(rows), *model_, 999, &rows_);
  EXPECT_EQ(ReasonOf(read), "TOO_LARGE");
}

TEST_F(JsonRowsTest, FewerRowsThanTheTimeBeforeLeaveNothingOfThose) {
  ASSERT_TRUE(
      ReadJsonBody(RowsBody(std::vector<std::string>(500, "[9,9,9,9]")), *model_, 500, &rows_)
          .ok());
  ASSERT_TRUE(ReadJsonBody(RowsBody({"[1,2,3,4]"}), *model_, 500, &rows_).ok());
  EXPECT_THAT(rows_.values, ElementsAreArray({1.0, 2.0, 3.0, 4.0}));
}

TEST_F(JsonRowsTest, RowsWithoutACommaBetweenThemAreNoJson) {
  constexpr size_t kRows = 10;
  for (const std::string row : {"[1,2,3,4]", R"({"spend":1,"items":2,"gap":3,"hour":4})"}) {
    for (size_t first = 1; first < kRows; ++first) {
      for (size_t last = first; last < kRows; ++last) {
        std::string body = R"({"instances":[)";
        for (size_t i = 0; i < kRows; ++i) {
          body += (i == 0 || (first <= i && i <= last) ? "" : ",") + row;
        }
        body += "]}" + std::string(2 * kNumberRoom, ' ');
        EXPECT_EQ(ReasonOf(ReadJsonBody(body, *model_, 100, &rows_)), "REQUEST_MALFORMED") << body;
      }
    }
  }
}

TEST_F(JsonRowsTest, RowsOfMoreNumbersThanAreLearntAreReadAllTheSame) {
  constexpr size_t kOthers = RowPattern::kMostNumbers + 100;
  std::string others;
  for (size_t i = 0; i < kOthers; ++i) others += fmt::format(R"("other{}":{},)", i, i);
  std::vector<std::string> rows;
  std::vector<double> values;
  for (int i = 0; i < 4; ++i) {
    rows.push_back("{" + others + fmt::format(R"("spend":{},"items":2,"gap":3,"hour":4}})", i));
    values.insert(values.end(), {i + 0.0, 2, 3, 4});
  }
  ASSERT_TRUE(ReadJsonBody(RowsBody(rows), *model_, 100, &rows_).ok());
  EXPECT_THAT(rows_.values, ElementsAreArray(values));
  EXPECT_EQ(rows_.ignored_columns, kOthers);
}

// Whether a second row is read by the pattern of the first.
bool IsLearnt(size_t numbers) {
  std::string row = ",[";
  for (size_t i = 0; i < numbers; ++i) row += i == 0 ? "1" : ",1";
  row += "]";
  const std::string text = row + row + std::string(2 * kNumberRoom, ' ');
  RowPattern pattern;
  pattern.Begin(text.data());
  for (size_t i = 0; i < numbers; ++i) {
    const char* const number = text.data() + 2 + 2 * i;
    pattern.Note(-1, number, number + 1);
  }
  pattern.End(text.data() + row.size());
  JsonCursor cursor(text);
  cursor.MoveTo(text.data() + row.size());
  double none = 0;
  return pattern.Read(cursor, &none) && cursor.offset() == 2 * row.size();
}

TEST(RowPatternTest, ARowOfManyNumbersIsNotLearnt) {
#if defined(__x86_64__)
  if (!HasWide()) GTEST_SKIP() << "no AVX2 here";
#endif
  EXPECT_TRUE(IsLearnt(RowPattern::kMostNumbers));
  EXPECT_FALSE(IsLearnt(RowPattern::kMostNumbers + 1));
}

TEST_F(JsonRowsTest, ABodyThatEndsAnywhereIsRefusedAndNothingBehindItIsRead) {
  const std::string whole = RowsBody(std::vector<std::string>(12, "[1.25,2,3,4]"));
  for (size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees its end.
    EXPECT_FALSE(ReadJsonBody(whole.substr(0, size), *model_, 100, &rows_).ok()) << size;
  }
}

}  // namespace
}  // namespace cairn::pipeline::serving
