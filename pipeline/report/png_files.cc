#include "pipeline/report/png_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/scoped_fd.h"

extern char** environ;

namespace cairn::pipeline {
namespace {

// More than any chart takes; what comes out is read into memory.
constexpr off_t kMostBytes = off_t{256} << 20;
// A process draws in one thread.
constexpr int kProcesses = 2;
constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

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

// What the program reads and writes.
struct Streams {
  int input;
  int output;
  int errors;
};

absl::StatusOr<pid_t> StartRasterizer(const std::string& program, const Streams& streams) {
  std::array<std::string, 5> words = {program, "--format=png", "--width=1600",
                                      "--keep-aspect-ratio", "--background-color=white"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, streams.input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, streams.errors, STDERR_FILENO);
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return NoProgram(program, error);
  return child;
}

absl::Status TookTooLong(const Rasterizer& rasterizer) {
  return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::FILE_ERROR,
               fmt::format("{} did not end within {} s and was stopped", rasterizer.program,
                           std::chrono::duration<double>(rasterizer.patience).count()))
      .With("program", rasterizer.program);
}

// OK once the process has ended. It is not reaped.
absl::Status WaitForEnd(pid_t child, const Rasterizer& rasterizer) {
  // By its number: the header of Debian 12 has it without C linkage.
  const ScopedFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (process.get() < 0) return FileError(errno, "wait for", rasterizer.program);
  const auto end = std::chrono::steady_clock::now() + rasterizer.patience;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(end - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration(0)));
    pollfd ended = {process.get(), POLLIN, 0};
    const int ready = ::poll(&ended, 1, static_cast<int>(left.count()));
    if (ready > 0) return absl::OkStatus();
    if (ready == 0) return TookTooLong(rasterizer);
    if (errno != EINTR) return FileError(errno, "wait for", rasterizer.program);
  }
}

// Runs the program from one file to another and waits for it; its exit status. However that comes
// out, no process stays behind.
absl::StatusOr<int> RunRasterizer(const Rasterizer& rasterizer, const Streams& streams) {
  CAIRN_ASSIGN_OR_RETURN(const pid_t child, StartRasterizer(rasterizer.program, streams));
  const absl::Status ended = WaitForEnd(child, rasterizer);
  if (!ended.ok()) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return FileError(errno, "wait for", rasterizer.program);
  }
  if (!ended.ok()) return ended;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

absl::Status FailedProgram(const std::string& program, std::string_view what) {
  return Error(absl::StatusCode::kInternal, ErrorReason::FILE_ERROR,
               fmt::format("{} {}", program, what))
      .With("program", program);
}

absl::StatusOr<std::string> PngOf(const std::string& svg, const Rasterizer& rasterizer) {
  const MemoryFile input;
  const MemoryFile output;
  const MemoryFile errors;
  for (const MemoryFile* file : {&input, &output, &errors}) {
    if (file->fd() < 0) return FileError(errno, "create", "a file in memory");
  }
  CAIRN_RETURN_IF_ERROR(WriteAllAt(input.fd(), 0, svg, "a file in memory"));
  CAIRN_ASSIGN_OR_RETURN(const int code,
                         RunRasterizer(rasterizer, {input.fd(), output.fd(), errors.fd()}));
  if (code != 0) {
    CAIRN_ASSIGN_OR_RETURN(const std::string said, errors.Content());
    return FailedProgram(
        rasterizer.program,
        fmt::format("ended with {}: {}", code, Shortened(said.substr(0, said.find('\n')), 300)));
  }
  CAIRN_ASSIGN_OR_RETURN(std::string png, output.Content());
  if (!png.starts_with(kPngSignature)) {
    return FailedProgram(rasterizer.program,
                         png.empty() ? "wrote nothing" : "wrote what is no PNG");
  }
  return png;
}

}  // namespace

absl::StatusOr<std::vector<PngFile>> DrawPngs(std::span<const ChartFile> charts,
                                              const Rasterizer& rasterizer) {
  std::vector<absl::StatusOr<std::string>> drawn(charts.size(), absl::CancelledError());
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  RunParts(kProcesses, [&](int) {
    for (size_t i = next++; i < charts.size() && !failed; i = next++) {
      drawn[i] = PngOf(charts[i].svg, rasterizer);
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
                          const Rasterizer& rasterizer) {
  CAIRN_ASSIGN_OR_RETURN(const std::string png, PngOf(svg, rasterizer));
  return WriteFileAtomically(path, png);
}

absl::Status WritePngs(std::span<const ChartFile> charts, const std::string& directory,
                       const Rasterizer& rasterizer) {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<PngFile> files, DrawPngs(charts, rasterizer));
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  for (const PngFile& file : files) {
    CAIRN_RETURN_IF_ERROR(
        WriteFileAtomically(fmt::format("{}/{}.png", directory, file.name), file.png));
  }
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
