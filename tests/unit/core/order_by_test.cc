#include "server/core/order_by.h"

#include <algorithm>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::core {
namespace {

using RunProto = cairn::v1::Run;
using testing::IsOk;
using testing::StatusIs;

RunProto RunWith(const std::string& uid, std::optional<double> metric) {
  RunProto run;
  run.set_uid(uid);
  if (metric) {
    auto* m = run.add_metrics();
    m->set_key("x");
    m->mutable_latest()->set_value(*metric);
  }
  return run;
}

std::string Sorted(const std::string& order_by, std::vector<RunProto> runs) {
  const auto order = RunOrder::Parse(order_by);
  EXPECT_THAT(order, IsOk());
  std::sort(runs.begin(), runs.end(),
            [&](const RunProto& a, const RunProto& b) { return order->Compare(a, b) < 0; });
  std::string uids;
  for (const RunProto& run : runs) uids += run.uid();
  return uids;
}

TEST(RunOrder, NumbersThenNanThenMissingInBothDirections) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<RunProto> runs = {
      RunWith("m", std::nullopt), RunWith("n", nan),  RunWith("2", 2.0), RunWith("b", -0.0),
      RunWith("a", 0.0),          RunWith("-", -3.0), RunWith("i", inf)};
  EXPECT_EQ(Sorted("metrics.x", runs), "-ab2inm");
  EXPECT_EQ(Sorted("metrics.x desc", runs), "i2ab-nm");
}

TEST(RunOrder, ParametersSortAsNumbersAndTextsByBytes) {
  std::vector<RunProto> runs;
  for (const char* value : {"10", "9", "b", "a", ""}) {
    RunProto run;
    run.set_uid(*value == '\0' ? "-" : value);
    if (*value != '\0') (*run.mutable_params())["k"] = value;
    runs.push_back(run);
  }
  EXPECT_EQ(Sorted("params.k", runs), "910ab-");
  EXPECT_EQ(Sorted("params.k desc", runs), "109ba-");
}

TEST(RunOrder, NewestFirstByDefaultAndPrefixesSortFirst) {
  RunProto old = RunWith("a", std::nullopt);
  *old.mutable_start_time() = ToTimestamp(-5);
  RunProto fresh = RunWith("b", std::nullopt);
  *fresh.mutable_start_time() = ToTimestamp(5);
  EXPECT_EQ(Sorted("", {old, RunWith("c", std::nullopt), fresh}), "bac");
  RunProto shorter = RunWith("1", std::nullopt);
  shorter.set_display_name("ab");
  RunProto longer = RunWith("2", std::nullopt);
  longer.set_display_name(std::string("ab\0", 3));
  EXPECT_EQ(Sorted("display_name", {longer, shorter}), "12");
  EXPECT_EQ(Sorted("display_name desc", {shorter, longer}), "21");
}

TEST(RunOrder, KeysAgreeWithTheValuesInRandomData) {
  constexpr uint64_t kSeed = 7;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 rng(kSeed);
  std::normal_distribution<double> normal(0, 100);
  const auto up = RunOrder::Parse("metrics.x");
  const auto down = RunOrder::Parse("metrics.x desc");
  for (int i = 0; i < 2000; ++i) {
    const double a = normal(rng);
    const double b = normal(rng);
    ASSERT_EQ(up->Compare(RunWith("r", a), RunWith("r", b)) < 0, a < b) << a << " " << b;
    ASSERT_EQ(down->Compare(RunWith("r", a), RunWith("r", b)) < 0, a > b) << a << " " << b;
  }
}

TEST(RunOrder, ErrorsNameTheByte) {
  const auto position = [](std::string_view text) {
    const auto order = RunOrder::Parse(text);
    EXPECT_TRUE(HasReason(order.status(), ErrorReason::ORDER_BY_INVALID)) << text;
    return MetadataOf(order.status(), "position");
  };
  EXPECT_EQ(position("uid, colour"), "5");
  EXPECT_EQ(position("uid up"), "4");
  EXPECT_EQ(position("uid,"), "4");
  EXPECT_EQ(position("dataset"), "0");
  EXPECT_EQ(position("uid desc user"), "9");
  std::string many = "uid";
  for (int i = 0; i < kMaxOrderKeys; ++i) many += ",uid";
  EXPECT_THAT(RunOrder::Parse(many), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::core
