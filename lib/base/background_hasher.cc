#include "lib/base/background_hasher.h"

#include <system_error>
#include <utility>

namespace cairn {

BackgroundHasher::~BackgroundHasher() { Stop(); }

void BackgroundHasher::Update(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kBufferBytes - filling_.size());
    filling_ += part;
    bytes.remove_prefix(part.size());
    if (filling_.size() == kBufferBytes) Pass();
  }
}

Digest BackgroundHasher::Finish() {
  Stop();
  hasher_.Update(filling_);
  filling_.clear();
  return hasher_.Finish();
}

void BackgroundHasher::Pass() {
  if (!thread_.joinable() && !StartThread()) {
    hasher_.Update(filling_);
    filling_.clear();
    return;
  }
  MutexLock lock(&mutex_);
  while (filled_.size() == kFilledBuffers) changed_.Wait(&mutex_);
  filled_.push_back(std::exchange(filling_, {}));
  if (!empty_.empty()) {
    filling_ = std::move(empty_.back());
    empty_.pop_back();
  }
  filling_.clear();
  filling_.reserve(kBufferBytes);
  changed_.SignalAll();
}

bool BackgroundHasher::StartThread() {
  try {
    thread_ = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void BackgroundHasher::Work() {
  while (true) {
    std::string buffer;
    {
      MutexLock lock(&mutex_);
      while (filled_.empty() && !complete_) changed_.Wait(&mutex_);
      if (filled_.empty()) return;
      buffer = std::move(filled_.front());
      filled_.pop_front();
      changed_.SignalAll();
    }
    hasher_.Update(buffer);
    MutexLock lock(&mutex_);
    empty_.push_back(std::move(buffer));
  }
}

void BackgroundHasher::Stop() {
  {
    MutexLock lock(&mutex_);
    complete_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace cairn
