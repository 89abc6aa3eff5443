#ifndef CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_
#define CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/data/scoped_fd.h"

namespace cairn::pipeline {

// The folder of --out. Each file appears whole or not at all; writing goes on in the background
// while the pipeline computes. Not thread-safe: one thread calls.
class OutputFolder {
 public:
  // An empty directory writes nothing: every call succeeds and does nothing. Nothing is
  // made before Prepare.
  explicit OutputFolder(std::string directory) : directory_(std::move(directory)) {}

  // Waits for what is under way.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  bool enabled() const { return !directory_.empty(); }
  const std::string& directory() const { return directory_; }

  // Makes the folder, takes it for this object's lifetime with a lock on its file `.lock`, and
  // removes the temporary files of runs that were killed. ABORTED (FILE_ERROR) when another process
  // has it, naming folder and process; the file system's error when it cannot be made or written
  // to.
  absl::Status Prepare();

  // Starts writing `bytes` to the file `name`. Written to a temporary file that gets
  // the name when it is whole. Errors come with Wait.
  void Write(std::string_view name, std::shared_ptr<const std::string> bytes);
  void Write(std::string_view name, std::string bytes);

  // Starts any other piece of work that belongs to the output. Its result counts like
  // that of a Write. Runs on a thread of its own, so it must not touch what its caller
  // changes later.
  void Run(std::function<absl::Status()> work);

  // Waits for everything; the first error in the order of the calls. Work that was
  // started before is done even if some of it failed.
  absl::Status Wait();

  // Pure; the file need not be there.
  std::string PathOf(std::string_view name) const;

 private:
  // Takes the lock of the folder, or says who has it. The system gives it back however
  // the process ends.
  absl::Status Lock();
  // Temporary files, by their names. REQUIRES: the lock is held, so nobody is writing
  // one.
  void RemoveLeftOvers() const;

  const std::string directory_;
  std::optional<ScopedFd> lock_;
  std::vector<std::future<absl::Status>> pending_;  // in the order of the calls
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_
