#include "pipeline/insight/migration.h"

#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/insight/money.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

// Place of each customer in its snapshot. Refers to the snapshot's texts.
using CustomerPlaces = absl::flat_hash_map<std::string_view, size_t>;

absl::StatusOr<CustomerPlaces> PlacesOf(const SegmentSnapshot& snapshot, const char* field) {
  CustomerPlaces places;
  if (snapshot.customers.empty() && snapshot.segments.empty()) return places;
  CAIRN_RETURN_IF_ERROR(CheckSegments(snapshot.segments, snapshot.customers.size(),
                                      static_cast<int>(snapshot.names.size()), field));
  if (snapshot.spend.size() != snapshot.customers.size()) {
    return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}.spend", field),
                        std::to_string(snapshot.spend.size()),
                        fmt::format("must have one entry for each of {} customers",
                                    snapshot.customers.size()))
        .ToStatus();
  }
  places.reserve(snapshot.customers.size());
  for (size_t i = 0; i < snapshot.customers.size(); ++i) {
    if (places.emplace(snapshot.customers[i], i).second) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}.customers", field),
                        snapshot.customers[i], "the customer is there twice")
        .ToStatus();
  }
  return places;
}

}  // namespace

absl::StatusOr<Migration> ComputeMigration(const SegmentSnapshot& before,
                                           const SegmentSnapshot& after, std::string from) {
  CAIRN_ASSIGN_OR_RETURN(const CustomerPlaces places_before, PlacesOf(before, "before"));
  CAIRN_ASSIGN_OR_RETURN(const CustomerPlaces places_after, PlacesOf(after, "after"));
  Migration out{std::move(from), before.names, after.names, {}, {}, 0};
  const size_t rows = before.names.size() + 1;
  const size_t columns = after.names.size() + 1;
  out.customers.assign(rows, std::vector<int64_t>(columns, 0));
  out.spend.assign(rows, std::vector<double>(columns, 0));
  const auto count = [&](size_t row, size_t column, double spend) {
    ++out.customers[row][column];
    out.spend[row][column] += MoneyUnits(spend);
  };
  int64_t common = 0;
  int64_t same = 0;
  for (size_t i = 0; i < after.customers.size(); ++i) {
    const size_t now = static_cast<size_t>(after.segments[i]);
    const auto found = places_before.find(after.customers[i]);
    if (found == places_before.end()) {
      count(rows - 1, now, after.spend[i]);
      continue;
    }
    const size_t then = static_cast<size_t>(before.segments[found->second]);
    count(then, now, after.spend[i]);
    ++common;
    same += before.names[then] == after.names[now] ? 1 : 0;
  }
  for (size_t i = 0; i < before.customers.size(); ++i) {
    if (places_after.contains(before.customers[i])) continue;
    count(static_cast<size_t>(before.segments[i]), columns - 1, before.spend[i]);
  }
  for (std::vector<double>& row : out.spend) {
    for (double& units : row) units = MoneyOf(units);
  }
  out.same_segment_share = common == 0 ? std::numeric_limits<double>::quiet_NaN()
                                       : static_cast<double>(same) / static_cast<double>(common);
  return out;
}

}  // namespace cairn::pipeline
