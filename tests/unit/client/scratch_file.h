#ifndef CAIRN_TESTS_UNIT_CLIENT_SCRATCH_FILE_H_
#define CAIRN_TESTS_UNIT_CLIENT_SCRATCH_FILE_H_

#include <filesystem>
#include <string>
#include <system_error>

#include "lib/base/ids.h"

namespace cairn::client {

// The path of a file in a folder of its own, which is removed with all in it at the end.
class ScratchFile {
 public:
  ScratchFile()
      : folder_(std::filesystem::temp_directory_path() /
                ("cairn-client-" + SystemIds().NewHexId())) {
    std::filesystem::create_directory(folder_);
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  std::string path() const { return (folder_ / "metrics.log").string(); }
  std::string Other(const std::string& name) const { return (folder_ / name).string(); }

 private:
  const std::filesystem::path folder_;
};

}  // namespace cairn::client

#endif  // CAIRN_TESTS_UNIT_CLIENT_SCRATCH_FILE_H_
