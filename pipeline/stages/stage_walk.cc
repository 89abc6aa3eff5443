#include "pipeline/stages/stage_walk.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {
namespace {

// Whether there is one record for each of these stages, in order.
bool RecordsFit(const std::vector<StageRecord>& records, size_t first, size_t last) {
  if (records.size() != last - first + 1) return false;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].name != StageGraph()[first + i].name) return false;
  }
  return true;
}

std::optional<std::vector<StageRecord>> TakeForm(const KeptForm& form, const StageInfo& stage,
                                                 StageRun* run) {
  const std::string_view entry = form.entry.empty() ? stage.name : form.entry;
  const auto bytes = run->cache().Load(entry, run->Key(stage.name));
  std::vector<StageRecord> records;
  if (!bytes || !form.take(run, *bytes, &records)) return std::nullopt;
  return records;
}

}  // namespace

std::string_view KeptFrom(const StageInfo& stage) {
  return stage.work.kept_from.empty() ? stage.name : stage.work.kept_from;
}

absl::StatusOr<StageWalk> StageWalk::Of(const RunRequest& request, bool with_publisher) {
  StageWalk walk;
  walk.force_ = request.force;
  walk.with_publisher_ = with_publisher;
  walk.from_ = StageGraph().size();
  if (!request.from.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const int from, StageIndex(request.from));
    walk.from_ = static_cast<size_t>(from);
  }
  if (!request.only.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const int only, StageIndex(request.only));
    walk.only_ = static_cast<size_t>(only);
  }
  return walk;
}

bool StageWalk::Forced(size_t place) const { return force_ || place >= from_ || place == only_; }

bool StageWalk::Reached(size_t place) const {
  if (only_ && place > *only_) return false;
  return with_publisher_ || !StageGraph()[place].work.needs_publisher;
}

bool StageWalk::MayTake(size_t first, size_t last) const {
  for (size_t place = first; place <= last; ++place) {
    if (Forced(place) || !Reached(place)) return false;
  }
  return true;
}

// The entry that reaches farthest comes first: what lies before its end is then needed no more.
std::optional<WalkStep> StageWalk::TakeFrom(size_t first, StageRun* run) const {
  const std::vector<StageInfo>& stages = StageGraph();
  for (size_t last = stages.size(); last-- > first;) {
    if (KeptFrom(stages[last]) != stages[first].name || !MayTake(first, last)) continue;
    for (const KeptForm& form : stages[last].work.forms) {
      auto records = TakeForm(form, stages[last], run);
      if (records && RecordsFit(*records, first, last)) {
        return WalkStep{first, last, *std::move(records)};
      }
    }
  }
  return std::nullopt;
}

std::optional<WalkStep> StageWalk::Next(StageRun* run) {
  while (next_ < StageGraph().size() && !Reached(next_)) ++next_;
  if (next_ == StageGraph().size()) return std::nullopt;
  WalkStep step = TakeFrom(next_, run).value_or(WalkStep{next_, next_, {}});
  next_ = step.last + 1;
  return step;
}

}  // namespace cairn::pipeline
