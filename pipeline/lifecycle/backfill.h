#ifndef CAIRN_PIPELINE_LIFECYCLE_BACKFILL_H_
#define CAIRN_PIPELINE_LIFECYCLE_BACKFILL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/lifecycle/retrain.h"

namespace cairn::pipeline {

// A year replayed month by month, as if each month of a file had just come in: the delivery is
// checked, drift is measured, a model is trained on everything so far, and the policy decides. One
// sees what automation would have done, with which reasons, before it is trusted.

// A segment of the model that serves after a month, over the customers of that month.
struct ServedSegment {
  int number = 0;
  std::string name;
  int64_t customers = 0;
  double customer_share = 0;
  double spend = 0;  // Sum of Total_Spend.
  double spend_share = 0;
};

// Customers that changed from one named segment to another, or stayed.
struct SegmentFlow {
  std::string from;  // Empty: in no segment the month before.
  std::string to;    // Empty: in none now.
  int64_t customers = 0;
  double spend = 0;  // Their Total_Spend now; of those that are gone, before.
};

struct BackfillMonth {
  std::string month;  // `2011-03`
  int64_t rows = 0;   // Of the month.
  RetrainResult turn;
  // Of the model that serves after the month; empty before the first promotion. A month that was
  // held back keeps those of the month before.
  std::string served_version;
  int64_t customers = 0;
  double spend = 0;
  std::vector<ServedSegment> segments;
  std::vector<SegmentFlow> flows;
  // Of the customers of both months, those whose segment has the same name; nothing without both.
  std::optional<double> same_name_share;
};

struct BackfillRequest {
  std::string data;  // Any form of transactions; read once.
  std::string out;   // A folder a month, and what all come to.
  PipelineConfig config;
  RetrainWhen when = RetrainWhen::kAlways;
  // How many months of history a first model needs, at least 1. After a month or two nobody has had
  // time to come back, so gaps, trends and recency say nothing, and such a model would stay: in its
  // own space, where its challengers are judged, none of them looks as good.
  int warm_up = 3;
  // Whether versions that a month registered and that were not chosen stay candidates. They were
  // judged, so they are archived otherwise: a year of them is more than a policy takes.
  bool keep_versions = false;
  // Told how far the file is loaded, and then how many months are over; empty for nobody.
  StageWatch progress;
};

// Told a month when it is over, and how many there are.
using MonthDone = std::function<void(const BackfillMonth& month, size_t done, size_t total)>;

// Replays the months of `request.data` in order. In the months of the warm-up deliveries are
// checked and collected, and nothing is trained unless there is a champion already. Rows of a month
// that is held back are left out of the months after it, which is said. The last month counts as
// not over yet.
//
// Errors are those of loading the file and of Retrain; months before the error are decided and
// stay so, and a repetition finds what they registered.
absl::StatusOr<std::vector<BackfillMonth>> Backfill(client::Client& client,
                                                    const BackfillRequest& request,
                                                    const MakePublisher& publisher,
                                                    const MonthDone& done, const Say& say);

// backfill.json: an array with an object a month: `month`, `verdict`, `outcome`, `drift`,
// `segments`, and the rest of what is above in words.
std::string BackfillJson(const std::vector<BackfillMonth>& months);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_BACKFILL_H_
