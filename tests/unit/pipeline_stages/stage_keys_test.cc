// The keys of all stages, letter by letter. Sweeps on a server are found again by the key of
// `evaluate`, and values in a cache by that of their stage: a key that changes without a new
// version of its stage loses both.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/stages/stage_graph.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using Keys = std::vector<std::pair<std::string, std::string>>;
using cairn::testing::IsOk;

Keys KeysOf(const PipelineConfig& config) {
  Keys keys;
  for (const StageInfo& stage : StageGraph()) {
    keys.emplace_back(stage.name, StageKey(stage.name, config, std::string(64, 'a')));
  }
  return keys;
}

// Every setting that belongs to a key, none with the value of a preset but the forest's draws, for
// the keys below are older than those of scikit-learn.
PipelineConfig Unusual() {
  PipelineConfig config = PresetConfig("classic").value();
  const std::vector<std::string> settings = {"input.max_reject_share=0.25",
                                             "input.encoding=iso-8859-1",
                                             "input.separator=;",
                                             "input.decimal=,",
                                             "input.date_order=day_first",
                                             "input.sheet=Sales",
                                             "input.null_values=[NA, '-']",
                                             "cleaning.product_codes=all",
                                             "cleaning.home_country=France",
                                             "outliers.trees=50",
                                             "outliers.sample_size=128",
                                             "outliers.contamination=0.1",
                                             "outliers.seed=42",
                                             "outliers.draws=own",
                                             "scaling.method=robust",
                                             "scaling.columns.Is_UK=none",
                                             "pca.variance=0.7",
                                             "pca.min_components=3",
                                             "pca.max_components=9",
                                             "pca.extra_components=2",
                                             "sweep.k=[4, 6]",
                                             "sweep.tol=0.001",
                                             "select.min_k=4",
                                             "select.max_k=9",
                                             "select.min_share=0.03",
                                             "select.min_silhouette=0.3",
                                             "select.max_davies_bouldin=1.2"};
  const absl::Status status = ApplySettings(settings, &config);
  EXPECT_THAT(status, IsOk());
  return config;
}

TEST(StageKeysTest, ThoseOfThePresetAreTheOldOnes) {
  EXPECT_EQ(
      KeysOf(PresetConfig("default").value()),
      (Keys{
          {"load", "c6ece9c6de06b5408c0f43a39514ac826d1b629cbcdb11bfb53224a42f38627b"},
          {"missing_values", "76b58b788c9a7311bcbb80fec0c3d2aab5e87544e2458c472bfdbb9e4e9dbe47"},
          {"duplicates", "1f3e89c0f44be40c93b38ac260fa19e39160d5e9cc9a13461893637cdc3cf416"},
          {"transaction_status",
           "615d617cd023d993848b85ec4175a18ef051994488c9870c62cf325f5083bc63"},
          {"stock_codes", "f5b77536d83c377380e8a8203b25bece1cce74eb61d5242b1b75cc9d51d64420"},
          {"descriptions", "48474dd7d7d1fb58f6180cb1084a32a191ec11a769f7a0bf0ba7a22b9e9b2f7c"},
          {"zero_price", "5b267cbfac37ac3dd9d1b2fc40f887f2628b654040c9f35277753a42e7c432d0"},
          {"features", "99d1cdc5bc3fea0289240513e1f8e9e1c7675067da98e9aaf63282fdef0a4b57"},
          {"correlation", "b3928c655a64e460a01d1d5cdf6deab7178a5975e20c8494efd6606805412c65"},
          {"outliers", "d4773878a5825bcb25ee789c9c2b00e4fa6d9945109fa788a49264deaa5f45c7"},
          {"scale", "1cee8d24b5fc3cd073f52861b42d4401d6d9db7ec48c0b9f7f559c6297bd3f52"},
          {"pca", "f8666def6a71734aa7a11469a775f86d33b46676984ae86951db7d5ed67ef404"},
          {"correlation_prepared",
           "9b8f47bbffa7c6017e035db85fb3a8722ae3419feb27206691fe02f43257eccf"},
          {"sweep", "309a5cbdb4af9cfab5c1fdb2382286c4fba3bb691227282ac9f5a277783a61b7"},
          {"evaluate", "683e00a71dba650156398c3279f83b6bbffef25971dbfc920cc584ef5ad726bd"},
          {"stability", "a34dc736cbf51ccae8c7dc62bc0db227569792e559a61a0a9535f75fad7d37ff"},
          {"select", "ab41970bcb8fbf0d3ba3b2c786dd4f9892bfbefc59e637b2ff7e4fb39f5ef9ff"},
          {"profile", "ac6391fda7cc6eecc366921ec2e0aa7b9e269a85fcbbd7196d2f993656207543"},
          {"register", "f78efb3ec609977727be091e6bf2941c5bb0ddcf9e368fd7853dc318f5f92194"},
      }));
}

// Kind of fault: everything is trained again because a warning was moved.
TEST(StageKeysTest, LimitsOfDriftBelongToNone) {
  const PipelineConfig plain = PresetConfig("default").value();
  PipelineConfig config = plain;
  for (const LimitRow& row : LimitTable()) row.write(config.monitoring) = row.least + 1;
  config.monitoring.delivery.window = 9;
  EXPECT_EQ(KeysOf(config), KeysOf(plain));
}

TEST(StageKeysTest, TheForestsSeedAndDrawsBelongToItsKeyAndToNoneBefore) {
  const PipelineConfig before = PresetConfig("default").value();
  for (const char* setting : {"outliers.seed=43", "outliers.draws=scikit-learn"}) {
    SCOPED_TRACE(setting);
    PipelineConfig after = before;
    ASSERT_THAT(ApplySettings({setting}, &after), IsOk());
    const auto key = [](const PipelineConfig& config, std::string_view stage) {
      return StageKey(stage, config, std::string(64, 'a'));
    };
    EXPECT_EQ(key(after, "features"), key(before, "features"));
    EXPECT_NE(key(after, "outliers"), key(before, "outliers"));
    EXPECT_NE(key(after, "select"), key(before, "select"));
  }
}

TEST(StageKeysTest, ThoseOfUnusualSettingsAreTheOldOnes) {
  EXPECT_EQ(
      KeysOf(Unusual()),
      (Keys{
          {"load", "0b3f543fd5027e25d0eabac7dd5f2e5f923e6c588b1282c0fca20991f105bdca"},
          {"missing_values", "302aa8c58c34fa49dff4ea4e02ddf700c66bedea033ac38fc815773a794292f8"},
          {"duplicates", "5fda6210d45abda62e75bbf0afd9b4d360be9f538db3fd50299c62ae05b17dee"},
          {"transaction_status",
           "806310f5002484651f34c91e44dfef9a404f92dca5a1b778556d4b3c60606aa2"},
          {"stock_codes", "bef07fc4ab695f0c8d9b71784d35909635b2f04fe09e8672ab9e4d2c57656e18"},
          {"descriptions", "815ef02df75242038c1e8d493bdefb2cda1779c47068d68a19bcd210d3ef3c5e"},
          {"zero_price", "57c4227af262ca8806516be99d0133f1f1f469f0e08cfd19acd4003bf6ded0d3"},
          {"features", "3ba2a940b7c3d222ad485161041d95bea2d70af10ebf6fa4a0ac4cc7360bebbb"},
          {"correlation", "6709f64ceb37cd3a173fa3dd9817899ace9c240738fa76fe6596ac043faf22c0"},
          {"outliers", "143bef6ae85196e0f1f1a244689833e32a9a3797312ff118d9fd439df8988513"},
          {"scale", "c65cf33e355ebe169d2285d54b130350181ceb5a4bb571b203f1e9577b5a2819"},
          {"pca", "5f7fd56bb57be8e3a4b9958e4def085de473b94163ac07252caa51d753ea74be"},
          {"correlation_prepared",
           "308d6cc5302a94f82cd68be93df3d7a4abf38b5cfed21047ffc81221709afdf9"},
          {"sweep", "c8199018f313760b58389acd804469606814dd7faccbfaf1b4399eeca1791f0e"},
          {"evaluate", "95abe2dbb6459e1a8b0024c1af8339640969e35eda11f43bd3c2c7b60edf72a9"},
          {"stability", "0df69989f3a4a7ea208735b910e06d79ad52ce8787f5d1b5289d38ab8bcefdcc"},
          {"select", "b9237acf6ff7ab55f6c1423f8b6d1d6162dd6195eccad6a6a8f3e130b824611f"},
          {"profile", "d309a372c81463ac22e3944f092beb5d5239d53f202830458003ab5cdd558197"},
          {"register", "c38888f57a53c4d19a6623dd867e82c047b02770cf50e94911e135f987085cc5"},
      }));
}

}  // namespace
}  // namespace cairn::pipeline
