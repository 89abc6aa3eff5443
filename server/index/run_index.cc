#include "server/index/run_index.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/index/condition_limits.h"
#include "server/index/row_order.h"
#include "server/index/top_rows.h"

namespace cairn::index {
namespace {

// Rows looked at to guess how many match.
constexpr size_t kSampleRows = 256;
// Below this many rows a scan is quick whatever the order.
constexpr size_t kFewRowsToOrder = 8192;
// Costs in nanoseconds: of deciding a row, one after the other in a scan or here and
// there on a walk, and of ordering a row that matches.
struct RowCosts {
  double scan;
  double walk;
};
constexpr RowCosts kWithBits = {0.0, 12.0};
constexpr RowCosts kWithWords = {1.0, 40.0};
constexpr RowCosts kWithTexts = {40.0, 600.0};
constexpr double kOrderRow = 6.0;
// A walk gives up that visits this many times more rows than was guessed, or that
// costs this share of the scan that is then made after all.
constexpr double kWalkPatience = 6.0;
constexpr double kWalkShare = 0.5;

std::vector<Row> SampleOf(const RunColumns& columns) {
  std::vector<Row> sample;
  const size_t rows = columns.row_limit();
  for (size_t i = 0; i < kSampleRows && rows > 0; ++i) {
    // Steps of the golden ratio spread over the rows without a period.
    const uint64_t point = (i + 1) * 0x9e3779b97f4a7c15;
    const auto row = static_cast<Row>((point >> 32) * rows >> 32);
    if (columns.exists().Get(row)) sample.push_back(row);
  }
  return sample;
}

bool ShowsLoggedModels(const RunQuery& query) {
  return query.filter != nullptr && query.filter->names_kind();
}

std::string VisibleKey(const RunQuery& query) {
  std::string key = query.show_deleted ? "all" : "live";
  if (ShowsLoggedModels(query)) key += "+models";
  std::vector<int64_t> experiments = query.experiments;
  std::sort(experiments.begin(), experiments.end());
  for (const int64_t id : experiments) key += fmt::format(",{}", id);
  return key;
}

}  // namespace

// A reader goes through the turnstile that a waiting writer holds.
class RunIndex::ReadLock {
 public:
  explicit ReadLock(const RunIndex& index) : lock_(index.lock_, std::defer_lock) {
    MutexLock turn(&index.turnstile_);
    lock_.lock();
  }

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

class RunIndex::WriteLock {
 public:
  explicit WriteLock(const RunIndex& index) : turn_(&index.turnstile_), lock_(index.lock_) {}

 private:
  MutexLock turn_;
  std::unique_lock<std::shared_mutex> lock_;
};

// A query's condition over the columns.
struct RunIndex::Bound {
  Condition condition;
  std::string key;  // of the condition in the cache
  ChangeKind kind = ChangeKind::kRecord;
  std::shared_ptr<const Bitmap> bits;  // of the condition, if they are known
};

RunIndex::RunIndex(RunIndexOptions options)
    : options_(options),
      columns_(std::make_unique<RunColumns>()),
      bitmaps_(options.max_bitmap_bytes),
      permutations_(options.max_permutation_bytes) {}

absl::Status RunIndex::Apply(storage::Revision revision, const std::vector<RunChange>& runs,
                             const std::vector<ExperimentChange>& experiments) {
  absl::Status status;
  WriteLock lock(*this);
  if (revision < this->revision()) return status;
  if (!runs.empty() || !experiments.empty()) changes_.fetch_add(1, std::memory_order_release);
  columns_->NextSequence();
  for (const ExperimentChange& change : experiments) {
    if (columns_->ExperimentLive(change.experiment_id) == change.live) continue;
    columns_->SetExperimentLive(change.experiment_id, change.live);
    ++generation_;
  }
  for (const RunChange& change : runs) {
    const auto id = RunId::Parse(change.run_id);
    if (!id) {
      status = InvalidField(ErrorReason::NAME_INVALID, "run_id", change.run_id,
                            "must be 32 hexadecimal characters");
      continue;
    }
    const auto row = columns_->Find(*id);
    if (change.kind == RunChange::Kind::kWhole) {
      columns_->SetWhole(columns_->RowFor(*id), change.experiment_id, change.run);
    } else if (row && change.kind == RunChange::Kind::kRemoved) {
      columns_->Remove(*row);
    } else if (row) {
      for (const auto& summary : change.run.metrics()) columns_->SetMetric(*row, summary);
    }
    columns_->DropUntil(options_.max_column_bytes);
  }
  revision_.store(revision, std::memory_order_release);
  return status;
}

absl::Status RunIndex::Fill(storage::Revision revision,
                            const std::function<absl::Status(RunColumns&)>& fill) {
  auto columns = std::make_unique<RunColumns>();
  CAIRN_RETURN_IF_ERROR(fill(*columns));
  Install(revision, std::move(columns));
  return absl::OkStatus();
}

void RunIndex::Install(storage::Revision revision, std::unique_ptr<RunColumns> columns) {
  columns->DropUntil(options_.max_column_bytes);
  WriteLock lock(*this);
  columns_ = std::move(columns);
  changes_.fetch_add(1, std::memory_order_release);
  revision_.store(revision, std::memory_order_release);
}

void RunIndex::Read(const std::function<void(const RunColumns&)>& look) const {
  ReadLock lock(*this);
  look(*columns_);
}

std::optional<RunIndex::Bound> RunIndex::BindQuery(const RunQuery& query, StopMeter& meter) const {
  Bound bound;
  const core::RunPredicate* root = query.filter == nullptr ? nullptr : query.filter->root();
  bound.key = fmt::format("{}:{}|", generation_, VisibleKey(query));
  std::vector<Condition> parts;
  parts.push_back(Condition::Visible(*columns_, query.experiments, query.show_deleted,
                                     ShowsLoggedModels(query)));
  if (root != nullptr) {
    auto condition = Condition::Bind(
        *columns_, *root,
        [&](const Condition& leaf, const core::RunPredicate& p) {
          return bitmaps_.Get(*columns_, PredicateKey(p), ChangeKind::kRecord, leaf, true, meter);
        },
        meter);
    if (!condition) return std::nullopt;
    parts.push_back(*std::move(condition));
    bound.key += PredicateKey(*root);
    if (UsesMetrics(*root)) bound.kind = ChangeKind::kMetrics;
  }
  bound.condition = Condition::And(std::move(parts));
  bound.bits = bitmaps_.Get(*columns_, bound.key, bound.kind, bound.condition, false, meter);
  return bound;
}

std::vector<Row> RunIndex::Scan(size_t most, const Bound& bound, const RowOrder& order,
                                const std::optional<SeekPosition>& after, StopMeter& meter) const {
  TopRows top(order, after, most);
  auto found = bound.bits ? nullptr : std::make_shared<Bitmap>(columns_->row_limit());
  Mask mask;
  for (size_t chunk = 0; chunk < ChunksFor(columns_->row_limit()); ++chunk) {
    if (meter.Spend(kChunkWork)) return {};
    if (bound.bits) {
      const Mask* bits = bound.bits->Chunk(chunk);
      if (bits == nullptr) break;
      mask = *bits;
    } else {
      mask.fill(~uint64_t{0});
      bound.condition.Narrow(chunk, mask);
      found->SetChunk(chunk, mask);
    }
    const auto first = static_cast<Row>(chunk * kChunkRows);
    ForEachBit(mask, [&](Row offset) { top.Add(first + offset); });
  }
  if (found && !meter.stopped()) bitmaps_.Put(*columns_, bound.key, bound.kind, std::move(found));
  return top.TakeSorted();
}

std::vector<Row> RunIndex::FindRows(const RunQuery& query, Bound& bound, const RowOrder& order,
                                    const std::optional<SeekPosition>& after, SearchPlan& plan,
                                    StopMeter& meter) const {
  const auto rows = static_cast<double>(columns_->row_limit());
  double hits = 0;
  RowCosts costs = kWithBits;
  if (bound.bits) {
    hits = static_cast<double>(bound.bits->Count());
    bound.condition = Condition::Bits(bound.bits);
  } else {
    const std::vector<Row> sample = SampleOf(*columns_);
    const auto in_sample = static_cast<double>(bound.condition.Arrange(sample));
    costs = bound.condition.ComparesTexts() ? kWithTexts : kWithWords;
    // That none of the sample matches does not mean that no row does.
    hits = rows * (in_sample + 0.5) / (static_cast<double>(sample.size()) + 1);
  }
  const double visits =
      hits == 0 ? rows : std::min(rows, static_cast<double>(query.limit + 1) * rows / hits);
  const double walk = visits * costs.walk;
  const double scan = rows * costs.scan + hits * kOrderRow;
  plan = query.plan;
  if (plan == SearchPlan::kChoose) {
    const bool many = columns_->row_limit() >= kFewRowsToOrder;
    plan = many && walk < scan ? SearchPlan::kWalk : SearchPlan::kScan;
  }
  if (plan == SearchPlan::kWalk) {
    const bool forced = query.plan == SearchPlan::kWalk;
    std::vector<Row> tail;
    const auto permutation = permutations_.Get(*columns_, order.ByFirstKey(), forced, tail);
    if (permutation) {
      const double most = std::max(visits, kWalkShare * scan / costs.walk);
      const size_t patience =
          forced ? columns_->row_limit()
                 : static_cast<size_t>(std::min(visits * kWalkPatience, most)) + kSampleRows;
      WalkResult walked = Walk(*columns_, *permutation, tail, bound.condition, order, after,
                               query.limit + 1, patience, meter);
      if (!walked.gave_up) return std::move(walked.rows);
    }
    plan = SearchPlan::kScan;
  }
  return Scan(query.limit + 1, bound, order, after, meter);
}

void RunIndex::Decide(Bound& bound, StopMeter& meter) const {
  if (bound.bits) return;
  bound.condition.Arrange(SampleOf(*columns_));
  bound.bits = bitmaps_.Get(*columns_, bound.key, bound.kind, bound.condition, true, meter);
}

std::vector<Row> RunIndex::FindRowsAfterSkip(const RunQuery& query, const Bound& bound,
                                             const RowOrder& order,
                                             const std::optional<SeekPosition>& after,
                                             SearchPlan& plan, StopMeter& meter) const {
  const size_t hits = bound.bits->Count();
  const bool few =
      query.plan == SearchPlan::kChoose ? hits < kFewRowsToOrder : query.plan == SearchPlan::kScan;
  plan = few ? SearchPlan::kScan : SearchPlan::kWalk;
  if (query.skip >= hits) return {};
  if (few) {
    // No more than there are: a skip may be any number.
    const std::vector<Row> rows = Scan(hits, bound, order, after, meter);
    const size_t skip = std::min(query.skip, rows.size());
    const size_t end = skip + std::min(query.limit + 1, rows.size() - skip);
    return {rows.begin() + static_cast<std::ptrdiff_t>(skip),
            rows.begin() + static_cast<std::ptrdiff_t>(end)};
  }
  std::vector<Row> tail;
  const auto permutation = permutations_.Get(*columns_, order, true, tail);
  return WalkPast(*columns_, *permutation, tail, *bound.bits, order, after, query.skip,
                  query.limit + 1, meter);
}

absl::StatusOr<RunPage> RunIndex::Search(const RunQuery& query) const {
  const core::RunOrder newest_first;
  RunPage page;
  StopMeter meter(query.stop);
  ReadLock lock(*this);
  page.revision = revision();
  const auto order =
      RowOrder::Bind(*columns_, query.order == nullptr ? newest_first : *query.order);
  auto bound = order ? BindQuery(query, meter) : std::nullopt;
  if (!bound) {
    page.plan = SearchPlan::kNotIndexed;
    return page;
  }
  std::optional<SeekPosition> after;
  if (!query.after.empty()) {
    CAIRN_ASSIGN_OR_RETURN(after, order->ParseSortKey(query.after));
  }
  if (query.skip > 0 || query.count_all) Decide(*bound, meter);
  CAIRN_RETURN_IF_ERROR(meter.status());
  if (query.count_all) page.total = static_cast<int64_t>(bound->bits->Count());
  std::vector<Row> rows = query.skip > 0
                              ? FindRowsAfterSkip(query, *bound, *order, after, page.plan, meter)
                              : FindRows(query, *bound, *order, after, page.plan, meter);
  CAIRN_RETURN_IF_ERROR(meter.status());
  page.more = rows.size() > query.limit;
  if (page.more) rows.resize(query.limit);
  page.hits.reserve(rows.size());
  for (const Row row : rows) {
    page.hits.push_back(
        {columns_->id(row).ToString(), columns_->experiment(row), order->SortKey(row)});
  }
  return page;
}

absl::StatusOr<RunsShown> RunIndex::Show(const RunQuery& query, const Look& look) const {
  StopMeter meter(query.stop);
  ReadLock lock(*this);
  auto bound = BindQuery(query, meter);
  if (!bound) return RunsShown{SearchPlan::kNotIndexed, 0, 0};
  Decide(*bound, meter);
  CAIRN_RETURN_IF_ERROR(meter.status());
  CAIRN_RETURN_IF_ERROR(look(*columns_, *bound->bits, meter));
  CAIRN_RETURN_IF_ERROR(meter.status());
  return RunsShown{SearchPlan::kScan, revision(), changes()};
}

RunCount RunIndex::Count(const RunQuery& query) const {
  StopMeter meter(query.stop);
  ReadLock lock(*this);
  auto bound = BindQuery(query, meter);
  if (!bound) return {SearchPlan::kNotIndexed, 0, absl::OkStatus()};
  Decide(*bound, meter);
  return {SearchPlan::kScan, static_cast<int64_t>(bound->bits->Count()), meter.status()};
}

size_t RunIndex::bytes() const {
  ReadLock lock(*this);
  return columns_->bytes() + bitmaps_.bytes() + permutations_.bytes();
}

void RunIndex::KeepBudget() {
  WriteLock lock(*this);
  changes_.fetch_add(1, std::memory_order_release);
  columns_->DropUntil(options_.max_column_bytes);
}

}  // namespace cairn::index
