#ifndef CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_
#define CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

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

  // Makes the folder; the file system's error when it cannot be made or written to.
  absl::Status Prepare() const;

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
  const std::string directory_;
  std::vector<std::future<absl::Status>> pending_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_OUTPUT_FOLDER_H_
