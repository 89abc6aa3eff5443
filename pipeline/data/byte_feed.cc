#include "pipeline/data/byte_feed.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "fmt/format.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/scoped_fd.h"

namespace cairn::pipeline {
namespace {

// Small enough to stay in the second-level cache until the consumer reads it.
constexpr size_t kFeedPiece = size_t{256} << 10;
// Pages of a file are given back that many at a time.
constexpr size_t kReleasePiece = size_t{1} << 20;

// The same memory twice in a row, so that any `size` bytes of the ring lie in one piece. `size` is
// a multiple of the page size. Null when it cannot be had.
char* MapTwice(size_t size) {
  const ScopedFd memory(::memfd_create("cairn-ring", MFD_CLOEXEC));
  if (memory.get() < 0 || ::ftruncate(memory.get(), static_cast<off_t>(size)) != 0) return nullptr;
  void* place = ::mmap(nullptr, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(place);
  for (char* half : {first, first + size}) {
    if (::mmap(half, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory.get(), 0) ==
        MAP_FAILED) {
      ::munmap(place, 2 * size);
      return nullptr;
    }
  }
  return first;
}

}  // namespace

ByteFeed::ByteFeed(std::string_view bytes, bool mapped_file)
    : data_(bytes.data()),
      capacity_(bytes.size()),
      mapped_file_(mapped_file),
      available_(bytes.size()),
      complete_(true) {}

ByteFeed::ByteFeed(uint64_t most) : capacity_(static_cast<size_t>(std::max<uint64_t>(most, 1))) {
  void* address = ::mmap(nullptr, capacity_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return;
  ::madvise(address, capacity_, MADV_HUGEPAGE);
  reserved_ = static_cast<char*>(address);
  reserved_bytes_ = capacity_;
  data_ = reserved_;
}

ByteFeed::ByteFeed() : capacity_(kRingBytes), mask_(kRingBytes - 1) {
  reserved_ = MapTwice(kRingBytes);
  reserved_bytes_ = 2 * kRingBytes;
  data_ = reserved_;
}

ByteFeed::~ByteFeed() {
  if (reserved_ != nullptr) ::munmap(reserved_, reserved_bytes_);
}

absl::Status ByteFeed::Fill(ByteStream& stream) {
  size_t filled = 0;
  absl::Status status;
  while (true) {
    char overflow = 0;
    const size_t room = Room(filled);
    // A full block may still be the exact end: ask for one byte more to find out.
    const absl::StatusOr<size_t> got =
        room > 0 ? stream.Read(reserved_ + (filled & mask_), std::min(room, kFeedPiece))
                 : stream.Read(&overflow, 1);
    if (!got.ok()) {
      status = got.status();
      break;
    }
    if (*got == 0) break;
    if (room == 0) {
      status = InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                          fmt::format("the input unpacks to more than {} bytes", capacity_));
      break;
    }
    filled += *got;
    if (!Publish(filled, /*complete=*/false)) break;
  }
  Publish(filled, /*complete=*/true);
  return status;
}

size_t ByteFeed::Room(size_t filled) {
  if (!is_ring()) return capacity_ - filled;
  const MutexLock lock(&mutex_);
  // Whole pieces: a consumer that releases line by line would else be followed line by line.
  while (!cancelled_ && filled + std::min(kFeedPiece, capacity_) > released_ + capacity_) {
    released_more_.Wait(&mutex_);
  }
  // What arrives after the end of interest overwrites what nobody reads.
  return cancelled_ ? kFeedPiece : released_ + capacity_ - filled;
}

size_t ByteFeed::WaitFor(size_t wanted) {
  const MutexLock lock(&mutex_);
  while (available_ < wanted && !complete_) arrived_.Wait(&mutex_);
  return available_;
}

void ByteFeed::Release(size_t begin, size_t end, uint64_t rows) {
  if (meter_ != nullptr) meter_->Add(reserved_ == nullptr ? end - begin : 0, rows);
  if (is_ring()) {
    if (end < noted_ + kFeedPiece) return;
    noted_ = end;
    const MutexLock lock(&mutex_);
    released_ = std::max(released_, end);
    released_more_.SignalAll();
    return;
  }
  if (!mapped_file_ || end < begin + kReleasePiece) return;
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t first = (reinterpret_cast<uintptr_t>(data_ + begin) + page - 1) / page * page;
  const uintptr_t last = reinterpret_cast<uintptr_t>(data_ + end) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

size_t ByteFeed::WaitForEnd() {
  const MutexLock lock(&mutex_);
  if (is_ring()) {
    released_ = SIZE_MAX - capacity_;
    released_more_.SignalAll();
  }
  while (!complete_) arrived_.Wait(&mutex_);
  return available_;
}

void ByteFeed::Cancel() {
  const MutexLock lock(&mutex_);
  cancelled_ = true;
  released_more_.SignalAll();
}

bool ByteFeed::Publish(size_t available, bool complete) {
  const MutexLock lock(&mutex_);
  available_ = available;
  complete_ = complete;
  arrived_.SignalAll();
  return !cancelled_;
}

}  // namespace cairn::pipeline
