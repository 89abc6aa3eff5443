#include "server/index/run_columns.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "server/index/value_match.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

using cairn::v1::Run;
using core::RunField;

uint64_t TimeOf(bool has, const google::protobuf::Timestamp& time) {
  return has ? TimeWord(ToUnixNanos(time)) : kNoValue;
}

template <typename Map>
auto FindIn(const Map& map, std::string_view key) -> decltype(map.begin()->second.get()) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second.get();
}

}  // namespace

std::optional<RunId> RunId::Parse(std::string_view text) {
  if (!IsHexId(text)) return std::nullopt;
  RunId id;
  std::from_chars(text.data(), text.data() + 16, id.high, 16);
  std::from_chars(text.data() + 16, text.data() + 32, id.low, 16);
  return id;
}

std::string RunId::ToString() const { return fmt::format("{:016x}{:016x}", high, low); }

RunColumns::RunColumns()
    : rows_(0, IdHash{this}, IdEqual{this}),
      state_(false),
      display_name_(false),
      user_(false),
      dataset_(false),
      parent_run_(false),
      output_(false),
      experiments_(false) {}

Row RunColumns::RowFor(const RunId& id) {
  if (const auto row = Find(id)) return *row;
  auto row = static_cast<Row>(row_limit_);
  if (free_rows_.empty()) {
    ++row_limit_;
  } else {
    row = free_rows_.back();
    free_rows_.pop_back();
  }
  id_high_.Set(row, id.high);
  id_low_.Set(row, id.low);
  rows_.insert(row);
  exists_.Set(row, true);
  deleted_.Set(row, false);
  logged_models_.Set(row, false);
  Touch(row, ChangeKind::kRecord);
  return row;
}

std::optional<Row> RunColumns::Find(const RunId& id) const {
  const auto found = rows_.find(id);
  return found == rows_.end() ? std::nullopt : std::make_optional(*found);
}

void RunColumns::Remove(Row row) {
  ClearKeyed(row, nullptr);
  for (WordColumn* column : {&start_time_, &end_time_, &create_time_, &duration_}) {
    column->Set(row, kNoValue);
  }
  for (TextColumn* column :
       {&state_, &display_name_, &user_, &dataset_, &parent_run_, &output_, &experiments_}) {
    column->Set(row, false, "");
  }
  rows_.erase(row);
  exists_.Set(row, false);
  free_rows_.push_back(row);
  Touch(row, ChangeKind::kRecord);
}

void RunColumns::SetRecord(Row row, int64_t experiment_id, const Run& run) {
  bool changed = false;
  const auto set_bit = [&](Bitmap& bits, bool bit) {
    changed = changed || bits.Get(row) != bit;
    bits.Set(row, bit);
  };
  set_bit(deleted_, run.has_delete_time());
  set_bit(logged_models_, run.kind() == Run::LOGGED_MODEL);
  const auto set_time = [&](WordColumn& column, uint64_t word) {
    changed = changed || column.Get(row) != word;
    column.Set(row, word);
  };
  set_time(start_time_, TimeOf(run.has_start_time(), run.start_time()));
  set_time(end_time_, TimeOf(run.has_end_time(), run.end_time()));
  set_time(create_time_, TimeOf(run.has_create_time(), run.create_time()));
  const auto duration = core::DurationNanos(run);
  set_time(duration_, duration ? TimeWord(*duration) : kNoValue);
  const auto set_text = [&](TextColumn& column, bool present, std::string_view text) {
    changed = column.Set(row, present, text) || changed;
  };
  set_text(state_, true, Run::State_Name(run.state()));
  set_text(display_name_, !run.display_name().empty(), run.display_name());
  set_text(user_, !run.user().empty(), run.user());
  set_text(dataset_, !run.inputs().empty(), EncodeInputs(run.inputs()));
  set_text(parent_run_, !run.parent_run().empty(), run.parent_run());
  set_text(output_, !run.outputs().empty(), EncodeOutputs(run.outputs()));
  set_text(experiments_, true, std::to_string(experiment_id));
  if (changed) Touch(row, ChangeKind::kRecord);
}

template <typename Column>
Column& RunColumns::ColumnOf(ByKey<Column>& columns, std::string_view key) {
  auto& column = columns[std::string(key)];
  if constexpr (std::is_same_v<Column, TextColumn>) {
    column = std::make_unique<Column>(true);
  } else {
    column = std::make_unique<Column>();
  }
  keyed_bytes_ += OwnBytes<Column>(key) + column->bytes();
  return *column;
}

// Sets the row's value and counts what the column takes then; true if it changed.
template <typename Column, typename Value>
bool RunColumns::SetIn(Column& column, Row row, const Value& value) {
  const size_t before = column.bytes();
  const size_t long_before = LongTextBytes(column);
  bool changed = false;
  if constexpr (std::is_same_v<Column, TextColumn>) {
    changed = column.Set(row, value.has_value(), value.value_or(""));
  } else {
    changed = column.Set(row, value);
  }
  keyed_bytes_ += column.bytes();
  keyed_bytes_ -= before;
  long_text_bytes_ += LongTextBytes(column);
  long_text_bytes_ -= long_before;
  return changed;
}

void RunColumns::SetText(Row row, RunField field, std::string_view key,
                         std::optional<std::string_view> value) {
  Texts& texts = TextsOf(field);
  const auto found = texts.find(key);
  if (found == texts.end() && (!value || IsDropped(field, key))) return;
  TextColumn& column = found == texts.end() ? ColumnOf(texts, key) : *found->second;
  if (SetIn(column, row, value)) Touch(row, ChangeKind::kRecord);
}

void RunColumns::SetMetric(Row row, const cairn::v1::MetricSummary& summary) {
  const auto found = metrics_.find(summary.key());
  if (found == metrics_.end() && IsDropped(RunField::kMetric, summary.key())) return;
  MetricColumn& column =
      found == metrics_.end() ? ColumnOf(metrics_, summary.key()) : *found->second;
  const std::array<uint64_t, 3> words = {NumberWord(summary.latest().value()),
                                         NumberWord(summary.min()), NumberWord(summary.max())};
  if (SetIn(column, row, words)) Touch(row, ChangeKind::kMetrics);
}

void RunColumns::SetWhole(Row row, int64_t experiment_id, const Run& run) {
  // Going over every column for what the run has no more takes long where there are many.
  const bool is_new = experiments_.codes.Get(row) == 0;
  SetRecord(row, experiment_id, run);
  if (!is_new) ClearKeyed(row, &run);
  for (const auto& [key, value] : run.params()) SetText(row, RunField::kParam, key, value);
  for (const auto& [key, value] : run.tags()) SetText(row, RunField::kTag, key, value);
  for (const auto& summary : run.metrics()) SetMetric(row, summary);
}

void RunColumns::ClearKeyed(Row row, const Run* keep) {
  const auto clear_texts = [&](Texts& texts, const auto* kept) {
    for (auto& [key, column] : texts) {
      if (kept != nullptr && kept->contains(key)) continue;
      if (SetIn(*column, row, std::optional<std::string_view>())) Touch(row, ChangeKind::kRecord);
    }
  };
  clear_texts(params_, keep == nullptr ? nullptr : &keep->params());
  clear_texts(tags_, keep == nullptr ? nullptr : &keep->tags());
  absl::flat_hash_set<std::string_view> kept;
  if (keep != nullptr) {
    for (const auto& summary : keep->metrics()) kept.insert(summary.key());
  }
  constexpr std::array<uint64_t, 3> kNothing = {kNoValue, kNoValue, kNoValue};
  for (auto& [key, column] : metrics_) {
    // All three parts, for one restored from a checkpoint may have some of them only.
    if (kept.count(key) != 0) continue;
    if (SetIn(*column, row, kNothing)) Touch(row, ChangeKind::kMetrics);
  }
}

void RunColumns::SetExperimentLive(int64_t experiment_id, bool live) {
  live ? (void)live_.insert(experiment_id) : (void)live_.erase(experiment_id);
}

int64_t RunColumns::experiment(Row row) const {
  const std::string_view text = experiments_.dictionary.text(experiments_.codes.Get(row));
  int64_t id = 0;
  std::from_chars(text.data(), text.data() + text.size(), id);
  return id;
}

const MetricColumn* RunColumns::metric(std::string_view key) const { return FindIn(metrics_, key); }

const WordColumn* RunColumns::time(RunField field) const {
  if (field == RunField::kStartTime) return &start_time_;
  if (field == RunField::kDuration) return &duration_;
  return field == RunField::kEndTime ? &end_time_ : &create_time_;
}

const TextColumn* RunColumns::text(RunField field, std::string_view key) const {
  switch (field) {
    case RunField::kParam:
      return FindIn(params_, key);
    case RunField::kTag:
      return FindIn(tags_, key);
    case RunField::kState:
      return &state_;
    case RunField::kDisplayName:
      return &display_name_;
    case RunField::kUser:
      return &user_;
    case RunField::kDataset:
      return &dataset_;
    case RunField::kParentRun:
      return &parent_run_;
    case RunField::kOutput:
      return &output_;
    default:
      return nullptr;
  }
}

size_t RunColumns::FixedBytes() const {
  size_t bytes = rows_.capacity() * (sizeof(Row) + 1) + free_rows_.capacity() * sizeof(Row) +
                 exists_.bytes() + deleted_.bytes() + logged_models_.bytes() +
                 changed_.capacity() * sizeof(ChunkChange);
  for (const WordColumn* column : {&id_high_, &id_low_, &start_time_, &end_time_, &create_time_,
                                   &duration_, &record_changed_, &metrics_changed_}) {
    bytes += column->bytes();
  }
  for (const TextColumn* column :
       {&state_, &display_name_, &user_, &dataset_, &parent_run_, &output_, &experiments_}) {
    bytes += column->bytes();
  }
  return bytes;
}

void RunColumns::Touch(Row row, ChangeKind kind) {
  const size_t chunk = ChunkOf(row);
  if (chunk >= changed_.size()) changed_.resize(chunk + 1);
  if (kind == ChangeKind::kRecord) {
    record_changed_.Set(row, sequence_);
    changed_[chunk].record = sequence_;
  } else {
    metrics_changed_.Set(row, sequence_);
    changed_[chunk].metrics = sequence_;
  }
}

}  // namespace cairn::index
