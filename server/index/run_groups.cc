#include "server/index/run_groups.h"

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/index/condition_limits.h"
#include "server/index/group_values.h"
#include "server/index/value_match.h"
#include "server/storage/key_codec.h"

namespace cairn::index {
namespace {

using core::RunField;
using core::RunFieldRef;

constexpr uint32_t kNoGroup = ~uint32_t{0};
// What a row is charged to a StopMeter for its group, and for a measure, in nanoseconds.
constexpr size_t kGroupWork = 30;
constexpr size_t kMeasureWork = 4;
// A page ends before its texts outgrow what a message may carry.
constexpr size_t kMaxTextBytes = size_t{2} << 20;
constexpr double kNanosInSecond = 1e9;

using GroupCodes = std::array<uint32_t, kMaxGroupFields>;

// A group while it is made.
struct Group {
  GroupCodes codes{};
  int64_t runs = 0;
  uint64_t rank = 0;  // what it is ordered by first; a smaller one comes first
};

// A place in the order of groups: a group's, or a page token's.
struct GroupPlace {
  uint64_t rank = 0;
  std::array<ValuePlace, kMaxGroupFields> values;
};

// Adds up one measure of a group.
struct Sum {
  int64_t count = 0;
  int64_t nonfinite = 0;
  long double total = 0;  // the sum of doubles may be greater than one
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();

  void Add(double value) {
    ++count;
    total += value;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  // Rounding does not put it beyond the values it is made of. REQUIRES: count > 0.
  double Mean() const {
    const auto mean = static_cast<double>(total / static_cast<long double>(count));
    return std::clamp(mean, least, greatest);
  }
};

// The groups of the rows, and which of them each row is in.
class Grouping {
 public:
  Grouping(const RunColumns& columns, const Bitmap& rows, const GroupQuery& query)
      : columns_(columns), rows_(rows), query_(query) {
    for (const RunFieldRef& ref : query.by) values_.emplace_back(columns, ref);
  }

  absl::Status Make(StopMeter& meter);
  // Fills in Group::rank, and ranked().
  void Rank(StopMeter& meter);
  // The measure that groups are ordered by, of every group; empty where they are not.
  const std::vector<Sum>& ranked() const { return ranked_; }
  GroupPlace PlaceOf(const Group& group) const;
  bool Before(const GroupPlace& a, const GroupPlace& b) const;
  // One measure of every group for which `slot_of` has a number below `slots`.
  std::vector<Sum> SumUp(const RunFieldRef& measure, const std::vector<uint32_t>& slot_of,
                         size_t slots, StopMeter& meter) const;
  RunGroupFacts FactsOf(const Group& group) const;

  std::vector<Group>& groups() { return groups_; }
  int64_t runs() const { return runs_; }
  std::vector<uint32_t> EveryGroup() const;

 private:
  const RunColumns& columns_;
  const Bitmap& rows_;
  const GroupQuery& query_;
  std::deque<GroupValues> values_;
  std::vector<Group> groups_;
  std::vector<uint32_t> group_of_;  // by row; meaningless for rows outside rows_
  std::vector<Sum> ranked_;
  int64_t runs_ = 0;
};

absl::Status Grouping::Make(StopMeter& meter) {
  absl::flat_hash_map<GroupCodes, uint32_t> numbers;
  group_of_.assign(rows_.chunk_count() * kChunkRows, kNoGroup);
  GroupCodes last{};
  uint32_t number = kNoGroup;
  bool too_many = false;
  for (size_t chunk = 0; chunk < rows_.chunk_count() && !too_many; ++chunk) {
    const Mask& mask = *rows_.Chunk(chunk);
    if (meter.Spend(kChunkWork + CountBits(mask) * kGroupWork)) break;
    ForEachBit(mask, [&](Row offset) {
      const Row row = static_cast<Row>(chunk * kChunkRows) + offset;
      GroupCodes codes{};
      for (size_t i = 0; i < values_.size(); ++i) codes[i] = values_[i].CodeOf(row);
      if (number == kNoGroup || codes != last) {
        const auto next = static_cast<uint32_t>(groups_.size());
        number = numbers.try_emplace(codes, next).first->second;
        if (number == next) groups_.push_back({codes, 0, 0});
        last = codes;
      }
      ++groups_[number].runs;
      group_of_[row] = number;
      ++runs_;
    });
    too_many = groups_.size() > kMaxGroups;
  }
  if (!too_many) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, "group_by", "",
                      fmt::format("makes more than {} groups; filter, or group by a field of fewer "
                                  "values",
                                  kMaxGroups))
      .ToStatus();
}

std::vector<uint32_t> Grouping::EveryGroup() const {
  std::vector<uint32_t> slots(groups_.size());
  for (size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<uint32_t>(i);
  return slots;
}

void Grouping::Rank(StopMeter& meter) {
  using What = GroupOrder::What;
  const GroupOrder& order = query_.order;
  if (order.what == What::kValue) return;
  if (order.what != What::kRunCount) {
    ranked_ = SumUp(query_.measures[order.at], EveryGroup(), groups_.size(), meter);
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    uint64_t word = kMissingSort;
    if (order.what == What::kRunCount) {
      word = NumberWord(static_cast<double>(groups_[i].runs));
    } else if (const Sum& sum = ranked_[i]; sum.count > 0) {
      word = NumberWord(order.what == What::kMean  ? sum.Mean()
                        : order.what == What::kMin ? sum.least
                                                   : sum.greatest);
    }
    groups_[i].rank = order.descending ? Descending(word) : word;
  }
}

GroupPlace Grouping::PlaceOf(const Group& group) const {
  GroupPlace place;
  place.rank = group.rank;
  for (size_t i = 0; i < values_.size(); ++i) place.values[i] = values_[i].PlaceOf(group.codes[i]);
  return place;
}

bool Grouping::Before(const GroupPlace& a, const GroupPlace& b) const {
  if (a.rank != b.rank) return a.rank < b.rank;
  const GroupOrder& order = query_.order;
  if (order.what == GroupOrder::What::kValue) {
    const int first = a.values[order.at].Compare(b.values[order.at], order.descending);
    if (first != 0) return first < 0;
  }
  for (size_t i = 0; i < values_.size(); ++i) {
    if (const int next = a.values[i].Compare(b.values[i]); next != 0) return next < 0;
  }
  return false;
}

std::vector<Sum> Grouping::SumUp(const RunFieldRef& measure, const std::vector<uint32_t>& slot_of,
                                 size_t slots, StopMeter& meter) const {
  std::vector<Sum> sums(slots);
  const bool nanos = measure.field == RunField::kDuration;
  const WordSource words = WordsOf(columns_, measure);
  const auto add = [&](Row row, uint64_t word) {
    const uint32_t slot = slot_of[group_of_[row]];
    if (slot >= slots || word == kNoValue) return;
    if (nanos) return sums[slot].Add(static_cast<double>(NanosOfWord(word)) / kNanosInSecond);
    if (word <= kLeastNumber || word >= kGreatestNumber) return (void)++sums[slot].nonfinite;
    sums[slot].Add(NumberOfWord(word));
  };
  for (size_t chunk = 0; chunk < rows_.chunk_count(); ++chunk) {
    if (meter.Spend(kChunkRows * kMeasureWork)) break;
    const ChunkWords some = words.Chunk(chunk);
    const auto first = static_cast<Row>(chunk * kChunkRows);
    if (some.all != nullptr) {
      ForEachBit(*rows_.Chunk(chunk), [&](Row offset) { add(first + offset, some.all[offset]); });
    }
    for (const RowWord* entry = some.few_begin; entry != some.few_end; ++entry) {
      if (rows_.Get(entry->row)) add(entry->row, entry->word);
    }
  }
  return sums;
}

RunGroupFacts Grouping::FactsOf(const Group& group) const {
  RunGroupFacts facts;
  facts.runs = group.runs;
  for (size_t i = 0; i < values_.size(); ++i) {
    facts.values.push_back({values_[i].TextOf(group.codes[i]), group.codes[i] == 0});
  }
  return facts;
}

std::string PlaceToBytes(const GroupPlace& place, size_t fields) {
  std::string bytes;
  storage::AppendBigEndian64(&bytes, place.rank);
  for (size_t i = 0; i < fields; ++i) {
    const ValuePlace& value = place.values[i];
    storage::AppendBigEndian64(&bytes, value.word);
    storage::AppendBigEndian64(&bytes, value.missing ? 0 : value.text.size() + 1);
    bytes.append(value.text);
  }
  return bytes;
}

// The texts are views of the bytes. nullopt if the bytes are none of PlaceToBytes.
std::optional<GroupPlace> PlaceFromBytes(std::string_view bytes, size_t fields) {
  storage::KeyReader reader(bytes);
  GroupPlace place;
  const auto rank = reader.ReadBigEndian64();
  if (!rank) return std::nullopt;
  place.rank = *rank;
  for (size_t i = 0; i < fields; ++i) {
    const auto word = reader.ReadBigEndian64();
    const auto size = word ? reader.ReadBigEndian64() : std::nullopt;
    if (!size || *size > reader.rest().size() + 1) return std::nullopt;
    const size_t text = *size == 0 ? 0 : static_cast<size_t>(*size) - 1;
    place.values[i] = {*word, *size == 0, reader.rest().substr(0, text)};
    reader = storage::KeyReader(reader.rest().substr(text));
  }
  return reader.AtEnd() ? std::make_optional(place) : std::nullopt;
}

// Which groups the page has, in order, and the facts of the page but for its groups.
absl::StatusOr<std::vector<uint32_t>> Choose(Grouping& grouping, const GroupQuery& query,
                                             GroupPage& page) {
  const std::vector<Group>& groups = grouping.groups();
  std::vector<uint32_t> chosen = grouping.EveryGroup();
  if (!query.after.empty()) {
    const auto after = PlaceFromBytes(query.after, query.by.size());
    if (!after) {
      return InvalidField(ErrorReason::PAGE_TOKEN_INVALID, "page_token", "",
                          "does not end at a group of this request")
          .ToStatus();
    }
    const auto is_behind = [&](uint32_t group) {
      return grouping.Before(*after, grouping.PlaceOf(groups[group]));
    };
    std::erase_if(chosen, [&](uint32_t group) { return !is_behind(group); });
  }
  const size_t size = std::min(query.limit, chosen.size());
  page.more = size < chosen.size();
  std::partial_sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(size),
                    chosen.end(), [&](uint32_t a, uint32_t b) {
                      // Most pairs end here, without a look at texts.
                      if (groups[a].rank != groups[b].rank) return groups[a].rank < groups[b].rank;
                      return grouping.Before(grouping.PlaceOf(groups[a]),
                                             grouping.PlaceOf(groups[b]));
                    });
  chosen.resize(size);
  return chosen;
}

GroupMeasure FactsOf(const Sum& sum) {
  GroupMeasure facts{sum.count, sum.nonfinite, {}, {}, {}};
  if (facts.count == 0) return facts;
  facts.mean = sum.Mean();
  facts.least = sum.least;
  facts.greatest = sum.greatest;
  return facts;
}

void AddMeasures(const Grouping& grouping, const std::vector<uint32_t>& chosen,
                 const GroupQuery& query, size_t groups, StopMeter& meter, GroupPage& page) {
  std::vector<uint32_t> slot_of(groups, kNoGroup);
  for (size_t i = 0; i < chosen.size(); ++i) slot_of[chosen[i]] = static_cast<uint32_t>(i);
  for (size_t measure = 0; measure < query.measures.size(); ++measure) {
    // Every group's was summed up to order them.
    const bool ranked = !grouping.ranked().empty() && measure == query.order.at;
    const std::vector<Sum> sums =
        ranked ? std::vector<Sum>()
               : grouping.SumUp(query.measures[measure], slot_of, chosen.size(), meter);
    for (size_t i = 0; i < chosen.size(); ++i) {
      page.groups[i].measures.push_back(FactsOf(ranked ? grouping.ranked()[chosen[i]] : sums[i]));
    }
  }
}

}  // namespace

bool IsGroupField(RunField field) {
  switch (field) {
    case RunField::kMetric:
    case RunField::kParam:
    case RunField::kTag:
    case RunField::kState:
    case RunField::kUser:
    case RunField::kDataset:
    case RunField::kParentRun:
      return true;
    default:
      return false;
  }
}

bool IsMeasureField(RunField field) {
  return field == RunField::kMetric || field == RunField::kDuration;
}

bool HasColumnsFor(const RunColumns& columns, const GroupQuery& query) {
  const auto has = [&](const RunFieldRef& ref) { return !columns.IsDropped(ref.field, ref.key); };
  return std::all_of(query.by.begin(), query.by.end(), has) &&
         std::all_of(query.measures.begin(), query.measures.end(), has);
}

absl::StatusOr<GroupPage> GroupRows(const RunColumns& columns, const Bitmap& rows,
                                    const GroupQuery& query, StopMeter& meter) {
  Grouping grouping(columns, rows, query);
  CAIRN_RETURN_IF_ERROR(grouping.Make(meter));
  grouping.Rank(meter);
  GroupPage page;
  page.total = grouping.groups().size();
  page.runs = grouping.runs();
  CAIRN_ASSIGN_OR_RETURN(std::vector<uint32_t> chosen, Choose(grouping, query, page));
  size_t bytes = 0;
  for (const uint32_t group : chosen) {
    RunGroupFacts facts = grouping.FactsOf(grouping.groups()[group]);
    for (const GroupValue& value : facts.values) bytes += value.text.size();
    if (!page.groups.empty() && bytes > kMaxTextBytes) {
      page.more = true;
      break;
    }
    page.groups.push_back(std::move(facts));
  }
  chosen.resize(page.groups.size());
  AddMeasures(grouping, chosen, query, page.total, meter, page);
  if (!chosen.empty()) {
    page.last_key =
        PlaceToBytes(grouping.PlaceOf(grouping.groups()[chosen.back()]), query.by.size());
  }
  return page;
}

}  // namespace cairn::index
