#ifndef CAIRN_PIPELINE_DATA_BYTE_FEED_H_
#define CAIRN_PIPELINE_DATA_BYTE_FEED_H_

// Contiguous bytes that may still be arriving: lets parsing run while unpacking does.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "pipeline/data/byte_source.h"

namespace cairn::pipeline {

// A block of memory with a fixed address that one producer fills from the front while any number
// of consumers read what has arrived. Address space for the most it may hold is reserved at once;
// memory is used only as bytes arrive. Thread-safe as described per method.
class ByteFeed {
 public:
  // A feed that is complete from the start; `bytes` must outlive it.
  explicit ByteFeed(std::string_view bytes);

  // An empty feed for at most `most` bytes. ok() is false when the address space cannot be had.
  explicit ByteFeed(uint64_t most);

  // Neither copyable nor movable: readers hold addresses in it.
  ByteFeed(const ByteFeed&) = delete;
  ByteFeed& operator=(const ByteFeed&) = delete;
  // REQUIRES: nobody fills or reads it any more.
  ~ByteFeed();

  bool ok() const { return data_ != nullptr || capacity_ == 0; }

  // Producer: reads `stream` to its end, publishing as it goes. Returns the stream's error, or
  // kResourceExhausted when it holds more than the feed may; either way the feed is complete
  // afterwards, with what arrived. Call once.
  absl::Status Fill(ByteStream& stream) CAIRN_EXCLUDES(mutex_);

  // Consumer: nothing more is wanted. Fill ends soon and returns OK. Any thread.
  void Cancel() CAIRN_EXCLUDES(mutex_);

  // Start of the bytes; the first Available() of them may be read.
  const char* data() const { return data_; }

  // Waits until at least `wanted` bytes have arrived or no more will come; returns how many
  // there are. Any thread.
  size_t WaitFor(size_t wanted) CAIRN_EXCLUDES(mutex_);

  // Waits for the end and returns everything. Any thread.
  std::string_view WaitForAll() { return {data_, WaitFor(SIZE_MAX)}; }

 private:
  // False when nothing more is wanted. Makes what arrived known and wakes those who
  // wait for it.
  bool Publish(size_t available, bool complete) CAIRN_EXCLUDES(mutex_);

  const char* data_ = nullptr;
  char* reserved_ = nullptr;  // Null when the bytes belong to somebody else.
  size_t capacity_ = 0;
  Mutex mutex_;
  CondVar arrived_;
  size_t available_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool complete_ CAIRN_GUARDED_BY(mutex_) = false;
  bool cancelled_ CAIRN_GUARDED_BY(mutex_) = false;  // Fill stops at the next piece
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_BYTE_FEED_H_
