#include "pipeline/lifecycle/backfill.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/model/predictor.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/lifecycle/archive.h"
#include "pipeline/lifecycle/backfill_chart.h"
#include "pipeline/stages/load_stage.h"
#include "pipeline/stages/output_folder.h"
#include "pipeline/stages/prediction.h"

namespace cairn::pipeline {
namespace {

// `2011-03` of seconds since 1970.
std::string MonthName(int64_t seconds) {
  const CivilDate date = CivilFromDays(DayOf(seconds));
  return fmt::format("{:04}-{:02}", date.year, date.month);
}

// The rows of each month, as storage rows in the order of the file.
std::map<std::string, std::vector<uint32_t>> RowsByMonth(const TransactionTable& table) {
  std::map<std::string, std::vector<uint32_t>> out;
  for (size_t i = 0; i < table.rows(); ++i) {
    out[MonthName(table.time(i))].push_back(table.selection()[i]);
  }
  return out;
}

// Who is in which segment, by the customers' texts.
struct Membership {
  std::string segment;
  double spend = 0;
};
using Members = std::map<std::string, Membership>;

std::string NameOf(const model::Predictor& predictor, int segment) {
  return segment < predictor.model().segments_size() ? predictor.model().segments(segment).name()
                                                     : fmt::format("Segment {}", segment);
}

class Replay {
 public:
  Replay(client::Client& client, const BackfillRequest& request, const MakePublisher& publisher,
         const MonthDone& done, const Say& say)
      : client_(client), request_(request), publisher_(publisher), done_(done), say_(say) {}

  absl::StatusOr<std::vector<BackfillMonth>> Run() {
    OutputFolder folder(request_.out);
    CAIRN_RETURN_IF_ERROR(folder.Prepare());
    CAIRN_RETURN_IF_ERROR(Load());
    TellMonths();
    for (const auto& [month, rows] : by_month_) {
      CAIRN_RETURN_IF_ERROR(Take(month, rows));
      folder.Write("backfill.json", BackfillJson(months_));
      folder.Write("backfill.svg", BackfillChart(months_));
      CAIRN_RETURN_IF_ERROR(folder.Wait());
      done_(months_.back(), months_.size(), by_month_.size());
      TellMonths();
    }
    return std::move(months_);
  }

 private:
  void TellMonths() const {
    if (!request_.progress) return;
    request_.progress({.stage = "backfill",
                       .unit = kMonthsUnit,
                       .done = static_cast<int64_t>(months_.size()),
                       .total = static_cast<int64_t>(by_month_.size())});
  }

  absl::Status Load() {
    CAIRN_ASSIGN_OR_RETURN(const InputBytes input, InputBytes::Read(request_.data));
    const LoadWatch watch = [this](const LoadProgress& load) {
      if (request_.progress) request_.progress(LoadStageProgress(load));
    };
    CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded,
                           LoadInput(input, request_.config, watch));
    CAIRN_RETURN_IF_ERROR(CheckRejectShare(loaded, request_.config.input.max_reject_share));
    say_("input: " + loaded.dialect);
    for (const std::string& warning : loaded.warnings) say_("warning: " + warning);
    table_ = loaded.table;
    by_month_ = RowsByMonth(table_);
    if (!by_month_.empty()) return absl::OkStatus();
    return InvalidField(ErrorReason::DATA_MALFORMED, "data", request_.data, "has no rows")
        .ToStatus();
  }

  absl::Status Take(const std::string& month, const std::vector<uint32_t>& rows) {
    BackfillMonth out;
    out.month = month;
    out.rows = static_cast<int64_t>(rows.size());
    const BatchFigures figures = FiguresOf(table_.WithSelection(rows), month);
    const BatchReport batch = CheckBatch(figures, before_, month != by_month_.rbegin()->first,
                                         request_.config.monitoring.delivery);
    std::vector<uint32_t> until = kept_;
    until.insert(until.end(), rows.begin(), rows.end());
    CAIRN_ASSIGN_OR_RETURN(out.turn, Turn(month, batch, until));
    if (out.turn.outcome == RetrainOutcome::kHeldBack) {
      say_(fmt::format("{}: held back; its {} rows are left out of the months after it", month,
                       rows.size()));
    } else {
      kept_ = std::move(until);
      before_.push_back(figures);
    }
    if (!request_.keep_versions) {
      CAIRN_RETURN_IF_ERROR(ArchiveUnchosen(client_, out.turn, say_));
    }
    CAIRN_RETURN_IF_ERROR(Describe(&out));
    months_.push_back(std::move(out));
    return absl::OkStatus();
  }

  absl::StatusOr<RetrainResult> Turn(const std::string& month, const BatchReport& batch,
                                     const std::vector<uint32_t>& until) {
    RetrainRequest request;
    request.name = month;
    request.batch = batch;
    request.when = request_.when;
    request.collecting = static_cast<int>(before_.size()) < request_.warm_up;
    request.run.config = request_.config;
    // The table is written as this program writes it, whatever the file was like.
    request.run.config.input.dialect = {};
    request.run.out = request_.out + "/" + month;
    CAIRN_ASSIGN_OR_RETURN(request.run.data, WriteUntil(request.run.out, until));
    return Retrain(client_, request, publisher_, RunObserver{}, say_);
  }

  // The path of the file. Gives the folder back, which the run takes for itself.
  absl::StatusOr<std::string> WriteUntil(const std::string& directory,
                                         const std::vector<uint32_t>& until) const {
    OutputFolder folder(directory);
    CAIRN_RETURN_IF_ERROR(folder.Prepare());
    std::string path = folder.PathOf("transactions-until.csv");
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(
        path, TransactionsCsv(table_.WithSelection(until), request_.config.threads)));
    return path;
  }

  // What the model that serves now makes of the month's customers.
  absl::Status Describe(BackfillMonth* month) {
    month->served_version = month->turn.champion_after;
    if (month->turn.outcome == RetrainOutcome::kHeldBack || month->served_version.empty()) {
      KeepLast(month);
      // Nobody is served, but they were counted.
      const auto counted = month->turn.features.values.rows();
      if (counted > 0) month->customers = counted;
      return absl::OkStatus();
    }
    CAIRN_ASSIGN_OR_RETURN(const auto champion,
                           FetchChampion(client_, request_.config.registration.model, ""));
    if (!champion) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(const auto predictor, model::Predictor::FromFile(champion->model));
    const FeatureMatrix& features = month->turn.features;
    CAIRN_ASSIGN_OR_RETURN(const CustomerSegments assigned, AssignSegments(predictor, features));
    Members now;
    CountSegments(predictor, features, assigned, month, &now);
    CompareWith(now, month);
    members_ = std::move(now);
    return absl::OkStatus();
  }

  void KeepLast(BackfillMonth* month) const {
    if (months_.empty()) return;
    month->segments = months_.back().segments;
    month->customers = months_.back().customers;
    month->spend = months_.back().spend;
  }

  static void CountSegments(const model::Predictor& predictor, const FeatureMatrix& features,
                            const CustomerSegments& assigned, BackfillMonth* month, Members* now) {
    for (int segment = 0; segment < predictor.cluster_count(); ++segment) {
      month->segments.push_back({segment, NameOf(predictor, segment), 0, 0, 0, 0});
    }
    for (size_t i = 0; i < assigned.segments.size(); ++i) {
      const double spend = features.values(static_cast<Eigen::Index>(i), kTotalSpend);
      ServedSegment& segment = month->segments[static_cast<size_t>(assigned.segments[i])];
      ++segment.customers;
      segment.spend += spend;
      month->spend += spend;
      (*now)[CustomerText(features.customer_ids[i], features.customer_names)] = {segment.name,
                                                                                 spend};
    }
    month->customers = static_cast<int64_t>(assigned.segments.size());
    for (ServedSegment& segment : month->segments) {
      segment.customer_share =
          static_cast<double>(segment.customers) / static_cast<double>(month->customers);
      segment.spend_share = month->spend == 0 ? 0 : segment.spend / month->spend;
    }
  }

  void CompareWith(const Members& now, BackfillMonth* month) const {
    if (members_.empty()) return;
    std::map<std::pair<std::string, std::string>, SegmentFlow> flows;
    const auto add = [&flows](const std::string& from, const std::string& to, double spend) {
      SegmentFlow& flow = flows.try_emplace({from, to}, SegmentFlow{from, to, 0, 0}).first->second;
      ++flow.customers;
      flow.spend += spend;
    };
    int64_t both = 0;
    int64_t same = 0;
    for (const auto& [customer, member] : now) {
      const auto before = members_.find(customer);
      const bool known = before != members_.end();
      add(known ? before->second.segment : "", member.segment, member.spend);
      both += known ? 1 : 0;
      same += known && before->second.segment == member.segment ? 1 : 0;
    }
    for (const auto& [customer, member] : members_) {
      if (now.count(customer) == 0) add(member.segment, "", member.spend);
    }
    for (auto& [key, flow] : flows) month->flows.push_back(std::move(flow));
    if (both > 0) month->same_name_share = static_cast<double>(same) / static_cast<double>(both);
  }

  client::Client& client_;
  const BackfillRequest& request_;
  const MakePublisher& publisher_;
  const MonthDone& done_;
  const Say& say_;
  TransactionTable table_;
  std::map<std::string, std::vector<uint32_t>> by_month_;
  std::vector<uint32_t> kept_;        // Rows of the months that were not held back.
  std::vector<BatchFigures> before_;  // Of those months.
  Members members_;                   // As the last month left them.
  std::vector<BackfillMonth> months_;
};

}  // namespace

absl::StatusOr<std::vector<BackfillMonth>> Backfill(client::Client& client,
                                                    const BackfillRequest& request,
                                                    const MakePublisher& publisher,
                                                    const MonthDone& done, const Say& say) {
  return Replay(client, request, publisher, done, say).Run();
}

}  // namespace cairn::pipeline
