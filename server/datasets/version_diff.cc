#include "server/datasets/version_diff.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/datasets/statistics.h"

namespace cairn::datasets {
namespace {

using cairn::v1::Column;
using cairn::v1::DatasetDiff;
using cairn::v1::DatasetVersion;

constexpr size_t kMaxDiffBytes = size_t{3} << 20;

class Comparison {
 public:
  Comparison(const DatasetVersion& from, const DatasetVersion& to) : from_(from), to_(to) {}

  DatasetDiff Run() {
    diff_.set_from(from_.name());
    diff_.set_to(to_.name());
    diff_.set_size_bytes_delta(to_.size_bytes() - from_.size_bytes());
    if (from_.row_count() >= 0 && to_.row_count() >= 0) {
      diff_.set_row_count_delta(to_.row_count() - from_.row_count());
    }
    CompareColumns();
    CompareFiles();
    return std::move(diff_);
  }

 private:
  // Files of a version stand by path.
  void CompareFiles() {
    int a = 0;
    int b = 0;
    while (a < from_.files_size() || b < to_.files_size()) {
      const int order = a == from_.files_size() ? 1
                        : b == to_.files_size()
                            ? -1
                            : from_.files(a).path().compare(to_.files(b).path());
      DatasetDiff::FileChange change;
      change.set_path(order <= 0 ? from_.files(a).path() : to_.files(b).path());
      if (order <= 0) *change.mutable_from() = from_.files(a++).digest();
      if (order >= 0) *change.mutable_to() = to_.files(b++).digest();
      change.set_change(ChangeOf(change.has_from(), change.has_to()));
      if (change.has_from() && change.has_to() && change.from().sha256() == change.to().sha256()) {
        continue;
      }
      if (Fits(change)) *diff_.add_files() = std::move(change);
    }
  }

  void CompareColumns() {
    std::map<std::string_view, const Column*> before;
    for (const Column& column : from_.columns()) before[column.name()] = &column;
    std::vector<std::string_view> common_after;
    for (const Column& column : to_.columns()) {
      const auto known = before.find(column.name());
      if (known == before.end()) {
        AddColumn(nullptr, &column);
        continue;
      }
      common_after.push_back(column.name());
      if (known->second->SerializeAsString() != column.SerializeAsString()) {
        AddColumn(known->second, &column);
      }
      before.erase(known);
    }
    size_t next = 0;
    for (const Column& column : from_.columns()) {
      if (before.find(column.name()) != before.end()) {
        AddColumn(&column, nullptr);
      } else if (next < common_after.size() && common_after[next++] != column.name()) {
        diff_.set_columns_reordered(true);
      }
    }
  }

  void AddColumn(const Column* from, const Column* to) {
    DatasetDiff::ColumnChange change;
    change.set_name(from != nullptr ? from->name() : to->name());
    change.set_change(ChangeOf(from != nullptr, to != nullptr));
    if (from != nullptr) *change.mutable_from() = *from;
    if (to != nullptr) *change.mutable_to() = *to;
    if (from != nullptr && to != nullptr) {
      const auto index = StabilityIndex(from->statistics().numbers(), to->statistics().numbers());
      if (index.has_value()) change.set_stability_index(*index);
    }
    if (Fits(change)) *diff_.add_columns() = std::move(change);
  }

  static DatasetDiff::Change ChangeOf(bool in_from, bool in_to) {
    if (!in_from) return DatasetDiff::ADDED;
    return in_to ? DatasetDiff::CHANGED : DatasetDiff::REMOVED;
  }

  bool Fits(const google::protobuf::Message& change) {
    constexpr size_t kFraming = 8;
    bytes_ += change.ByteSizeLong() + kFraming;
    if (bytes_ > kMaxDiffBytes) diff_.set_truncated(true);
    return !diff_.truncated();
  }

  const DatasetVersion& from_;
  const DatasetVersion& to_;
  DatasetDiff diff_;
  size_t bytes_ = 0;
};

}  // namespace

DatasetDiff DiffVersions(const DatasetVersion& from, const DatasetVersion& to) {
  return Comparison(from, to).Run();
}

}  // namespace cairn::datasets
