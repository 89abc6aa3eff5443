#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "server/core/filter_parser.h"
#include "server/core/run_filter.h"
#include "tests/testing/status_matchers.h"

namespace cairn::core {
namespace {

using RunProto = cairn::v1::Run;
using testing::IsOk;
using testing::StatusIs;

std::string Canonical(std::string_view text) {
  const auto filter = ParseFilter(text);
  return filter.ok() ? FilterToString(*filter) : std::string(filter.status().message());
}

// Lists with `count` values in all that have a wildcard.
std::string WithWildcards(int count) {
  std::string text = "params.a IN (x";
  for (int i = 0; i < count / 2; ++i) text += ", a*";
  text += ") AND params.b IN (x";
  for (int i = count / 2; i < count; ++i) text += ", *b";
  return text + ")";
}

std::string PositionOfError(std::string_view text) {
  const auto filter = RunFilter::Compile(text);
  EXPECT_TRUE(HasReason(filter.status(), ErrorReason::FILTER_INVALID)) << text;
  return MetadataOf(filter.status(), "position");
}

void AddMetric(RunProto& run, const std::string& key, double value) {
  auto* metric = run.add_metrics();
  metric->set_key(key);
  metric->mutable_latest()->set_value(value);
  metric->set_min(value - 1);
  metric->set_max(value + 1);
}

RunProto ExampleRun() {
  RunProto run;
  run.set_uid("0123456789abcdef0123456789abcdef");
  run.set_display_name("Kmeans k=4 Final");
  run.set_state(RunProto::SUCCEEDED);
  *run.mutable_start_time() = ToTimestamp(1'323'435'000 * kNanosPerSecond);  // 2011-12-09T12:50
  (*run.mutable_params())["k"] = "4";
  (*run.mutable_params())["lr"] = "0.10";
  (*run.mutable_params())["init"] = "k-means++";
  (*run.mutable_tags())["team.name"] = "crm*";
  AddMetric(run, "silhouette", 0.3);
  AddMetric(run, "val/loss", 2);
  AddMetric(run, "broken", std::numeric_limits<double>::quiet_NaN());
  *run.mutable_end_time() = ToTimestamp(1'323'435'090 * kNanosPerSecond);  // 90 s later
  run.add_outputs()->set_resource("models/segments/versions/7");
  auto* input = run.add_inputs();
  input->set_dataset_version("datasets/retail-features/versions/3");
  input->set_sha256(std::string(64, 'c'));
  return run;
}

TEST(FilterParser, OrBindsTighterThanAndAndBlanksMeanAnd) {
  EXPECT_EQ(Canonical("a = 1 AND b = 2 OR c = 3"), "a = 1 AND (b = 2 OR c = 3)");
  EXPECT_EQ(Canonical("a=1 OR b=2 c=3"), "(a = 1 OR b = 2) AND c = 3");
  EXPECT_EQ(Canonical("NOT a=1 OR -b=2"), "NOT a = 1 OR NOT b = 2");
  EXPECT_EQ(Canonical("NOT (a=1 b=2)"), "NOT (a = 1 AND b = 2)");
  EXPECT_EQ(Canonical("((word))"), "word");
  EXPECT_EQ(Canonical(" \n "), "");
}

TEST(FilterParser, WrittenFormParsesToItself) {
  for (const char* text :
       {"a.b.`c d` = \"x\\\"y\\*z*\"", "metrics.\"val/loss\" >= -1e-3", "NOT (NOT a = 1)",
        "a:* OR (b = 1 (c = 2 OR d = 3))", "NOT a.b IN (1, \"x\\*y*\", c*) d IN (\"\")",
        "\"two words\" AND one*", "t < 2011-12-09T12:50:00Z"}) {
    const std::string once = Canonical(text);
    EXPECT_EQ(Canonical(once), once) << text;
  }
}

TEST(FilterParser, ErrorsNameTheByte) {
  EXPECT_EQ(PositionOfError("metrics.a > 1 AND"), "17");
  EXPECT_EQ(PositionOfError("AND uid = a"), "0");
  EXPECT_EQ(PositionOfError("(uid = a"), "0");
  EXPECT_EQ(PositionOfError("uid = a)"), "7");
  EXPECT_EQ(PositionOfError("uid = "), "6");
  EXPECT_EQ(PositionOfError("uid = \"a"), "6");
  EXPECT_EQ(PositionOfError("uid = \"a\\q\""), "8");
  EXPECT_EQ(PositionOfError("uid = a and user = b"), "8");
  EXPECT_EQ(PositionOfError("uid = (a OR b)"), "6");
  EXPECT_EQ(PositionOfError("len(uid) = 3"), "0");
  EXPECT_EQ(PositionOfError("user = a colour = red"), "9");
  EXPECT_EQ(PositionOfError("metrics.a = much"), "12");
  EXPECT_EQ(PositionOfError("state = DONE"), "8");
  EXPECT_EQ(PositionOfError("start_time > yesterday"), "13");
  EXPECT_EQ(PositionOfError("()"), "1");
  EXPECT_EQ(PositionOfError("uid IN ()"), "8");
  EXPECT_EQ(PositionOfError("uid IN (a"), "9");
  EXPECT_EQ(PositionOfError("uid IN (a b)"), "10");
  EXPECT_EQ(PositionOfError("uid IN (a,)"), "10");
  EXPECT_EQ(PositionOfError("uid IN (a)b"), "10");
  EXPECT_EQ(PositionOfError("state IN (RUNNING, DONE)"), "19");
  EXPECT_EQ(PositionOfError("metrics.a IN (1, much)"), "17");
  EXPECT_EQ(PositionOfError("duration > 3"), "11");
  EXPECT_EQ(PositionOfError("duration > inf"), "11");
}

TEST(FilterParser, LimitsEndInARefusal) {
  std::string clauses = "a=1";
  for (int i = 1; i < kMaxFilterClauses; ++i) clauses += " a=1";
  EXPECT_THAT(ParseFilter(clauses), IsOk());
  EXPECT_THAT(ParseFilter(clauses + " a=1"), StatusIs(absl::StatusCode::kInvalidArgument));
  const auto nested = [](int depth) {
    const auto n = static_cast<size_t>(depth);
    return std::string(n, '(') + "a=1" + std::string(n, ')');
  };
  EXPECT_THAT(ParseFilter(nested(kMaxFilterDepth)), IsOk());
  EXPECT_THAT(ParseFilter(nested(kMaxFilterDepth + 1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseFilter(std::string(kMaxFilterBytes + 1, ' ')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const auto list = [](size_t values, size_t bytes) {
    std::string text = "uid IN (";
    for (size_t i = 0; i < values; ++i) text += std::string(bytes, 'a') + ",";
    text.back() = ')';
    return text;
  };
  EXPECT_THAT(ParseFilter(list(kMaxFilterListValues, 32)), IsOk());
  EXPECT_THAT(ParseFilter(list(kMaxFilterListValues + 1, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      ParseFilter(list(kMaxFilterListValues / 2, 1) + " " + list(kMaxFilterListValues / 2 + 1, 1)),
      StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseFilter(list(9'000, 200)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseFilter(list(10, 10) + std::string(kMaxFilterBytes, ' ')),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseFilter("\xff"), StatusIs(absl::StatusCode::kInvalidArgument));
}

struct Case {
  const char* filter;
  bool matches;
};

TEST(RunFilter, EachKindOfComparison) {
  const RunProto run = ExampleRun();
  const std::vector<Case> cases = {
      {"", true},
      {"metrics.silhouette > 0.29 AND params.k = 4", true},
      {"metrics.silhouette >= 0.31", false},
      {"metrics.\"val/loss\" = 2", true},
      {"metrics.val/loss = 2", true},
      {"metrics_min.silhouette < 0 metrics_max.silhouette > 1", true},
      {"metrics.absent != 3", false},
      {"NOT metrics.absent = 3", true},
      {"metrics.absent:*", false},
      {"metrics:silhouette", true},
      {"metrics.broken = nan", true},
      {"metrics.broken > 0", false},
      {"params.lr = 0.1", true},
      {"params.lr = \"0.1\"", false},
      {"params.lr < 0.2 AND params.k >= 4", true},
      {"params.init = \"k-means*\"", true},
      {"params.init != random", true},
      {"params.init:means", true},
      {"tags.team.name = \"crm\\*\"", true},
      {"tags.team.name = \"cr\\*\"", false},
      {"tags.absent != x", false},
      {"state = SUCCEEDED", true},
      {"state != SUCCEEDED", false},
      {"start_time >= 2011-12-09T12:50:00Z", true},
      {"start_time < \"2011-12-09T13:50:00+01:00\"", false},
      {"end_time:*", true},
      {"create_time:*", false},
      {"create_time != 2011-12-09T12:50:00Z", false},
      {"duration = 90s", true},
      {"duration > 1m duration < 1m30.5s", true},
      {"duration:*", true},
      {"duration IN (1m, 1m30s)", true},
      {"output = segments", true},
      {"output = segments@7", true},
      {"output = \"models/segments/versions/7\"", true},
      {"output != segments", false},
      {"output = segments@8", false},
      {"params.k IN (3, 4.0)", true},
      {"params.k IN (\"4.0\")", false},
      {"params.k IN (5, 6)", false},
      {"NOT params.k IN (5, 6)", true},
      {"params.absent IN (1)", false},
      {"params.init IN (random,\"k-m*\")", true},
      {"metrics.silhouette IN (0.3, 0.4) AND state IN (FAILED, SUCCEEDED)", true},
      {"metrics.broken IN (1, nan)", true},
      {"dataset IN (other, retail-features@3)", true},
      {"uid IN (0123456789abcdef0123456789abcdef)", true},
      {"IN", true},  // a word by itself: "Final"
      {"dataset = retail-features", true},
      {"dataset = retail-features@3", true},
      {"dataset = retail-features@4", false},
      {"dataset != other", true},
      {"dataset = cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", true},
      {"final kmeans", true},
      {"\"k=4 final\"", true},
      {"K*NAL", true},
      {"-final", false},
      {"display_name = \"*k=4*\"", true},
      {"user != x", false},
  };
  for (const Case& c : cases) {
    const auto filter = RunFilter::Compile(c.filter);
    ASSERT_THAT(filter, IsOk()) << c.filter;
    EXPECT_EQ(filter->Matches(run), c.matches) << c.filter;
  }
}

TEST(RunFilterTest, AParentIsNamedInFullOrByItsId) {
  RunProto run = ExampleRun();
  const std::string id(32, 'a');
  const auto matches = [&run](const std::string& text) {
    return RunFilter::Compile(text).value().Matches(run);
  };
  for (const char* filter : {"parent_run:*", "parent_run = \"x\"", "parent_run != \"x\""}) {
    EXPECT_FALSE(matches(filter)) << filter;
  }
  EXPECT_TRUE(matches("NOT parent_run:*"));
  run.set_parent_run("experiments/7/runs/" + id);
  EXPECT_TRUE(matches("parent_run:*"));
  EXPECT_TRUE(matches("parent_run = \"" + id + "\""));
  EXPECT_TRUE(matches("parent_run:\"experiments/7/runs/" + id + "\""));
  EXPECT_TRUE(matches("parent_run = \"experiments/7/*\""));
  EXPECT_FALSE(matches("parent_run = \"experiments/7\""));
  EXPECT_FALSE(matches("parent_run:\"aaa\""));
  EXPECT_FALSE(matches("parent_run != \"" + id + "\""));
  EXPECT_TRUE(matches("parent_run != \"b\""));
  EXPECT_EQ(PositionOfError("parent_run < \"b\""), "0");
}

TEST(Filter, AllListsTogetherHaveAtMost64ValuesWithWildcards) {
  EXPECT_THAT(RunFilter::Compile(WithWildcards(64)), IsOk());
  const std::string more = WithWildcards(65);
  EXPECT_EQ(PositionOfError(more), std::to_string(more.size() - 3));
}

TEST(RunFilterTest, AnEmptyTextIsRefusedAndAStarIsAll) {
  for (const char* text : {"\"\"", "(\"\")", "\"\" \"\"", "state = RUNNING OR ''"}) {
    const auto filter = RunFilter::Compile(text);
    EXPECT_TRUE(HasReason(filter.status(), ErrorReason::FILTER_INVALID)) << text;
  }
  EXPECT_THAT(RunFilter::Compile("*"), IsOk());
  EXPECT_THAT(RunFilter::Compile("display_name = \"\""), IsOk());
}

TEST(RunFilterTest, AWordThatLooksLikeAFieldOrOperatorIsRefusedWithWhatToWrite) {
  const auto message = [](std::string_view text) {
    return std::string(RunFilter::Compile(text).status().message());
  };
  EXPECT_NE(message("LIKE").find("no operator here"), std::string::npos);
  EXPECT_NE(message("metric.silhouette > 0.2").find("did you mean metrics.silhouette?"),
            std::string::npos);
  EXPECT_NE(message("param.a.b = 1").find("\"param.a.b\": did you mean params.a.b?"),
            std::string::npos);
  EXPECT_NE(message("display_name like night").find("display_name"), std::string::npos);
  EXPECT_NE(message("state").find("write state = VALUE"), std::string::npos);
  EXPECT_NE(message("metrics.loss").find("metrics.loss:*"), std::string::npos);
  EXPECT_NE(message("silhouette > 0.2").find("write metrics.silhouette"), std::string::npos);
  for (const char* text : {"\"LIKE\"", "\"state\"", "night", "silhouette", "stateful"}) {
    EXPECT_THAT(RunFilter::Compile(text), IsOk()) << text;
  }
}

}  // namespace
}  // namespace cairn::core
