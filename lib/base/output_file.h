#ifndef CAIRN_LIB_BASE_OUTPUT_FILE_H_
#define CAIRN_LIB_BASE_OUTPUT_FILE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// A file that a program leaves behind, under a name that somebody gave.
//
// A regular file, or a name that is still free, gets its content at once: the bytes go to
// NAME.PID.tmp beside it, and Close renames that. A reader sees the old or the new content, and
// without Close the old one stays. A file that is replaced passes its permissions on.
//
// A link is followed, also one that leads nowhere yet: what it leads to is replaced, and the link
// stays. Whatever else has the name, a pipe or a device, is written to as it is and keeps its
// place; then bytes are out once Write has returned. A name of one of the process' own
// descriptors (/dev/stdout, /dev/fd/63) means that descriptor, at its present position.
//
// Errors are those of FileError and name the path as it was given. Movable; not thread-safe. Two
// of one name in one process disturb each other.
class OutputFile {
 public:
  // Opens a pipe only once somebody reads it. A directory is INVALID_ARGUMENT.
  static absl::StatusOr<OutputFile> Create(std::string_view path);

  OutputFile(OutputFile&& other) noexcept
      : path_(std::move(other.path_)),
        target_(std::move(other.target_)),
        temporary_(std::exchange(other.temporary_, {})),
        fd_(std::exchange(other.fd_, -1)) {}
  OutputFile& operator=(OutputFile&&) = delete;
  // Removes what was written, unless Close put it in its place.
  ~OutputFile();

  // Appends all of `bytes`.
  absl::Status Write(std::string_view bytes);

  // Waits until the disk has what was written; nothing for what is no regular file.
  absl::Status Sync();

  // Puts the file in its place. The last call.
  absl::Status Close();

 private:
  explicit OutputFile(std::string_view path) : path_(path) {}
  absl::Status OpenInPlace(const std::string& target);
  absl::Status OpenBeside(const std::string& target);

  std::string path_;
  std::string target_;     // What is replaced.
  std::string temporary_;  // Empty when there is none, or no more.
  int fd_ = -1;
};

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_OUTPUT_FILE_H_
