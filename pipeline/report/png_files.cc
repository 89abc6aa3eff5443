#include "pipeline/report/png_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/parallel.h"

extern char** environ;

namespace cairn::pipeline {
namespace {

// More than any chart takes; what comes out is read into memory.
constexpr off_t kMostBytes = off_t{256} << 20;
// A process draws in one thread.
constexpr int kProcesses = 2;

// A file in memory that closes itself.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("chart", MFD_CLOEXEC)) {}
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int fd() const { return fd_; }

  absl::StatusOr<std::string> Content() const {
    const off_t size = ::lseek(fd_, 0, SEEK_END);
    if (size < 0 || size > kMostBytes) return FileError(EFBIG, "read", "a file in memory");
    std::string bytes(static_cast<size_t>(size), '\0');
    CAIRN_ASSIGN_OR_RETURN(const size_t read,
                           ReadAt(fd_, 0, bytes.data(), bytes.size(), "a file in memory"));
    bytes.resize(read);
    return bytes;
  }

 private:
  const int fd_;
};

absl::Status NoProgram(const std::string& program, int error) {
  if (error != ENOENT) return FileError(error, "start", program);
  return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
               fmt::format("{} is not on PATH, and PNGs are drawn by it: install the package "
                           "librsvg2-bin",
                           program))
      .With("program", program);
}

// Runs the program from one file to another and waits for it; its exit status.
absl::StatusOr<int> RunRasterizer(const std::string& program, int input, int output, int errors) {
  std::array<std::string, 5> words = {program, "--format=png", "--width=1600",
                                      "--keep-aspect-ratio", "--background-color=white"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return NoProgram(program, error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return FileError(errno, "wait for", program);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

absl::StatusOr<std::string> PngOf(const std::string& svg, const std::string& program) {
  const MemoryFile input;
  const MemoryFile output;
  const MemoryFile errors;
  for (const MemoryFile* file : {&input, &output, &errors}) {
    if (file->fd() < 0) return FileError(errno, "create", "a file in memory");
  }
  CAIRN_RETURN_IF_ERROR(WriteAllAt(input.fd(), 0, svg, "a file in memory"));
  CAIRN_ASSIGN_OR_RETURN(const int code,
                         RunRasterizer(program, input.fd(), output.fd(), errors.fd()));
  if (code != 0) {
    CAIRN_ASSIGN_OR_RETURN(const std::string said, errors.Content());
    return Error(absl::StatusCode::kInternal, ErrorReason::FILE_ERROR,
                 fmt::format("{} ended with {}: {}", program, code,
                             Shortened(said.substr(0, said.find('\n')), 300)))
        .With("program", program);
  }
  return output.Content();
}

}  // namespace

absl::StatusOr<std::vector<PngFile>> DrawPngs(std::span<const ChartFile> charts,
                                              const std::string& program) {
  std::vector<absl::StatusOr<std::string>> drawn(charts.size(), absl::CancelledError());
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  RunParts(kProcesses, [&](int) {
    for (size_t i = next++; i < charts.size() && !failed; i = next++) {
      drawn[i] = PngOf(charts[i].svg, program);
      if (!drawn[i].ok()) failed = true;
    }
  });
  std::vector<PngFile> files;
  for (size_t i = 0; i < charts.size(); ++i) {
    // Those behind a failure were not begun.
    if (!drawn[i].ok() && !absl::IsCancelled(drawn[i].status())) return drawn[i].status();
    if (drawn[i].ok()) files.push_back({charts[i].name, *std::move(drawn[i])});
  }
  return files;
}

absl::Status RasterizeSvg(const std::string& svg, const std::string& path,
                          const std::string& program) {
  CAIRN_ASSIGN_OR_RETURN(const std::string png, PngOf(svg, program));
  return WriteFileAtomically(path, png);
}

absl::Status WritePngs(std::span<const ChartFile> charts, const std::string& directory,
                       const std::string& program) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<PngFile> files, DrawPngs(charts, program));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  for (const PngFile& file : files) {
    CAIRN_RETURN_IF_ERROR(
        WriteFileAtomically(fmt::format("{}/{}.png", directory, file.name), file.png));
  }
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
