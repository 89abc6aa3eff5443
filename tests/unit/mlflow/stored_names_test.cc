#include "lib/mlflow/stored_names.h"

#include <string>

#include "gtest/gtest.h"
#include "lib/base/utf8_prefix.h"
#include "lib/mlflow/stored_inputs.h"
#include "nlohmann/json.hpp"

namespace cairn::mlflow {
namespace {

// What is stored stays as it is. The id is the SHA-256 of name, zero byte and digest, its first 16
// digits.
TEST(StoredNamesTest, KeysOfStoredThingsAreWhatTheyWere) {
  EXPECT_EQ(InputTagKey("iris", "0f1e2d3c"), "mlflow.input.e814cfe173cacadf");
  EXPECT_EQ(KeyOnDataset({"val/loss", "a/b c", "d"}), "mlflow.dataset/a%2Fb%20c/d/val/loss");
  EXPECT_EQ(ModelIdOf("0123456789abcdef0123456789abcdef"), "m-0123456789abcdef0123456789abcdef");
}

TEST(StoredNamesTest, AMetricOnADataSetIsReadAsItWasWritten) {
  const ModelMetricKey metric{"val/loss", "a/b c%", "d:1"};
  const auto read = MetricOnDataset(KeyOnDataset(metric));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->key, metric.key);
  EXPECT_EQ(read->dataset_name, metric.dataset_name);
  EXPECT_EQ(read->dataset_digest, metric.dataset_digest);
  for (const char* other :
       {"loss", "mlflow.dataset/", "mlflow.dataset/a/d", "mlflow.dataset/%/d/k"}) {
    EXPECT_FALSE(MetricOnDataset(other).has_value()) << other;
  }
  EXPECT_EQ(KeyOnDataset({"k", std::string(300, 'n'), "d"}), "");
}

TEST(StoredNamesTest, LongPartsOfADataSetAreLeftOut) {
  const nlohmann::json input = {
      {"dataset", {{"name", "n"}, {"profile", std::string(60, 'p')}, {"schema", "s"}}},
      {"tags", nlohmann::json::array()}};
  EXPECT_EQ(InputTagValue(input, 1000), input.dump());
  EXPECT_EQ(InputTagValue(input, 60), R"({"dataset":{"name":"n","schema":"s"},"tags":[]})");
  EXPECT_EQ(InputTagValue(input, 1), R"({"dataset":{"name":"n"},"tags":[]})");
}

TEST(StoredNamesTest, ATextIsCutBetweenCharacters) {
  EXPECT_EQ(Utf8Prefix("abc", 3), "abc");
  EXPECT_EQ(Utf8Prefix("abcd", 3), "abc");
  EXPECT_EQ(Utf8Prefix("a\xC3\xA4", 2), "a");
  EXPECT_EQ(Utf8Prefix("\xF0\x9F\x8C\xB2", 3), "");
}

}  // namespace
}  // namespace cairn::mlflow
