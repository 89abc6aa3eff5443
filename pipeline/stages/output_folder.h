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
  // An empty directory writes nothing: every call succeeds and does nothing.
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

  // Starts writing `bytes` to the file `name`.
  void Write(std::string_view name, std::shared_ptr<const std::string> bytes);
  void Write(std::string_view name, std::string bytes);

  // Starts any other piece of work that belongs to the output.
  void Run(std::function<absl::Status()> work);

  // Waits for everything; the first error in the order of the calls.
  absl::Status Wait();

  // Whether the file `name` is there.
  bool Has(std::string_view name) const;
  std::string PathOf(std::string_view name) const;

 private:
  absl::Status Lock();
  void RemoveLeftOvers() const;

  const std::string directory_;
  std::optional<ScopedFd> lock_;
  std::vector<std::future<absl::Status>> pending_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_
