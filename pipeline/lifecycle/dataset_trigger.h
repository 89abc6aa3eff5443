#ifndef CAIRN_PIPELINE_LIFECYCLE_DATASET_TRIGGER_H_
#define CAIRN_PIPELINE_LIFECYCLE_DATASET_TRIGGER_H_

#include <string>

#include "absl/status/statusor.h"
#include "lib/client/client.h"
#include "lib/client/watcher.h"
#include "pipeline/lifecycle/schedule.h"

namespace cairn::pipeline {

// Gives a reason whenever a data set gets a new version. Follows the server across restarts;
// versions that came while a turn ran are one reason, the newest. Where events were lost, that is a
// reason too: a version may be among them.
class DatasetTrigger final : public Trigger {
 public:
  // `dataset` is the data set's name, without `datasets/`. The client must outlive the object.
  DatasetTrigger(client::Client& client, const std::string& dataset, WaitNanos wait);

  // The reason names the version. Errors of client::Watcher::Next, which end the watch.
  absl::StatusOr<std::string> Next() override;

  // The version that the last reason was about, as a resource name; `…/versions/latest` before the
  // first, and where events were lost.
  const std::string& version() const { return version_; }

 private:
  // Takes what came in; whether that is a reason.
  bool Take(const client::WatchBatch& batch);

  const std::string latest_;
  const WaitNanos wait_;
  client::Watcher watcher_;
  std::string version_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_DATASET_TRIGGER_H_
