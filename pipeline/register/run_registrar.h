#ifndef CAIRN_PIPELINE_REGISTER_RUN_REGISTRAR_H_
#define CAIRN_PIPELINE_REGISTER_RUN_REGISTRAR_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/client/client.h"
#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// Makes the runs of one sweep on a server, each exactly once whatever happens in between.
//
// A run is found again by two tags, `cairn.sweep` and `cairn.point`. What an earlier
// attempt left is looked up once, in Find; a run that ended well is left alone, any
// other is completed: parameters, tags and artifacts may be sent again, metrics are
// sent only where there are none. Not thread-safe; makes many calls at once by itself.
// The client must outlive it. Two processes that register the same sweep at the same
// time make no run twice either: request ids are functions of what is asked
// (request_ids.h).
class RunRegistrar {
 public:
  // `experiment` is the human name; it is made if it does not exist.
  RunRegistrar(client::Client& client, std::string experiment, std::string sweep_key)
      : client_(client), experiment_(std::move(experiment)), sweep_key_(std::move(sweep_key)) {}

  // Finds or makes the experiment, and the runs of earlier attempts. Call first. Errors
  // are the server's.
  absl::Status Find();

  // Makes the runs durable: blobs, then run by run creation, metrics, artifacts, end.
  // All have the data set versions `inputs`. The server's errors; those before the
  // failing run are done. May be called many times, with other drafts each. REQUIRES:
  // Find succeeded, and the drafts live until it returns.
  absl::Status Register(const std::vector<RunDraft>& drafts,
                        const std::vector<cairn::v1::RunInput>& inputs);

  // Resource names by RunDraft::index, as far as they are known.
  const std::map<size_t, std::string>& names() const { return names_; }
  // How many runs this object made and how many it found; a run that was found and
  // completed counts as found.
  int created() const { return created_; }
  int found() const { return found_; }
  // Bytes of blobs that were sent.
  int64_t transferred() const { return transferred_; }

 private:
  // A draft and what has become of it.
  struct Work;

  absl::Status FindRuns();
  // Models and labels, several hundred runs in one question to the server; what it has
  // is not sent.
  absl::Status UploadBlobs(std::vector<Work>* works);
  // Creates the run if there is none yet, sends what it lacks and ends it. Several of
  // these are under way at once, each with a Work of its own.
  absl::Status RegisterOne(Work* work);
  absl::Status Create(Work* work);

  client::Client& client_;
  const std::string experiment_;
  const std::string sweep_key_;
  std::string parent_;                             // experiments/7
  std::map<std::string, cairn::v1::Run> earlier_;  // By point.
  std::map<size_t, std::string> names_;
  int created_ = 0;
  int found_ = 0;
  int64_t transferred_ = 0;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_RUN_REGISTRAR_H_
