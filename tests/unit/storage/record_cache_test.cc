#include "server/storage/record_cache.h"

#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace cairn::storage {
namespace {

Key KeyOf(const std::string& bytes) { return {Family::kRecord, bytes}; }

std::optional<Record> RecordOf(Revision revision, std::string payload) {
  return Record{revision, revision, 1, std::move(payload)};
}

TEST(RecordCache, KnowsWhatItWasToldAbsenceToo) {
  RecordCache cache(1 << 20);
  EXPECT_EQ(cache.Find(KeyOf("a")), nullptr);
  cache.Set(KeyOf("a"), RecordOf(3, "x"));
  cache.Set(KeyOf("b"), std::nullopt);
  ASSERT_NE(cache.Find(KeyOf("a")), nullptr);
  EXPECT_EQ((*cache.Find(KeyOf("a")))->payload, "x");
  ASSERT_NE(cache.Find(KeyOf("b")), nullptr);
  EXPECT_FALSE(cache.Find(KeyOf("b"))->has_value());
  EXPECT_EQ(cache.Find({Family::kMetric, "a"}), nullptr);
  cache.Clear();
  EXPECT_EQ(cache.Find(KeyOf("a")), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(RecordCache, AnUpdateOfAnUnknownKeyIsNotKept) {
  RecordCache cache(1 << 20);
  cache.Update(KeyOf("a"), RecordOf(1, "x"));
  EXPECT_EQ(cache.Find(KeyOf("a")), nullptr);
  cache.Set(KeyOf("a"), RecordOf(1, "x"));
  cache.Update(KeyOf("a"), RecordOf(2, "y"));
  EXPECT_EQ((*cache.Find(KeyOf("a")))->mod_revision, 2);
  cache.Update(KeyOf("a"), std::nullopt);
  EXPECT_FALSE(cache.Find(KeyOf("a"))->has_value());
}

TEST(RecordCache, ALargeRecordIsForgottenInsteadOfKeptAsItWas) {
  RecordCache cache(1 << 20);
  cache.Set(KeyOf("a"), RecordOf(1, "x"));
  cache.Update(KeyOf("a"), RecordOf(2, std::string(100'000, 'y')));
  EXPECT_EQ(cache.Find(KeyOf("a")), nullptr);
}

TEST(RecordCache, RecordsThatGrowInTheirPlaceDoNotExceedTheLimit) {
  constexpr size_t kMaxBytes = 50'000;
  RecordCache cache(kMaxBytes);
  for (int round = 1; round <= 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      const Key key = KeyOf(std::to_string(i));
      if (cache.Find(key) == nullptr) cache.Set(key, RecordOf(round, "x"));
      cache.Update(key, RecordOf(round, std::string(2'000, 'y')));
      ASSERT_LE(cache.bytes(), kMaxBytes + 3'000);
    }
  }
  cache.Clear();
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(RecordCache, IsNeverWrongAndNeverTooLarge) {
  constexpr size_t kMaxBytes = 20'000;
  RecordCache cache(kMaxBytes);
  std::mt19937_64 random(11);
  std::map<std::string, std::optional<Record>> truth;
  int hits = 0;
  for (int i = 1; i <= 50'000; ++i) {
    const std::string name = std::to_string(random() % 200);
    if (random() % 3 == 0) {
      auto& state = truth[name];
      state = random() % 5 == 0 ? std::nullopt : RecordOf(i, std::string(random() % 300, 'p'));
      cache.Update(KeyOf(name), state);
    } else if (const auto* known = cache.Find(KeyOf(name))) {
      ++hits;
      ASSERT_EQ(known->has_value(), truth[name].has_value());
      ASSERT_EQ(*known ? (*known)->mod_revision : 0, truth[name] ? truth[name]->mod_revision : 0);
    } else {
      cache.Set(KeyOf(name), truth[name]);
    }
    ASSERT_LE(cache.bytes(), kMaxBytes + 1'000);
  }
  EXPECT_GT(hits, 1'000);
}

}  // namespace
}  // namespace cairn::storage
