#ifndef CAIRN_PIPELINE_DATA_BYTE_FEED_H_
#define CAIRN_PIPELINE_DATA_BYTE_FEED_H_

// Bytes that may still be arriving, addressed by their offset: lets parsing run while unpacking
// does, in memory that need not hold all of them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/load_meter.h"

namespace cairn::pipeline {

// Bytes that one producer fills from the front while consumers read what has arrived. Thread-safe
// as described per method. Three kinds:
//
//   bytes of somebody else   complete from the start, read by any number of consumers
//   whole                    all that arrives stays at a fixed address; address space for the most
//                            is reserved at once, memory is used only as bytes arrive
//   ring                     the last kRingBytes at most, read by one consumer that releases what
//                            it has read; the producer waits for it
class ByteFeed {
 public:
  // What a ring holds, and what from any offset on lies in one piece of memory.
  static constexpr size_t kRingBytes = size_t{2} << 20;

  // A feed that is complete from the start; `bytes` must outlive it. Of `mapped_file` bytes, which
  // are a file's own pages, those that were released leave the memory.
  explicit ByteFeed(std::string_view bytes, bool mapped_file = false);

  // An empty feed that holds at most `most` bytes whole, and one that is a ring. ok() is false
  // when the memory cannot be had.
  explicit ByteFeed(uint64_t most);
  ByteFeed();

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

  // Where the byte at `offset` lies. Bytes behind it may be read up to what WaitFor told, of a ring
  // until they are released.
  const char* At(size_t offset) const { return data_ + (offset & mask_); }

  // Waits until at least `wanted` bytes have arrived or no more will come; returns how many have
  // arrived so far. Any thread. REQUIRES of a ring: `wanted` is at most kRingBytes / 2 past what
  // was released.
  size_t WaitFor(size_t wanted) CAIRN_EXCLUDES(mutex_);

  // Consumer: bytes of [begin, end), which held so many rows, are read no more, of a ring none
  // before `end`. May be called for every piece of text: it does nothing until there is enough to
  // give back.
  void Release(size_t begin, size_t end, uint64_t rows = 0) CAIRN_EXCLUDES(mutex_);

  // Tells `meter` what is released from then on; the bytes only of a feed that is complete from the
  // start, for others are not as they are packed. It must outlive the feed. Before anybody reads.
  void Tell(LoadMeter* meter) { meter_ = meter; }
  // Tells it that all is read once more from the front.
  void BeginPass() {
    if (meter_ != nullptr) meter_->Begin();
  }

  // Waits for the end and returns everything. REQUIRES: not a ring. Any thread.
  std::string_view WaitForAll() { return {data_, WaitFor(SIZE_MAX)}; }

  // Waits for the end and returns how many bytes there were. Of a ring, all of them count as
  // released.
  size_t WaitForEnd() CAIRN_EXCLUDES(mutex_);

 private:
  // False when nothing more is wanted. Makes what arrived known and wakes those who
  // wait for it.
  bool Publish(size_t available, bool complete) CAIRN_EXCLUDES(mutex_);
  // How many bytes may be written behind the first `filled`; of a ring waits for the consumer. 0
  // when a whole feed is full.
  size_t Room(size_t filled) CAIRN_EXCLUDES(mutex_);
  bool is_ring() const { return mask_ != SIZE_MAX; }

  LoadMeter* meter_ = nullptr;

  const char* data_ = nullptr;
  char* reserved_ = nullptr;  // Null when the bytes belong to somebody else.
  size_t reserved_bytes_ = 0;
  size_t capacity_ = 0;
  size_t mask_ = SIZE_MAX;  // Turns offsets into places of a ring.
  const bool mapped_file_ = false;
  Mutex mutex_;
  CondVar arrived_;
  CondVar released_more_;
  size_t available_ CAIRN_GUARDED_BY(mutex_) = 0;
  size_t released_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool complete_ CAIRN_GUARDED_BY(mutex_) = false;
  bool cancelled_ CAIRN_GUARDED_BY(mutex_) = false;  // Fill stops at the next piece
  size_t noted_ = 0;  // Of the consumer: what it released of a ring, told or not.
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_BYTE_FEED_H_
