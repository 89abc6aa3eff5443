#ifndef CAIRN_SERVER_INDEX_BITMAP_CACHE_H_
#define CAIRN_SERVER_INDEX_BITMAP_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "lib/base/mutex.h"
#include "server/index/condition.h"
#include "server/index/run_columns.h"

namespace cairn::index {

// Bitmaps of conditions that were evaluated before: of single comparisons of
// texts (the values of a parameter, states, presence) and of whole filters, which
// makes the next page and the count cheap.
//
// A bitmap is kept with the sequence of the columns it shows. When it is asked for
// later, only the rows that changed since are decided again. The least recently used
// ones go when the cache is full. Safe to call from any thread while the columns do not
// change. The lock is held while an entry is looked up or kept, never while a condition
// is evaluated. Two searches may therefore work out the same bits at once; the later
// one's are kept.
class BitmapCache {
 public:
  // `max_bytes` bounds the bitmaps with their keys. The newest entry stays even if it
  // alone is larger.
  explicit BitmapCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // The bits of `condition`, which `key` stands for and which looks at what `kind`
  // says. Null if they are not there and `evaluate` is false. What is found after
  // `meter` says stop is worthless, and not kept. The condition must be one of these
  // columns, and the key one that no other condition has.
  std::shared_ptr<const Bitmap> Get(const RunColumns& columns, const std::string& key,
                                    ChangeKind kind, const Condition& condition, bool evaluate,
                                    StopMeter& meter) CAIRN_EXCLUDES(mutex_);

  // Keeps bits that show the columns as they are now.
  void Put(const RunColumns& columns, const std::string& key, ChangeKind kind,
           std::shared_ptr<const Bitmap> bits) CAIRN_EXCLUDES(mutex_);

  // What the bitmaps and their keys take, in bytes.
  size_t bytes() const CAIRN_EXCLUDES(mutex_);

 private:
  // Bits are never null in an entry that is in the map.
  struct Entry {
    std::shared_ptr<const Bitmap> bits;
    uint64_t sequence = 0;  // of the columns when the bits were true
    ChangeKind kind = ChangeKind::kRecord;
    uint64_t last_use = 0;  // the value of uses_ then
  };

  const size_t max_bytes_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ CAIRN_GUARDED_BY(mutex_);
  size_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  uint64_t uses_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_BITMAP_CACHE_H_
