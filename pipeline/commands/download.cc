#include "pipeline/commands/download.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"

extern char** environ;

namespace cairn::pipeline {
namespace {

// The exit code, or -1 when the program is not there.
int RunProgram(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  if (::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    return -1;
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace

absl::Status Download(const std::string& address, const std::string& path,
                      const std::string& program) {
  const std::string part = path + ".part";
  const int code =
      RunProgram({program, "--fail", "--location", "--retry", "4", "--retry-connrefused",
                  "--continue-at", "-", "--output", part, "--", address});
  if (code == -1) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 fmt::format("{} is needed to download and is not installed; on Debian: apt-get "
                             "install curl. Or download {} yourself and give the file",
                             program, address))
        .With("program", program)
        .ToStatus();
  }
  if (code != 0) {
    return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                 fmt::format("{} could not download {} (exit code {}); what came so far is in {}, "
                             "and the same command goes on from there",
                             program, address, code, part))
        .With("address", address)
        .With("exit_code", std::to_string(code))
        .ToStatus();
  }
  if (std::rename(part.c_str(), path.c_str()) != 0) return FileError(errno, "rename", part);
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
