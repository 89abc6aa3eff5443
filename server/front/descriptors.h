#ifndef CAIRN_SERVER_FRONT_DESCRIPTORS_H_
#define CAIRN_SERVER_FRONT_DESCRIPTORS_H_

#include <cstdint>
#include <utility>

namespace cairn::front {

// Owns a descriptor and closes it. Movable; empty (-1) after it was moved from. Errors
// of close are ignored: nothing of what this folder holds is written through a
// descriptor and lost with it.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  ~UniqueFd() { Reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;

  // For a system call; it stays owned.
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  // Gives the descriptor away; the caller closes it.
  int Release() { return std::exchange(fd_, -1); }
  // Closes what it has and takes `fd`.
  void Reset(int fd = -1);

 private:
  int fd_;
};

// Lets this process open as many descriptors as the system allows it: the soft limit of
// RLIMIT_NOFILE becomes the hard one, but no more than 2^20. Returns how many that is
// now, 2^20 at most, and 1024 where the system does not say. Each connection takes one.
// Call it once at the start, before limits are divided (descriptor_shares.h).
int64_t RaiseDescriptorLimit();

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_DESCRIPTORS_H_
