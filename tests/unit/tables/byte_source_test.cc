#include "lib/tables/byte_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <string>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tables {
namespace {

using testing::IsOk;
using testing::StatusIs;

absl::StatusOr<std::string> ReadAll(const ByteSource& source, size_t piece) {
  std::string all;
  std::string buffer(piece, '\0');
  while (true) {
    const auto size = source(buffer.data(), buffer.size());
    if (!size.ok()) return size.status();
    if (*size == 0) return all;
    all.append(buffer, 0, *size);
  }
}

std::string Packed(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

TEST(ByteSourceTest, ZstdIsUnpackedHoweverItIsCut) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + "\n";
  const std::string packed = Packed(text) + Packed("") + Packed("the end");
  for (const size_t piece : {size_t{1}, size_t{777}, SIZE_MAX}) {
    const auto all = ReadAll(Unzstd(FromText(packed, piece)), 1000);
    ASSERT_THAT(all, IsOk());
    EXPECT_EQ(*all, text + "the end");
  }
  EXPECT_EQ(*ReadAll(Unzstd(FromText("")), 10), "");
}

TEST(ByteSourceTest, DamagedAndCutOffZstdIsDataLoss) {
  std::string packed = Packed(std::string(10'000, 'x') + "yz");
  const std::string cut = packed.substr(0, packed.size() - 3);
  EXPECT_THAT(ReadAll(Unzstd(FromText(cut)), 100), StatusIs(absl::StatusCode::kDataLoss));
  packed[0] = 'x';
  EXPECT_THAT(ReadAll(Unzstd(FromText(packed)), 100), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ByteSourceTest, AFileThatIsMissingIsNamed) {
  const auto source = OpenTable("/nonexistent/a.csv", "a.csv");
  EXPECT_THAT(source, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_NE(source.status().message().find("/nonexistent/a.csv"), std::string::npos);
}

TEST(ByteSourceTest, TablesAreKnownByTheirNames) {
  for (const char* name : {"a.csv", "dir/A.CSV", "b.csv.zst"}) EXPECT_TRUE(IsTableName(name));
  for (const char* name : {"csv", "a.zst", "a.csv.gz", "a.csvx"}) EXPECT_FALSE(IsTableName(name));
}

}  // namespace
}  // namespace cairn::tables
