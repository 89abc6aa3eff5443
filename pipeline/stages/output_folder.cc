#include "pipeline/stages/output_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <regex>
#include <system_error>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {

OutputFolder::~OutputFolder() { Wait().IgnoreError(); }

absl::Status OutputFolder::Prepare() {
  if (!enabled()) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory_));
  CAIRN_RETURN_IF_ERROR(Lock());
  RemoveLeftOvers();
  return absl::OkStatus();
}

// The system drops the lock when the process ends, however it ends. The file stays: removing it
// would let two processes lock two files of one name.
absl::Status OutputFolder::Lock() {
  const std::string path = PathOf(".lock");
  lock_.emplace(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock_->get() < 0) return FileError(errno, "create", path);
  if (::flock(lock_->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(errno, "lock", path);
    std::string pid(20, '\0');
    const auto size = ReadAt(lock_->get(), 0, pid.data(), pid.size(), path);
    pid.resize(size.ok() ? *size : 0);
    return Error(absl::StatusCode::kAborted, ErrorReason::FILE_ERROR,
                 fmt::format("{} is in use by process {}; wait for it or give another --out",
                             directory_, pid.empty() ? "that has just started" : pid))
        .With("path", directory_)
        .With("pid", pid)
        .ToStatus();
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(lock_->get(), 0) != 0) return FileError(errno, "write", path);
  return WriteAllAt(lock_->get(), 0, pid, path);
}

// OutputFile's NAME.PID.tmp; nobody else writes here while the lock is held.
void OutputFolder::RemoveLeftOvers() const {
  static const std::regex left_over(R"(.+\.[0-9]+\.tmp)");
  for (const std::string& folder :
       {directory_, PathOf(".cache"), PathOf("mlflow"), PathOf("charts")}) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (!std::regex_match(entry.path().filename().string(), left_over)) continue;
      std::filesystem::remove(entry.path(), ignored);
    }
  }
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

std::string OutputFolder::PathOf(std::string_view name) const {
  return directory_ + "/" + std::string(name);
}

}  // namespace cairn::pipeline
