#ifndef CAIRN_SERVER_FRONT_DESCRIPTORS_H_
#define CAIRN_SERVER_FRONT_DESCRIPTORS_H_

#include <cstdint>
#include <utility>

namespace cairn::front {

// Owns a descriptor and closes it.
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

  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1);

 private:
  int fd_;
};

// Lets this process open as many descriptors as the system allows it (the soft limit of
// RLIMIT_NOFILE becomes the hard one). Returns how many that is now.
int64_t RaiseDescriptorLimit();

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_DESCRIPTORS_H_
