#ifndef CAIRN_TESTS_FAULT_DIRECTORY_IMAGE_H_
#define CAIRN_TESTS_FAULT_DIRECTORY_IMAGE_H_

#include <map>
#include <string>

namespace cairn::fault {

// The files of a directory with their bytes, by their paths in it: what a drill damages, writes
// somewhere and compares. A directory without files is not kept. Copyable; not thread-safe.
class DirectoryImage {
 public:
  // Reads every regular file below `directory`. A file that goes while it is read is left out.
  static DirectoryImage Of(const std::string& directory);

  // Makes `directory` hold exactly these files. Zeros at the end of one become a hole.
  void WriteTo(const std::string& directory) const;

  // The same for a directory that holds `present`: writes only what differs.
  void WriteChangesTo(const std::string& directory, const DirectoryImage& present) const;

  std::map<std::string, std::string>& files() { return files_; }
  const std::map<std::string, std::string>& files() const { return files_; }

  // The paths that are not the same in both; for messages.
  std::string DifferenceTo(const DirectoryImage& other) const;

  friend bool operator==(const DirectoryImage&, const DirectoryImage&) = default;

 private:
  std::map<std::string, std::string> files_;
};

// The number in the environment variable `name`, or `fallback`: how long a drill is.
int RoundsFrom(const char* name, int fallback);

}  // namespace cairn::fault

#endif  // CAIRN_TESTS_FAULT_DIRECTORY_IMAGE_H_
