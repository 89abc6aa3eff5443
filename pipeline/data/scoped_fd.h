#ifndef CAIRN_PIPELINE_DATA_SCOPED_FD_H_
#define CAIRN_PIPELINE_DATA_SCOPED_FD_H_

#include <unistd.h>

#include <utility>

namespace cairn::pipeline {

// Owns an open file descriptor, or none when it is negative; closes it at the end.
// Neither copyable nor movable. The destructor tells nobody of an error; whoever has
// written calls Close.
class ScopedFd {
 public:
  // Takes what open() returned, also where that failed.
  explicit ScopedFd(int fd) : fd_(fd) {}
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  // Negative for none.
  int get() const { return fd_; }
  // Closes now; false when the system reports a failure. What was written may be lost
  // then. REQUIRES: it has one.
  bool Close() {
    const int fd = std::exchange(fd_, -1);
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_SCOPED_FD_H_
