#ifndef CAIRN_PIPELINE_STAGES_STAGE_WALK_H_
#define CAIRN_PIPELINE_STAGES_STAGE_WALK_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/stages/runner.h"
#include "pipeline/stages/stage_graph.h"

namespace cairn::pipeline {

class StageRun;

// What a run does next.
struct WalkStep {
  // Places in StageGraph(), both included; a stage that is computed comes alone.
  size_t first = 0;
  size_t last = 0;
  // Of these stages, when their values were taken from the cache; empty when `first` is to be
  // computed.
  std::vector<StageRecord> records;

  bool cached() const { return !records.empty(); }
};

// The one place that decides which stages are left out, taken from the cache or
// computed: a run does what it says, `plan` prints it. Value type; not thread-safe.
// Where several entries stand for stages from here on, the one that reaches farthest is
// taken: what lies before its end is then needed no more.
class StageWalk {
 public:
  // For what `request` forces and leaves out. INVALID_ARGUMENT as StageIndex for an unknown stage.
  static absl::StatusOr<StageWalk> Of(const RunRequest& request, bool with_publisher);

  // The next stage that is not left out, with as many after it as one entry of the cache stands
  // for; nothing at the end. Takes cached values into `run` and has no other effect.
  std::optional<WalkStep> Next(StageRun* run);

 private:
  // Whether the request wants the stage computed.
  bool Forced(size_t place) const;
  // Whether the stage is done at all: not behind `only`, and not one that needs a
  // publisher that is not there.
  bool Reached(size_t place) const;
  // Whether an entry may stand for all of these stages.
  bool MayTake(size_t first, size_t last) const;
  // The farthest entry that begins at `first` and whose bytes fit; nothing if there is
  // none.
  std::optional<WalkStep> TakeFrom(size_t first, StageRun* run) const;

  bool force_ = false;
  size_t from_ = 0;  // StageGraph().size() for none
  std::optional<size_t> only_;
  bool with_publisher_ = false;
  size_t next_ = 0;  // the first place that was not decided yet
};

// The stage that an entry of `stage` begins with.
std::string_view KeptFrom(const StageInfo& stage);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_WALK_H_
