#ifndef CAIRN_LIB_BASE_BACKGROUND_HASHER_H_
#define CAIRN_LIB_BASE_BACKGROUND_HASHER_H_

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/mutex.h"

namespace cairn {

// A Sha256Hasher whose work is done by another thread, while its caller fetches the next
// bytes: for whoever reads as fast as it hashes.
//
// Holds up to 1 MiB of bytes that wait, and a buffer of 256 KiB that is filled; Update waits
// when there is no more room. What is shorter than that buffer is hashed by the caller,
// without a thread, and so is everything when the system has no thread to give. For one
// caller's thread.
class BackgroundHasher {
 public:
  BackgroundHasher() = default;
  ~BackgroundHasher();
  BackgroundHasher(const BackgroundHasher&) = delete;
  BackgroundHasher& operator=(const BackgroundHasher&) = delete;

  // Copies the bytes, so they need not stay.
  void Update(std::string_view bytes) CAIRN_EXCLUDES(mutex_);

  // The digest of everything given. Nothing may follow. Waits for the thread, and
  // hashes the rest itself.
  Digest Finish() CAIRN_EXCLUDES(mutex_);

 private:
  static constexpr size_t kBufferBytes = 256 << 10;
  static constexpr size_t kFilledBuffers = 3;  // beside the one that is being hashed

  // Hands the filled buffer over and takes an empty one.
  void Pass() CAIRN_EXCLUDES(mutex_);
  // False when the system has none.
  bool StartThread();
  // The thread: hashes filled buffers in their order until there are no more.
  void Work() CAIRN_EXCLUDES(mutex_);
  // Lets the thread finish what it was given, and joins it.
  void Stop() CAIRN_EXCLUDES(mutex_);

  Sha256Hasher hasher_;  // the thread's while there is one
  std::string filling_;  // by the caller; below kBufferBytes
  std::thread thread_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> filled_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::string> empty_ CAIRN_GUARDED_BY(mutex_);  // hashed; their memory is used again
  bool complete_ CAIRN_GUARDED_BY(mutex_) = false;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_BACKGROUND_HASHER_H_
