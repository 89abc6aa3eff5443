#ifndef CAIRN_TESTS_TESTING_MEMORY_VOLUME_H_
#define CAIRN_TESTS_TESTING_MEMORY_VOLUME_H_

#include <cstdint>
#include <functional>
#include <string>

namespace cairn::testing {

// A file system in memory at `path`, of a size of its own, which only this thread and the
// programs that it starts see: a disk that can really be filled. Only root may make one;
// mounted() tells. Owned by one thread, see OnThreadOfItsOwn.
class MemoryVolume {
 public:
  MemoryVolume(std::string path, int64_t mebibytes);
  ~MemoryVolume();
  MemoryVolume(const MemoryVolume&) = delete;
  MemoryVolume& operator=(const MemoryVolume&) = delete;

  bool mounted() const { return mounted_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  int64_t FreeBytes() const;

  // Lets another file take room until `free_bytes` are left; false if it could not.
  bool LeaveFree(int64_t free_bytes);

  // Removes that file.
  void GiveBack();

 private:
  std::string filler() const { return path_ + "/filler"; }

  const std::string path_;
  bool mounted_ = false;
};

// A thread's view of the file system cannot be given back, so whoever makes a volume does
// it on a thread that ends with it.
void OnThreadOfItsOwn(const std::function<void()>& body);

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_MEMORY_VOLUME_H_
