// Fields and groups of the index against a naive count over plain runs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/numbers.h"
#include "server/core/field_path.h"
#include "server/index/run_fields.h"
#include "server/index/run_groups.h"
#include "server/index/run_index.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/index/random_runs.h"

namespace cairn::index {
namespace {

using core::RunField;
using core::RunFieldRef;
using testing::IsOk;

// What the list says of one field, worked out from its values as texts or numbers.
struct NaiveField {
  int64_t runs = 0;
  std::set<std::string> distinct;
  bool numbers = true;
  std::set<double> finite;

  void Add(const std::string& text, std::optional<double> number) {
    ++runs;
    distinct.insert(text);
    numbers = numbers && number.has_value();
    if (number && std::isfinite(*number)) finite.insert(CanonicalDouble(*number));
  }
};

using FieldKey = std::pair<int, std::string>;  // the kind in the order of the list, and the key

std::map<FieldKey, NaiveField> NaiveFields(const std::vector<cairn::v1::Run>& runs) {
  std::map<FieldKey, NaiveField> fields;
  for (const auto& run : runs) {
    for (const auto& metric : run.metrics()) {
      const double value = CanonicalDouble(metric.latest().value());
      fields[{0, metric.key()}].Add(ShortestDouble(value), value);
    }
    for (const auto& [key, value] : run.params()) fields[{1, key}].Add(value, ParseNumber(value));
    for (const auto& [key, value] : run.tags()) fields[{2, key}].Add(value, ParseNumber(value));
  }
  return fields;
}

int KindOf(RunField field) {
  return field == RunField::kMetric ? 0 : field == RunField::kParam ? 1 : 2;
}

// The value by which a run is grouped; nullopt if it has none.
std::optional<std::string> NaiveValue(const cairn::v1::Run& run, const RunFieldRef& ref) {
  const auto in_map = [&](const auto& map) -> std::optional<std::string> {
    const auto found = map.find(ref.key);
    return found == map.end() ? std::nullopt : std::make_optional(found->second);
  };
  const auto unless_empty = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::make_optional(text);
  };
  switch (ref.field) {
    case RunField::kParam:
      return in_map(run.params());
    case RunField::kTag:
      return in_map(run.tags());
    case RunField::kState:
      return cairn::v1::Run::State_Name(run.state());
    case RunField::kUser:
      return unless_empty(run.user());
    case RunField::kParentRun:
      return unless_empty(run.parent_run());
    case RunField::kMetric:
      for (const auto& metric : run.metrics()) {
        if (metric.key() == ref.key)
          return ShortestDouble(CanonicalDouble(metric.latest().value()));
      }
      return std::nullopt;
    default: {
      std::string inputs;
      for (const auto& input : run.inputs()) {
        inputs += (inputs.empty() ? "" : ", ") + input.dataset_version();
      }
      return unless_empty(inputs);
    }
  }
}

struct NaiveMeasure {
  int64_t nonfinite = 0;
  std::vector<double> values;
};

struct NaiveGroup {
  int64_t runs = 0;
  std::vector<NaiveMeasure> measures;
};

using GroupKey = std::vector<std::optional<std::string>>;

std::map<GroupKey, NaiveGroup> NaiveGroups(const std::vector<cairn::v1::Run>& runs,
                                           const GroupQuery& query) {
  std::map<GroupKey, NaiveGroup> groups;
  for (const auto& run : runs) {
    GroupKey key;
    for (const RunFieldRef& ref : query.by) key.push_back(NaiveValue(run, ref));
    NaiveGroup& group = groups[key];
    ++group.runs;
    group.measures.resize(query.measures.size());
    for (size_t i = 0; i < query.measures.size(); ++i) {
      std::optional<double> value;
      if (query.measures[i].field == RunField::kDuration) {
        const auto nanos = core::DurationNanos(run);
        if (nanos) value = static_cast<double>(*nanos) / 1e9;
      }
      for (const auto& metric : run.metrics()) {
        const bool wanted = query.measures[i].field == RunField::kMetric;
        if (wanted && metric.key() == query.measures[i].key) value = metric.latest().value();
      }
      if (!value) continue;
      std::isfinite(*value) ? group.measures[i].values.push_back(*value)
                            : (void)++group.measures[i].nonfinite;
    }
  }
  return groups;
}

// An index of random runs that changed since it was filled, and the same runs as plain values.
class OverviewWorld {
 public:
  OverviewWorld(uint64_t seed, size_t size) : random(seed) {
    std::vector<RunChange> changes;
    for (size_t i = 0; i < size; ++i) changes.push_back(Changed(random.Uid()));
    EXPECT_THAT(index.Apply(1, changes, {{1, true}}), IsOk());
    changes.clear();
    for (size_t i = 0; i < 1 + size / 10; ++i) {
      const std::string uid = runs_.begin()->first;
      if (random.OneIn(2)) {
        runs_.erase(uid);
        changes.push_back({RunChange::Kind::kRemoved, uid, 0, {}});
      }
      changes.push_back(Changed(random.Uid()));
    }
    EXPECT_THAT(index.Apply(2, changes), IsOk());
  }

  // Those that the filter finds; half the time all.
  std::vector<cairn::v1::Run> Choose() {
    const std::string text = random.OneIn(2) ? "" : random.Filter(1);
    filter = core::RunFilter::Compile(text).value();
    query.filter = &filter;
    query.show_deleted = random.OneIn(2);
    std::vector<cairn::v1::Run> chosen;
    for (const auto& [uid, run] : runs_) {
      if (run.has_delete_time() && !query.show_deleted) continue;
      if (filter.Matches(run)) chosen.push_back(run);
    }
    return chosen;
  }

  FieldPage Fields(const FieldQuery& wanted) {
    FieldPage page;
    EXPECT_THAT(index.Show(query,
                           [&](const auto& columns, const auto& rows, auto& meter) {
                             auto found = ListFields(columns, rows, wanted, meter);
                             if (found.ok()) page = *std::move(found);
                             return found.status();
                           }),
                IsOk());
    return page;
  }

  GroupPage Groups(const GroupQuery& wanted) {
    GroupPage page;
    EXPECT_THAT(index.Show(query,
                           [&](const auto& columns, const auto& rows, auto& meter) {
                             auto found = GroupRows(columns, rows, wanted, meter);
                             if (found.ok()) page = *std::move(found);
                             return found.status();
                           }),
                IsOk());
    return page;
  }

  RandomRuns random;
  RunIndex index;
  core::RunFilter filter;
  RunQuery query;

 private:
  RunChange Changed(const std::string& uid) {
    runs_[uid] = random.Run(uid);
    return {RunChange::Kind::kWhole, uid, 1, runs_[uid]};
  }

  std::map<std::string, cairn::v1::Run> runs_;
};

void ExpectFields(OverviewWorld& world) {
  const auto expected = NaiveFields(world.Choose());
  std::vector<FieldFacts> found;
  FieldQuery query;
  query.limit = 1 + world.random.Below(20);
  FieldPage page;
  do {
    page = world.Fields(query);
    ASSERT_EQ(page.total, expected.size());
    ASSERT_LE(page.fields.size(), query.limit);
    found.insert(found.end(), page.fields.begin(), page.fields.end());
    query.after = page.last_key;
  } while (page.more);
  ASSERT_EQ(found.size(), expected.size());
  auto facts = found.begin();
  for (const auto& [key, field] : expected) {
    SCOPED_TRACE(key.second);
    EXPECT_EQ(FieldKey(KindOf(facts->ref.field), facts->ref.key), key);
    EXPECT_EQ(facts->runs, field.runs);
    EXPECT_EQ(facts->distinct, static_cast<int64_t>(field.distinct.size()));
    EXPECT_EQ(facts->type == FieldFacts::Type::kNumber, field.numbers);
    const bool bounds = field.numbers && !field.finite.empty();
    ASSERT_EQ(facts->least.has_value(), bounds);
    if (bounds) {
      EXPECT_EQ(*facts->least, *field.finite.begin());
      EXPECT_EQ(*facts->greatest, *field.finite.rbegin());
    }
    ++facts;
  }
}

RunFieldRef RandomGroupField(RandomRuns& random) {
  static const std::vector<RunFieldRef> fields = {
      {RunField::kParam, "k"},    {RunField::kParam, "none"}, {RunField::kTag, "model"},
      {RunField::kState, ""},     {RunField::kUser, ""},      {RunField::kDataset, ""},
      {RunField::kMetric, "acc"}, {RunField::kParentRun, ""}};
  return fields[random.Below(fields.size())];
}

double OrderValue(const GroupMeasure& measure, GroupOrder::What what) {
  const auto& value = what == GroupOrder::What::kMean  ? measure.mean
                      : what == GroupOrder::What::kMin ? measure.least
                                                       : measure.greatest;
  return value.value_or(std::numeric_limits<double>::quiet_NaN());
}

// Whether two neighbours stand in the order asked for; of values only that numbers do.
void ExpectOrdered(const RunGroupFacts& a, const RunGroupFacts& b, const GroupOrder& order) {
  double first = 0;
  double second = 0;
  if (order.what == GroupOrder::What::kRunCount) {
    first = static_cast<double>(a.runs);
    second = static_cast<double>(b.runs);
  } else if (order.what == GroupOrder::What::kValue) {
    const auto x = ParseNumber(a.values[order.at].text);
    const auto y = ParseNumber(b.values[order.at].text);
    EXPECT_FALSE(a.values[order.at].missing && !b.values[order.at].missing);
    if (!x || !y || std::isnan(*x) || std::isnan(*y)) return;
    first = *x;
    second = *y;
  } else {
    first = OrderValue(a.measures[order.at], order.what);
    second = OrderValue(b.measures[order.at], order.what);
    EXPECT_FALSE(std::isnan(first) && !std::isnan(second)) << "what has none comes last";
    if (std::isnan(second)) return;
  }
  if (order.descending) std::swap(first, second);
  EXPECT_LE(first, second);
}

void ExpectSameGroup(const RunGroupFacts& facts, const NaiveGroup& group) {
  EXPECT_EQ(facts.runs, group.runs);
  ASSERT_EQ(facts.measures.size(), group.measures.size());
  for (size_t i = 0; i < facts.measures.size(); ++i) {
    const std::vector<double>& values = group.measures[i].values;
    EXPECT_EQ(facts.measures[i].count, static_cast<int64_t>(values.size()));
    EXPECT_EQ(facts.measures[i].nonfinite, group.measures[i].nonfinite);
    ASSERT_EQ(facts.measures[i].mean.has_value(), !values.empty());
    if (values.empty()) continue;
    double sum = 0;
    for (const double value : values) sum += value;
    EXPECT_NEAR(*facts.measures[i].mean, sum / static_cast<double>(values.size()),
                1e-9 * (1 + std::abs(sum)));
    EXPECT_EQ(*facts.measures[i].least, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(*facts.measures[i].greatest, *std::max_element(values.begin(), values.end()));
  }
}

void ExpectGroups(OverviewWorld& world) {
  GroupQuery query;
  for (size_t i = 0; i < 1 + world.random.Below(3); ++i) {
    query.by.push_back(RandomGroupField(world.random));
  }
  query.measures = {{RunField::kMetric, "loss"}, {RunField::kDuration, ""}};
  query.order.what = static_cast<GroupOrder::What>(world.random.Below(5));
  query.order.at = query.order.what == GroupOrder::What::kValue
                       ? world.random.Below(query.by.size())
                       : world.random.Below(2);
  query.order.descending = world.random.OneIn(2);
  query.limit = 1 + world.random.Below(50);
  const auto runs = world.Choose();
  const auto expected = NaiveGroups(runs, query);
  std::vector<RunGroupFacts> found;
  GroupPage page;
  do {
    page = world.Groups(query);
    ASSERT_EQ(page.total, expected.size());
    ASSERT_EQ(page.runs, static_cast<int64_t>(runs.size()));
    for (RunGroupFacts& facts : page.groups) {
      if (!found.empty()) ExpectOrdered(found.back(), facts, query.order);
      found.push_back(std::move(facts));
    }
    query.after = page.last_key;
  } while (page.more && !::testing::Test::HasFailure());
  ASSERT_EQ(found.size(), expected.size());
  std::set<GroupKey> seen;
  for (const RunGroupFacts& facts : found) {
    GroupKey key;
    for (const GroupValue& value : facts.values) {
      key.push_back(value.missing ? std::nullopt : std::make_optional(value.text));
    }
    SCOPED_TRACE(fmt::format("{} of {}", facts.values[0].text, found.size()));
    ASSERT_TRUE(seen.insert(key).second) << "twice";
    const auto group = expected.find(key);
    ASSERT_NE(group, expected.end());
    ExpectSameGroup(facts, group->second);
  }
}

TEST(Overviews, FieldsAndGroupsOfRandomRunsAreThoseOfANaiveCount) {
  std::random_device device;
  for (const size_t size : {3, 60, 60, 700, 9'000}) {
    const uint64_t seed = uint64_t{device()} << 32 | device();
    SCOPED_TRACE(fmt::format("seed {} with {} runs", seed, size));
    OverviewWorld world(seed, size);
    for (int i = 0; i < (size < 1000 ? 60 : 8); ++i) {
      ExpectFields(world);
      ExpectGroups(world);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

std::vector<std::string> NamesBy(const std::string& text) {
  RunIndex index;
  RunChange change{RunChange::Kind::kWhole, fmt::format("{:032x}", 7), 1, {}};
  for (const char* key : {"Loss", "val_loss", "a.b", "auc"}) {
    change.run.add_metrics()->set_key(key);
  }
  for (const char* key : {"learning_rate", "loss_kind", "a b"}) {
    (*change.run.mutable_params())[key] = "1";
  }
  (*change.run.mutable_tags())["lossy"] = "x";
  EXPECT_THAT(index.Apply(1, {change}, {{1, true}}), IsOk());
  FieldQuery query;
  query.text = text;
  std::vector<std::string> names;
  EXPECT_THAT(index.Show({},
                         [&](const auto& columns, const auto& rows, auto& meter) {
                           const auto page = ListFields(columns, rows, query, meter);
                           for (const FieldFacts& facts : page->fields) {
                             names.push_back(core::FormatRunField(facts.ref));
                           }
                           return page.status();
                         }),
              IsOk());
  return names;
}

TEST(Overviews, NamesThatBeginWithTheTextComeFirst) {
  using ::testing::ElementsAre;
  EXPECT_THAT(NamesBy("LOSS"),
              ElementsAre("metrics.Loss", "params.loss_kind", "tags.lossy", "metrics.val_loss"));
  EXPECT_THAT(NamesBy("params.l"), ElementsAre("params.learning_rate", "params.loss_kind"));
  EXPECT_THAT(NamesBy("params"), ElementsAre()) << "that is no part of a key";
  EXPECT_THAT(NamesBy(" "), ElementsAre("params.\"a b\""));
  EXPECT_EQ(NamesBy("").size(), 8u);
}

// What a list writes is read back as the same field.
TEST(Overviews, FieldsAreWrittenAsFiltersReadThem) {
  for (const char* key : {"k", "a.b", "a b", "val/loss", "x\"y", "s*r", "b\\s", "-k", ".", "a.",
                          "NOT", "ünïcode", "paren(s)"}) {
    const std::string text = core::FormatRunField({RunField::kTag, key});
    const auto ref = core::ParseRunField("field", text);
    ASSERT_THAT(ref, IsOk()) << text;
    EXPECT_EQ(ref->field, RunField::kTag);
    EXPECT_EQ(ref->key, key);
  }
}

TEST(Overviews, MoreGroupsThanAreAllowedAreRefused) {
  RunIndex index;
  EXPECT_THAT(index.Fill(1,
                         [](RunColumns& columns) {
                           cairn::v1::Run run;
                           for (uint64_t i = 0; i <= kMaxGroups; ++i) {
                             const Row row = columns.RowFor({0, i + 1});
                             columns.SetRecord(row, 1, run);
                             columns.SetText(row, RunField::kParam, "id", std::to_string(i));
                           }
                           columns.SetExperimentLive(1, true);
                           return absl::OkStatus();
                         }),
              IsOk());
  GroupQuery query;
  query.by = {{RunField::kParam, "id"}};
  const auto shown = index.Show({}, [&](const auto& columns, const auto& rows, auto& meter) {
    return GroupRows(columns, rows, query, meter).status();
  });
  EXPECT_TRUE(HasReason(shown.status(), ErrorReason::TOO_LARGE)) << shown.status();
}

TEST(Overviews, AFieldWhoseColumnWasDroppedIsListedWithoutFigures) {
  RunIndexOptions options;
  options.max_column_bytes = 1;
  RunIndex index(options);
  RunChange change{RunChange::Kind::kWhole, fmt::format("{:032x}", 7), 1, {}};
  (*change.run.mutable_params())["note"] = std::string(5'000, 'x');
  EXPECT_THAT(index.Apply(1, {change}, {{1, true}}), IsOk());
  FieldPage page;
  EXPECT_THAT(index.Show({},
                         [&](const auto& columns, const auto& rows, auto& meter) {
                           page = *ListFields(columns, rows, {}, meter);
                           return absl::OkStatus();
                         }),
              IsOk());
  ASSERT_EQ(page.fields.size(), 1u);
  EXPECT_EQ(page.fields[0].ref.key, "note");
  EXPECT_EQ(page.fields[0].type, FieldFacts::Type::kUnknown);
}

TEST(Overviews, ATokenThatIsNoneIsRefused) {
  OverviewWorld world(1, 20);
  FieldQuery fields;
  fields.after = "9x";
  GroupQuery groups;
  groups.by = {{RunField::kState, ""}};
  groups.after = "short";
  const auto by_fields =
      world.index.Show({}, [&](const auto& columns, const auto& rows, auto& meter) {
        return ListFields(columns, rows, fields, meter).status();
      });
  const auto by_groups =
      world.index.Show({}, [&](const auto& columns, const auto& rows, auto& meter) {
        return GroupRows(columns, rows, groups, meter).status();
      });
  EXPECT_TRUE(HasReason(by_fields.status(), ErrorReason::PAGE_TOKEN_INVALID));
  EXPECT_TRUE(HasReason(by_groups.status(), ErrorReason::PAGE_TOKEN_INVALID));
}

}  // namespace
}  // namespace cairn::index
