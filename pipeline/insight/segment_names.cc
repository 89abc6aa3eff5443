#include "pipeline/insight/segment_names.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/insight/segment_facts.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

// "Many returns": a quarter of the invoices, and twice what is usual.
constexpr double kManyReturns = 0.25;
constexpr double kTimesUsualReturns = 2;

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

uint8_t SmallNumber(double value, int most) {
  return static_cast<uint8_t>(std::clamp(value, 0.0, static_cast<double>(most)));
}

}  // namespace

absl::StatusOr<SegmentNamer> SegmentNamer::Create(const FeatureMatrix& features) {
  const auto column = [&](Feature feature) {
    return FeatureColumn(features, kFeatureNames[static_cast<size_t>(feature)]);
  };
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> days, column(kDaysSinceLastPurchase));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> invoices, column(kTotalTransactions));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> order_value, column(kAverageTransactionValue));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> weekday, column(kDayOfWeek));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> hour, column(kHour));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> home, column(kIsUk));
  SegmentNamer namer;
  CAIRN_ASSIGN_OR_RETURN(namer.total_spend_, column(kTotalSpend));
  CAIRN_ASSIGN_OR_RETURN(namer.return_rate_, column(kCancellationRate));
  namer.recency_ = OrderOf(days);
  namer.frequency_ = OrderOf(invoices);
  namer.spend_ = OrderOf(namer.total_spend_);
  namer.order_value_ = OrderOf(order_value);
  for (size_t i = 0; i < days.size(); ++i) {
    namer.home_.push_back(home[i] >= 0.5 ? 1 : 0);
    namer.weekday_.push_back(SmallNumber(weekday[i], 6));
    namer.daytime_.push_back(DaytimeOf(hour[i]));
  }
  namer.whole_return_rate_ = Mean(namer.return_rate_);
  namer.whole_home_share_ = Mean(home);
  return namer;
}

std::vector<SegmentFacts> SegmentNamer::Count(std::span<const int32_t> segment_of_customer,
                                              int k) const {
  std::vector<SegmentFacts> facts(static_cast<size_t>(k));
  for (size_t i = 0; i < segment_of_customer.size(); ++i) {
    SegmentFacts& own = facts[static_cast<size_t>(segment_of_customer[i])];
    ++own.customers;
    own.spend += total_spend_[i];
    own.returns += return_rate_[i];
    own.home += home_[i];
    ++own.weekdays[weekday_[i]];
    ++own.daytimes[daytime_[i]];
  }
  std::vector<int64_t> sizes;
  for (const SegmentFacts& own : facts) sizes.push_back(own.customers);
  const auto set_medians = [&](const FeatureOrder& order, double SegmentFacts::*median) {
    const std::vector<double> medians = MediansBySegment(order, segment_of_customer, sizes);
    for (size_t s = 0; s < facts.size(); ++s) facts[s].*median = medians[s];
  };
  set_medians(recency_, &SegmentFacts::days);
  set_medians(frequency_, &SegmentFacts::invoices);
  set_medians(spend_, &SegmentFacts::median_spend);
  set_medians(order_value_, &SegmentFacts::order_value);
  return facts;
}

void SegmentNamer::Judge(SegmentFacts* facts) const {
  const double customers = static_cast<double>(std::max<int64_t>(facts->customers, 1));
  facts->returns /= customers;
  facts->home /= customers;
  facts->abroad = facts->customers > 0 && facts->home < 0.5 && whole_home_share_ >= 0.5;
  facts->many_returns =
      facts->returns >= kManyReturns && facts->returns >= kTimesUsualReturns * whole_return_rate_;
  if (facts->customers > 0) SetLevels(recency_, frequency_, spend_, facts);
}

absl::StatusOr<std::vector<NamedSegment>> SegmentNamer::Name(
    std::span<const int32_t> segment_of_customer, int k) const {
  CAIRN_RETURN_IF_ERROR(
      CheckSegments(segment_of_customer, total_spend_.size(), k, "segment_of_customer"));
  std::vector<SegmentFacts> facts = Count(segment_of_customer, k);
  double whole_spend = 0;
  for (size_t i = 0; i < segment_of_customer.size(); ++i) whole_spend += total_spend_[i];
  const auto whole = static_cast<double>(std::max<size_t>(segment_of_customer.size(), 1));
  std::vector<NamedSegment> named(facts.size());
  std::vector<std::string> names;
  for (size_t s = 0; s < facts.size(); ++s) {
    Judge(&facts[s]);
    named[s].customer_share = static_cast<double>(facts[s].customers) / whole;
    named[s].spend_share = whole_spend == 0 ? 0 : facts[s].spend / whole_spend;
    named[s].summary = SegmentSummary(facts[s]);
    names.push_back(BaseName(facts[s]));
  }
  MakeNamesUnique(facts, &names);
  for (size_t s = 0; s < names.size(); ++s) named[s].name = std::move(names[s]);
  return named;
}

void ApplyNames(const std::vector<NamedSegment>& named, SegmentProfiles* profiles) {
  for (size_t s = 0; s < std::min(named.size(), profiles->segments.size()); ++s) {
    profiles->segments[s].name = named[s].name;
    profiles->segments[s].summary = named[s].summary;
  }
}

std::string UniqueName(const std::string& name, std::span<const std::string> taken) {
  const auto is_taken = [&](const std::string& candidate) {
    return std::find(taken.begin(), taken.end(), candidate) != taken.end();
  };
  std::string candidate = name;
  for (int number = 2; is_taken(candidate); ++number) {
    candidate = fmt::format("{} {}", name, number);
  }
  return candidate;
}

}  // namespace cairn::pipeline
