#include "pipeline/stages/cleaning_stages.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/insight/cleaning_money.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

absl::Status ComputeCleaning(StageRun* run, StageRecord* record) {
  const auto& stages = CleaningStages();
  const auto stage = std::find_if(stages.begin(), stages.end(),
                                  [&](const auto& one) { return one.name == record->name; });
  Transactions& own = run->Own<Transactions>();
  CleanedTable cleaned = stage->apply(own.table, run->config().cleaning.rules);
  record->rows_in = static_cast<int64_t>(cleaned.step.rows_in);
  record->rows_out = static_cast<int64_t>(cleaned.step.rows_out);
  for (const auto& [name, count] : cleaned.step.counts) {
    record->counts.emplace_back(name, static_cast<int64_t>(count));
  }
  record->digest = RowsDigest(cleaned.table, record->key);
  record->set_aside = std::move(cleaned.step.set_aside);
  record->net_spend = SpendOf(cleaned.table);
  own.table = std::move(cleaned.table);
  return absl::OkStatus();
}

// The table as it was written, in the canonical form that is published.
void ReuseWritten(Transactions* own) {
  own->csv = std::async(std::launch::deferred, [bytes = own->written]() -> SharedText {
               return Share(std::string(bytes->view()));
             }).share();
}

// Judged also when cleaning was an earlier run's work: the bounds are in no key.
absl::Status FollowLastCleaning(StageRun* run, const StageRecord& record) {
  const SetAsideReport report = TellSetAside(run);
  CAIRN_RETURN_IF_ERROR(CheckSetAside(report, run->config().cleaning.max_set_aside_share));
  Transactions& own = run->Own<Transactions>();
  if (own.written != nullptr) {
    ReuseWritten(&own);
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(CheckCustomerCount(own.table.CustomerIds(),
                                           own.table.columns().customer_names, "after cleaning"));
  WriteCleaned(run, record);
  return absl::OkStatus();
}

}  // namespace

std::string StockCodesSettings(const PipelineConfig& config) {
  return fmt::format("product_codes={}", static_cast<int>(config.cleaning.rules.product_codes));
}

StageWork CleaningWork() {
  StageWork work;
  work.compute = ComputeCleaning;
  work.follow = FollowAlone;
  work.encode = KeepTable;
  work.forms = {{"", TakeCleaned}};
  work.kept_from = kLoadStage;
  return work;
}

StageWork LastCleaningWork() {
  StageWork work = CleaningWork();
  work.follow = FollowLastCleaning;
  work.forms = {{"transactions", TakeWritten}, {"", TakeCleaned}};
  return work;
}

}  // namespace cairn::pipeline
