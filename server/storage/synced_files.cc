#include "server/storage/synced_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/storage/crc32c.h"
#include "server/storage/key_codec.h"
#include "server/storage/store_directory.h"

namespace cairn::storage {
namespace {

constexpr std::string_view kMagic = "CAIRNSY1";

bool Before(const SyncedFile& file, SyncedKind kind, uint64_t number) {
  return std::tuple(file.kind, file.number) < std::tuple(kind, number);
}

template <typename Files>
auto Place(Files& files, SyncedKind kind, uint64_t number) {
  return std::lower_bound(
      files.begin(), files.end(), number,
      [kind](const SyncedFile& file, uint64_t wanted) { return Before(file, kind, wanted); });
}

template <typename Files>
auto FindIn(Files& files, SyncedKind kind, uint64_t number) {
  const auto place = Place(files, kind, number);
  const bool found = place != files.end() && place->kind == kind && place->number == number;
  return found ? place : files.end();
}

// A file's entry; nullopt when the bytes end before it does or name no kind.
std::optional<SyncedFile> ReadEntry(KeyReader& reader) {
  const auto kind = reader.ReadByte();
  const auto number = reader.ReadBigEndian64();
  const auto bytes = reader.ReadBigEndian64();
  const auto crc = reader.ReadBigEndian32();
  if (!kind || !number || !bytes || !crc) return std::nullopt;
  if (*kind != static_cast<uint8_t>(SyncedKind::kLog) &&
      *kind != static_cast<uint8_t>(SyncedKind::kManifest)) {
    return std::nullopt;
  }
  return SyncedFile{static_cast<SyncedKind>(*kind), *number, *bytes, *crc};
}

bool Ascend(const std::vector<SyncedFile>& files) {
  for (size_t i = 1; i < files.size(); ++i) {
    if (!Before(files[i - 1], files[i].kind, files[i].number)) return false;
  }
  return true;
}

}  // namespace

const SyncedFile* SyncedState::Find(SyncedKind kind, uint64_t number) const {
  const auto found = FindIn(files, kind, number);
  return found == files.end() ? nullptr : &*found;
}

std::string EncodeSyncedState(const SyncedState& state) {
  const size_t left_out = state.files.size() - std::min(state.files.size(), kMaxSyncedFiles);
  std::string out(kMagic);
  AppendBigEndian64(&out, state.ordinal);
  AppendBigEndian32(&out, static_cast<uint32_t>(state.files.size() - left_out));
  for (size_t i = left_out; i < state.files.size(); ++i) {  // logs come first
    const SyncedFile& file = state.files[i];
    out.push_back(static_cast<char>(file.kind));
    AppendBigEndian64(&out, file.number);
    AppendBigEndian64(&out, file.bytes);
    AppendBigEndian32(&out, file.crc);
  }
  AppendBigEndian32(&out, Crc32c(out));
  return out;
}

std::optional<SyncedState> DecodeSyncedState(std::string_view slot) {
  if (slot.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  KeyReader reader(slot.substr(kMagic.size()));
  SyncedState state;
  const auto ordinal = reader.ReadBigEndian64();
  const auto count = reader.ReadBigEndian32();
  if (!ordinal || !count || *count > kMaxSyncedFiles) return std::nullopt;
  state.ordinal = *ordinal;
  for (uint32_t i = 0; i < *count; ++i) {
    const auto file = ReadEntry(reader);
    if (!file) return std::nullopt;
    state.files.push_back(*file);
  }
  const size_t sealed = slot.size() - reader.rest().size();
  const auto crc = reader.ReadBigEndian32();
  const bool whole = crc && *crc == Crc32c(slot.substr(0, sealed)) && Ascend(state.files);
  return whole ? std::optional(std::move(state)) : std::nullopt;
}

std::optional<SyncedState> ReadSyncedState(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string bytes(2 * kSyncedSlotBytes, '\0');
  const absl::StatusOr<size_t> size = cairn::ReadAt(fd, 0, bytes.data(), bytes.size(), path);
  ::close(fd);
  if (!size.ok()) return std::nullopt;
  const std::string_view read = std::string_view(bytes).substr(0, *size);
  std::optional<SyncedState> newest;
  for (const size_t begin : {size_t{0}, kSyncedSlotBytes}) {
    if (begin >= read.size()) break;
    std::optional<SyncedState> state = DecodeSyncedState(read.substr(begin, kSyncedSlotBytes));
    if (state && (!newest || state->ordinal > newest->ordinal)) newest = std::move(state);
  }
  return newest;
}

std::array<std::string, 2> SyncedStatePaths(const std::string& directory) {
  return {directory + "/kv.synced", directory + "/kv/SYNCED"};
}

std::optional<SyncedState> ReadNewestSyncedState(const std::string& directory) {
  const auto paths = SyncedStatePaths(directory);
  std::optional<SyncedState> one = ReadSyncedState(paths[0]);
  std::optional<SyncedState> other = ReadSyncedState(paths[1]);
  if (!one || (other && other->ordinal > one->ordinal)) one.swap(other);
  return one;
}

SyncedFiles::SyncedFiles(std::string directory, SyncedState state, OnFailure on_failure)
    : directory_(std::move(directory)),
      on_failure_(std::move(on_failure)),
      state_(std::move(state)) {}

// Syncs the names of the files, once.
absl::Status SyncedFiles::OpenCopies() {
  if (opened_) return absl::OkStatus();
  const auto paths = SyncedStatePaths(directory_);
  for (size_t i = 0; i < copies_.size(); ++i) {
    if (copies_[i].fd >= 0) continue;
    copies_[i].path = paths[i];
    copies_[i].fd = ::open(paths[i].c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (copies_[i].fd < 0) return FileError(errno, "open", paths[i]);
    // Room for both slots now: a full disk must not keep later states out.
    const int failed = ::posix_fallocate(copies_[i].fd, 0, 2 * kSyncedSlotBytes);
    if (failed != 0 && failed != EOPNOTSUPP && failed != EINVAL) {
      return FileError(failed, "make room in", paths[i]);
    }
  }
  opened_ = true;
  CAIRN_RETURN_IF_ERROR(SyncDirectory(directory_));
  return SyncDirectory(directory_ + "/kv");
}

SyncedFiles::~SyncedFiles() {
  Sync();
  MutexLock lock(&mutex_);
  for (const Copy& copy : copies_) {
    if (copy.fd >= 0) ::close(copy.fd);
  }
}

void SyncedFiles::Record(const SyncedFile& file) {
  MutexLock lock(&mutex_);
  const auto known = FindIn(state_.files, file.kind, file.number);
  if (known != state_.files.end()) {
    *known = file;
  } else {
    state_.files.insert(Place(state_.files, file.kind, file.number), file);
  }
  Report(Write());
}

void SyncedFiles::Forget(SyncedKind kind, uint64_t number) {
  MutexLock lock(&mutex_);
  const auto found = FindIn(state_.files, kind, number);
  if (found == state_.files.end()) return;
  state_.files.erase(found);
  Report(Write());
}

// Not under the lock: a commit tells meanwhile. The descriptors stay once they are there.
void SyncedFiles::Sync() {
  std::array<Copy, 2> copies;
  {
    MutexLock lock(&mutex_);
    copies = copies_;
  }
  const absl::Status status = SyncCopies(copies);
  MutexLock lock(&mutex_);
  Report(status);
}

absl::Status SyncedFiles::Checkpoint() {
  std::array<Copy, 2> copies;
  absl::Status status;
  {
    MutexLock lock(&mutex_);
    status = Write();
    copies = copies_;
  }
  if (status.ok()) status = SyncCopies(copies);
  MutexLock lock(&mutex_);
  Report(status);
  return status;
}

// A state goes into the slot that the one before is not in, so a whole one is always there.
absl::Status SyncedFiles::Write() {
  CAIRN_RETURN_IF_ERROR(OpenCopies());
  ++state_.ordinal;
  const std::string bytes = EncodeSyncedState(state_);
  const auto offset = static_cast<int64_t>((state_.ordinal % 2) * kSyncedSlotBytes);
  absl::Status status;
  for (const Copy& copy : copies_) {
    const absl::Status written = WriteAllAt(copy.fd, offset, bytes, copy.path);
    if (status.ok()) status = written;
  }
  return status;
}

absl::Status SyncedFiles::SyncCopies(const std::array<Copy, 2>& copies) {
  for (const Copy& copy : copies) {
    if (copy.fd >= 0 && ::fdatasync(copy.fd) != 0) return FileError(errno, "sync", copy.path);
  }
  return absl::OkStatus();
}

void SyncedFiles::Report(const absl::Status& status) {
  if (status.ok() || failed_) return;
  failed_ = true;
  if (on_failure_) on_failure_(status);
}

}  // namespace cairn::storage
