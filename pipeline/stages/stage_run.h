#ifndef CAIRN_PIPELINE_STAGES_STAGE_RUN_H_
#define CAIRN_PIPELINE_STAGES_STAGE_RUN_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/stages/output_folder.h"
#include "pipeline/stages/runner.h"
#include "pipeline/stages/stage_cache.h"

namespace cairn::pipeline {

using SharedText = std::shared_ptr<const std::string>;

// A text that a background thread and the run hold together; nobody changes it.
SharedText Share(std::string text);

// What the stages of one run have in common: the request, where results go, and the values that
// pass from one stage to the next. It knows no stage. Not thread-safe: the thread that walks the
// stages calls; background work gets copies, or pointers to what Own() holds for the whole run.
class StageRun {
 public:
  // Everything must outlive it. `publisher` may be null.
  StageRun(const RunRequest& request, const RunObserver& observer, Publisher* publisher)
      : request_(request),
        observer_(observer),
        publisher_(publisher),
        config_(request.config),
        cache_(request.out),
        out_(request.out) {}

  // Reads the input whole and takes its digest, on which all keys rest. Errors of InputBytes::Read.
  absl::Status ReadInput();

  const RunRequest& request() const { return request_; }
  const PipelineConfig& config() const { return config_; }
  const RunObserver& observer() const { return observer_; }
  // Null where nothing is registered.
  Publisher* publisher() const { return publisher_; }
  // Whose segments lend numbers and names; nothing before the first promotion.
  const std::optional<Champion>& champion() const { return champion_; }
  // Keys of stages that number segments hold its digest from then on. Before those stages.
  void Follow(Champion champion);
  const StageCache& cache() const { return cache_; }
  OutputFolder& out() { return out_; }
  // The results that the caller gets.
  RunOutcome& outcome() { return outcome_; }
  const RunOutcome& outcome() const { return outcome_; }

  // The input; null once it was given up.
  const std::shared_ptr<const InputBytes>& input() const { return input_; }
  // Whoever still publishes it holds it by a pointer of its own.
  void ReleaseInput() { input_.reset(); }

  // StageKey of this run. REQUIRES: ReadInput succeeded.
  std::string Key(std::string_view stage) const;
  // Whether nothing after `stage` is done.
  bool IsLast(std::string_view stage) const { return request_.only == stage; }

  // Makes a record known: what it notes is told, then the record. It stands in the outcome.
  void Record(StageRecord record);
  // That of a stage that was recorded. REQUIRES: it was recorded. The reference is
  // valid until the next Record.
  const StageRecord& RecordOf(std::string_view stage) const;
  // Those from one recorded stage to another, both included. REQUIRES: both were
  // recorded, in this order.
  std::vector<StageRecord> RecordsFrom(std::string_view first, std::string_view last) const;
  // Tells one line about the input.
  void Print(const std::string& line) const;
  // Tells how far a stage is. Any thread.
  void Tell(const StageProgress& progress) const;

  // Starts writing a file of --out, and holds its text for whoever publishes it. The
  // text stays in memory to the end of the run, also without --out. Errors of writing
  // come when `out` is waited for.
  const std::string& Write(const std::string& name, std::string text);
  // Of all files that were written so far.
  int64_t bytes_written() const { return bytes_written_; }
  // The text of a file that was written. REQUIRES: Write was called for it.
  SharedText TextOf(const std::string& name) const { return texts_.at(name); }

  // What one group of stages keeps between its calls, one object for each type; made
  // when first asked for. A new stage's value needs no member here. The object lives as
  // long as the run.
  template <typename T>
  T& Own() {
    std::shared_ptr<void>& slot = own_[std::type_index(typeid(T))];
    if (slot == nullptr) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  // outcome_.stages.end() if it was not recorded.
  std::vector<StageRecord>::const_iterator Find(std::string_view stage) const;

  const RunRequest& request_;
  const RunObserver& observer_;
  Publisher* const publisher_;
  PipelineConfig config_;
  std::optional<Champion> champion_;
  std::shared_ptr<const InputBytes> input_;
  RunOutcome outcome_;
  int64_t bytes_written_ = 0;
  std::map<std::string, SharedText> texts_;  // by the names of files
  std::map<std::type_index, std::shared_ptr<void>> own_;
  const StageCache cache_;
  // Last: its destructor waits for work that uses what stands above.
  OutputFolder out_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_RUN_H_
