#include "lib/tables/row_diff.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/tables/cell.h"
#include "lib/tables/csv_reader.h"
#include "lib/tables/hash.h"
#include "lib/tables/key_table.h"

namespace cairn::tables {
namespace {

constexpr size_t kMaxShownBytes = 1024;

// Where the columns that matter stand in one of the tables.
struct Layout {
  std::vector<size_t> keys;
  std::vector<size_t> common;  // in the order of the first table
};

// A row, as long as its reader does not go on.
struct RowView {
  uint64_t key = 0;
  const std::vector<std::string_view>& fields;
};

absl::StatusOr<std::vector<std::string>> ReadHeader(const ByteOpener& opener) {
  CAIRN_ASSIGN_OR_RETURN(ByteSource source, opener());
  CsvReader reader(std::move(source));
  std::vector<std::string_view> fields;
  CAIRN_ASSIGN_OR_RETURN(const bool found, reader.Next(fields));
  if (!found) {
    return InvalidField(ErrorReason::VALUE_INVALID, "csv", "", "must have a header").ToStatus();
  }
  std::vector<std::string> names;
  for (const std::string_view field : fields) names.emplace_back(TrimBlanks(field));
  return names;
}

absl::StatusOr<std::vector<size_t>> Places(const std::vector<std::string>& header,
                                           const std::vector<std::string>& wanted) {
  std::vector<size_t> places;
  for (const std::string& name : wanted) {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end()) {
      return InvalidField(ErrorReason::VALUE_INVALID, "key", name, "must be a column of both")
          .ToStatus();
    }
    places.push_back(static_cast<size_t>(at - header.begin()));
  }
  return places;
}

// The hash of several fields in order; a field's end counts.
uint64_t HashOf(const std::vector<std::string_view>& fields, const std::vector<size_t>& places) {
  uint64_t hash = places.size();
  for (const size_t place : places) hash = HashBytes(fields[place], hash);
  return hash;
}

std::string AsCsv(const std::vector<std::string_view>& fields) {
  std::string text;
  AppendCsvRecord(fields, text);
  text.pop_back();
  return Utf8Prefix(text, kMaxShownBytes);
}

bool IsSame(const KeyEntry& entry) {
  return entry.sums[0] == entry.sums[1] && entry.counts[0] == entry.counts[1];
}

class Join {
 public:
  Join(const ByteOpener& from, const ByteOpener& to, const RowDiffOptions& options)
      : openers_{from, to}, options_(options) {}

  absl::StatusOr<v1::RowChanges> Run() {
    CAIRN_RETURN_IF_ERROR(MatchColumns());
    for (uint64_t parts = 1;; parts *= 2) {
      changes_.Clear();
      for (const std::string& name : options_.key_columns) changes_.add_key_columns(name);
      CAIRN_ASSIGN_OR_RETURN(const bool fits, RunParts(parts));
      if (fits) return std::move(changes_);
    }
  }

 private:
  // Returns whether to go on.
  using Visit = std::function<bool(const RowView&)>;

  absl::Status MatchColumns() {
    CAIRN_ASSIGN_OR_RETURN(const auto first, ReadHeader(openers_[0]));
    CAIRN_ASSIGN_OR_RETURN(const auto second, ReadHeader(openers_[1]));
    if (options_.key_columns.empty()) {
      return InvalidField(ErrorReason::VALUE_INVALID, "key", "", "must name a column");
    }
    CAIRN_ASSIGN_OR_RETURN(layouts_[0].keys, Places(first, options_.key_columns));
    CAIRN_ASSIGN_OR_RETURN(layouts_[1].keys, Places(second, options_.key_columns));
    for (size_t i = 0; i < first.size(); ++i) {
      const auto at = std::find(second.begin(), second.end(), first[i]);
      if (at == second.end()) continue;
      layouts_[0].common.push_back(i);
      layouts_[1].common.push_back(static_cast<size_t>(at - second.begin()));
    }
    return absl::OkStatus();
  }

  // Visits the rows of a table whose keys belong to the present part.
  absl::Status EachRow(int side, const Visit& visit) {
    CAIRN_ASSIGN_OR_RETURN(ByteSource source, openers_[side]());
    CsvReader reader(std::move(source));
    std::vector<std::string_view> fields;
    CAIRN_RETURN_IF_ERROR(reader.Next(fields).status());
    while (true) {
      CAIRN_ASSIGN_OR_RETURN(const bool more, reader.Next(fields));
      if (!more) return absl::OkStatus();
      const uint64_t key = HashOf(fields, layouts_[side].keys);
      if (key % parts_ == part_ && !visit(RowView{key, fields})) return absl::OkStatus();
    }
  }

  // False when a part has more keys than may be in memory.
  absl::StatusOr<bool> RunParts(uint64_t parts) {
    parts_ = parts;
    for (part_ = 0; part_ < parts; ++part_) {
      table_.Clear();
      for (int side = 0; side < 2; ++side) {
        CAIRN_ASSIGN_OR_RETURN(const bool fits, Collect(side));
        if (!fits) return false;
      }
      CountKeys();
      CAIRN_RETURN_IF_ERROR(ShowExamples());
    }
    return true;
  }

  absl::StatusOr<bool> Collect(int side) {
    int64_t rows = 0;
    CAIRN_RETURN_IF_ERROR(EachRow(side, [&](const RowView& row) {
      KeyEntry& entry = table_.Touch(row.key);
      entry.sums[side] += HashOf(row.fields, layouts_[side].common);
      ++entry.counts[side];
      ++rows;
      return table_.size() <= options_.max_keys_in_memory;
    }));
    if (side == 0) changes_.set_from_row_count(changes_.from_row_count() + rows);
    if (side == 1) changes_.set_to_row_count(changes_.to_row_count() + rows);
    return table_.size() <= options_.max_keys_in_memory;
  }

  void CountKeys() {
    int64_t added = 0;
    int64_t removed = 0;
    int64_t changed = 0;
    int64_t equal = 0;
    int64_t repeated = 0;
    for (const KeyEntry& entry : table_.slots()) {
      const uint32_t in_from = entry.counts[0];
      const uint32_t in_to = entry.counts[1];
      if (in_from == 0 && in_to == 0) continue;
      repeated += in_from > 1 || in_to > 1 ? 1 : 0;
      if (in_from == 0) {
        ++added;
      } else if (in_to == 0) {
        ++removed;
      } else if (IsSame(entry)) {
        ++equal;
      } else {
        ++changed;
      }
    }
    changes_.set_added_count(changes_.added_count() + added);
    changes_.set_removed_count(changes_.removed_count() + removed);
    changes_.set_changed_count(changes_.changed_count() + changed);
    changes_.set_equal_count(changes_.equal_count() + equal);
    changes_.set_repeated_key_count(changes_.repeated_key_count() + repeated);
  }

  // The texts of the first rows of each kind, which need the tables once more.
  absl::Status ShowExamples() {
    const auto wants = [&](int shown, int64_t count) {
      return shown < options_.max_examples && shown < count;
    };
    std::map<uint64_t, int> shown;  // the changed keys, and where they are shown
    const bool more_changed = wants(changes_.changed_size(), changes_.changed_count());
    if (more_changed || wants(changes_.removed_size(), changes_.removed_count())) {
      CAIRN_RETURN_IF_ERROR(EachRow(0, [&](const RowView& row) {
        const KeyEntry* entry = table_.Find(row.key);
        if (entry == nullptr) return true;
        if (entry->counts[1] == 0) {
          if (changes_.removed_size() < options_.max_examples) {
            Fill(0, row, *changes_.add_removed());
          }
        } else if (!IsSame(*entry) && changes_.changed_size() < options_.max_examples &&
                   shown.emplace(row.key, changes_.changed_size()).second) {
          Fill(0, row, *changes_.add_changed());
        }
        return wants(changes_.changed_size(), changes_.changed_count()) ||
               wants(changes_.removed_size(), changes_.removed_count());
      }));
    }
    size_t open = shown.size();
    if (open == 0 && !wants(changes_.added_size(), changes_.added_count())) {
      return absl::OkStatus();
    }
    return EachRow(1, [&](const RowView& row) {
      const KeyEntry* entry = table_.Find(row.key);
      const auto at = shown.find(row.key);
      if (at != shown.end()) {
        v1::RowChanges::Example& example = *changes_.mutable_changed(at->second);
        if (example.to().empty()) {
          example.set_to(AsCsv(row.fields));
          --open;
        }
      } else if (entry != nullptr && entry->counts[0] == 0 &&
                 changes_.added_size() < options_.max_examples) {
        Fill(1, row, *changes_.add_added());
      }
      return open > 0 || wants(changes_.added_size(), changes_.added_count());
    });
  }

  void Fill(int side, const RowView& row, v1::RowChanges::Example& example) const {
    std::vector<std::string_view> key;
    for (const size_t place : layouts_[side].keys) key.push_back(row.fields[place]);
    example.set_key(AsCsv(key));
    if (side == 0) example.set_from(AsCsv(row.fields));
    if (side == 1) example.set_to(AsCsv(row.fields));
  }

  const ByteOpener openers_[2];
  const RowDiffOptions& options_;
  Layout layouts_[2];
  KeyTable table_;
  uint64_t parts_ = 1;
  uint64_t part_ = 0;
  v1::RowChanges changes_;
};

}  // namespace

absl::StatusOr<v1::RowChanges> DiffRows(const ByteOpener& from, const ByteOpener& to,
                                        const RowDiffOptions& options) {
  return Join(from, to, options).Run();
}

}  // namespace cairn::tables
