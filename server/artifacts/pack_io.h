#ifndef CAIRN_SERVER_ARTIFACTS_PACK_IO_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_IO_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace cairn::artifacts {

// The system calls through which packs are written and read: what tests replace to make
// any one of them fail, or to forget what was never synced, as a power loss does.
//
// Each is the call it is named after, with its result and its errno. Safe to call from any
// thread.
class PackIo {
 public:
  virtual ~PackIo() = default;

  virtual int Open(const std::string& path, int flags);
  virtual void Close(int fd);
  virtual ssize_t Read(int fd, char* buffer, size_t size, int64_t offset);        // pread
  virtual ssize_t Write(int fd, const char* bytes, size_t size, int64_t offset);  // pwrite
  virtual int Sync(int fd);                                                       // fdatasync
  virtual int Truncate(int fd, int64_t size);
  virtual int Unlink(const std::string& path);
  // Makes the names in a directory durable; errors of storage::SyncDirectory.
  virtual absl::Status SyncDirectory(const std::string& path);
};

// The system's.
PackIo& SystemPackIo();

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_IO_H_
