// Reads an input whole, into memory or into a temporary file without a name.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/scoped_fd.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostInMemory = size_t{256} << 20;
constexpr size_t kPiece = size_t{1} << 20;

// Up to `size` bytes; fewer only at the end.
absl::StatusOr<size_t> ReadPiece(int fd, char* out, size_t size, const std::string& name) {
  size_t have = 0;
  while (have < size) {
    const ssize_t n = ::read(fd, out + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError(errno, "read", name);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  return have;
}

absl::Status Changed(const std::string& name) {
  return InputError(absl::StatusCode::kFailedPrecondition, kInputChanged,
                    fmt::format("{} changed while it was read; try again once nobody writes to "
                                "it, or give a copy",
                                name),
                    name);
}

bool SameState(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

// /dev/null, which also stands for a standard input that is closed.
bool IsNothing(const struct stat& info) {
  struct stat nothing {};
  return S_ISCHR(info.st_mode) && ::stat("/dev/null", &nothing) == 0 &&
         info.st_rdev == nothing.st_rdev;
}

absl::Status CheckKind(const struct stat& info, const std::string& name) {
  const auto refuse = [&](std::string_view what) {
    return InputError(
        absl::StatusCode::kInvalidArgument, kInputUnreadable,
        fmt::format("{} is {}; give a file, a pipe, or - for standard input", name, what), name);
  };
  if (S_ISDIR(info.st_mode)) return refuse("a folder");
  if (IsNothing(info))
    return refuse(name == "standard input" ? "closed or /dev/null, which holds no data"
                                           : "/dev/null, which holds no data");
  if (S_ISCHR(info.st_mode)) return refuse("a terminal or another device");
  if (S_ISBLK(info.st_mode)) return refuse("a device");
  return absl::OkStatus();
}

// An open file without a name, which the system removes however the process ends.
int OpenNameless(std::string* folder) {
  const char* set = std::getenv("TMPDIR");
  *folder = set != nullptr && *set != '\0' ? set : "/tmp";
  const int fd = ::open(folder->c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  // File systems without O_TMPFILE.
  std::string path = *folder + "/cairn-pipeline-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace

InputBytes::InputBytes(InputBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      mapped_file_(other.mapped_file_),
      digest_(other.digest_) {}

InputBytes& InputBytes::operator=(InputBytes&& other) noexcept {
  if (this != &other) {
    Release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    mapped_ = std::exchange(other.mapped_, 0);
    mapped_file_ = other.mapped_file_;
    digest_ = other.digest_;
  }
  return *this;
}

InputBytes::~InputBytes() { Release(); }

void InputBytes::Release() noexcept {
  if (data_ != nullptr) ::munmap(data_, mapped_);
  data_ = nullptr;
  size_ = 0;
  mapped_ = 0;
}

absl::StatusOr<InputBytes> InputBytes::Read(const std::string& path,
                                            const std::function<void()>& copied) {
  const bool standard = path == kStandardInput;
  const std::string name = standard ? "standard input" : path;
  const ScopedFd fd(standard ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                             : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) return FileError(errno, "open", name);
  struct stat before {};
  if (::fstat(fd.get(), &before) != 0) return FileError(errno, "inspect", name);
  CAIRN_RETURN_IF_ERROR(CheckKind(before, name));
  InputBytes bytes;
  const auto size = static_cast<size_t>(before.st_size);
  // Standard input may stand anywhere in its file, and files of the system say that they are empty.
  const bool in_memory = !standard && S_ISREG(before.st_mode) && size > 0 && size <= kMostInMemory;
  CAIRN_RETURN_IF_ERROR(in_memory ? bytes.ReadIntoMemory(fd.get(), size, name)
                                  : bytes.Spool(fd.get(), name));
  if (copied) copied();
  struct stat after {};
  if (::fstat(fd.get(), &after) != 0) return FileError(errno, "inspect", name);
  if (S_ISREG(before.st_mode) && !SameState(before, after)) return Changed(name);
  return bytes;
}

absl::Status InputBytes::ReadIntoMemory(int fd, size_t size, const std::string& name) {
  void* address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return FileError(errno, "get memory for", name);
  data_ = static_cast<char*>(address);
  mapped_ = size;
  CAIRN_ASSIGN_OR_RETURN(size_, ReadPiece(fd, data_, size, name));
  digest_ = DigestOf(view());
  return size_ == size ? absl::OkStatus() : Changed(name);
}

absl::Status InputBytes::Spool(int fd, const std::string& name) {
  std::string folder;
  const ScopedFd file(OpenNameless(&folder));
  if (file.get() < 0) return FileError(errno, "keep the input in", folder);
  const uint64_t most = InputLimits().max_decompressed_bytes;
  std::vector<char> piece(kPiece);
  Sha256Hasher hasher;
  uint64_t total = 0;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const size_t n, ReadPiece(fd, piece.data(), piece.size(), name));
    if (n == 0) break;
    CAIRN_RETURN_IF_ERROR(
        WriteAllAt(file.get(), static_cast<int64_t>(total), {piece.data(), n}, folder));
    hasher.Update({piece.data(), n});
    total += n;
    if (total > most) {
      return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                        fmt::format("{} holds more than {} bytes", name, most), name);
    }
  }
  digest_ = hasher.Finish();
  if (total == 0) return absl::OkStatus();
  void* address = ::mmap(nullptr, total, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return FileError(errno, "map", name);
  data_ = static_cast<char*>(address);
  mapped_ = size_ = total;
  mapped_file_ = true;
  return absl::OkStatus();
}

}  // namespace cairn::pipeline
