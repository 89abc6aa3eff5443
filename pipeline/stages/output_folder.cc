#include "pipeline/stages/output_folder.h"

#include <sys/stat.h>

#include <utility>

#include "lib/base/files.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {

OutputFolder::~OutputFolder() { Wait().IgnoreError(); }

absl::Status OutputFolder::Prepare() const {
  return enabled() ? MakeDirectories(directory_) : absl::OkStatus();
}

void OutputFolder::Write(std::string_view name, std::shared_ptr<const std::string> bytes) {
  if (!enabled()) return;
  Run([path = PathOf(name), bytes = std::move(bytes)] { return WriteOutputFile(path, *bytes); });
}

void OutputFolder::Write(std::string_view name, std::string bytes) {
  Write(name, std::make_shared<const std::string>(std::move(bytes)));
}

void OutputFolder::Run(std::function<absl::Status()> work) {
  pending_.push_back(std::async(std::launch::async, std::move(work)));
}

absl::Status OutputFolder::Wait() {
  absl::Status first;
  for (auto& one : pending_) {
    absl::Status status = one.get();
    if (first.ok()) first = std::move(status);
  }
  pending_.clear();
  return first;
}

bool OutputFolder::Has(std::string_view name) const {
  struct stat info {};
  return enabled() && ::stat(PathOf(name).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

std::string OutputFolder::PathOf(std::string_view name) const {
  return directory_ + "/" + std::string(name);
}

}  // namespace cairn::pipeline
