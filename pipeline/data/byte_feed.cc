#include "pipeline/data/byte_feed.h"

#include <sys/mman.h>

#include <algorithm>

#include "fmt/format.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

// Small enough to stay in the second-level cache until the consumer reads it.
constexpr size_t kFeedPiece = size_t{256} << 10;

}  // namespace

ByteFeed::ByteFeed(std::string_view bytes)
    : data_(bytes.data()), capacity_(bytes.size()), available_(bytes.size()), complete_(true) {}

ByteFeed::ByteFeed(uint64_t most) : capacity_(static_cast<size_t>(std::max<uint64_t>(most, 1))) {
  void* address = ::mmap(nullptr, capacity_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return;
  ::madvise(address, capacity_, MADV_HUGEPAGE);
  reserved_ = static_cast<char*>(address);
  data_ = reserved_;
}

ByteFeed::~ByteFeed() {
  if (reserved_ != nullptr) ::munmap(reserved_, capacity_);
}

absl::Status ByteFeed::Fill(ByteStream& stream) {
  size_t filled = 0;
  absl::Status status;
  while (true) {
    char overflow = 0;
    const size_t room = capacity_ - filled;
    // A full block may still be the exact end: ask for one byte more to find out.
    const absl::StatusOr<size_t> got =
        room > 0 ? stream.Read(reserved_ + filled, std::min(room, kFeedPiece))
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

size_t ByteFeed::WaitFor(size_t wanted) {
  const MutexLock lock(&mutex_);
  while (available_ < wanted && !complete_) arrived_.Wait(&mutex_);
  return available_;
}

void ByteFeed::Cancel() {
  const MutexLock lock(&mutex_);
  cancelled_ = true;
}

bool ByteFeed::Publish(size_t available, bool complete) {
  const MutexLock lock(&mutex_);
  available_ = available;
  complete_ = complete;
  arrived_.SignalAll();
  return !cancelled_;
}

}  // namespace cairn::pipeline
