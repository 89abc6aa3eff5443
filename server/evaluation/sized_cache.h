#ifndef CAIRN_SERVER_EVALUATION_SIZED_CACHE_H_
#define CAIRN_SERVER_EVALUATION_SIZED_CACHE_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::evaluation {

// Values by what they were made from, up to so many bytes: the one that was not asked for longest
// goes first. A value that is used stays alive with its user, in the cache or not, and counts no
// longer once it left. Safe to call from any thread.
template <typename Value>
class SizedCache {
 public:
  explicit SizedCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  // Null if it is not there.
  std::shared_ptr<const Value> Find(const std::string& key) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  // Keeps a value that takes `bytes`, unless one is there or it is larger than the cache.
  void Insert(const std::string& key, std::shared_ptr<const Value> value, int64_t bytes)
      CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (bytes > max_bytes_ || by_key_.contains(key)) return;
    entries_.push_front({key, std::move(value), bytes});
    by_key_[key] = entries_.begin();
    used_bytes_ += bytes;
    while (used_bytes_ > max_bytes_) {
      used_bytes_ -= entries_.back().bytes;
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
  }

  int64_t used_bytes() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return used_bytes_;
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Value> value;
    int64_t bytes = 0;
  };

  const int64_t max_bytes_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ CAIRN_GUARDED_BY(mutex_);  // the one used last first
  std::map<std::string, typename std::list<Entry>::iterator> by_key_ CAIRN_GUARDED_BY(mutex_);
  int64_t used_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_SIZED_CACHE_H_
