#include "server/known_revision.h"

#include "fmt/format.h"
#include "server/index/checkpoint_directory.h"

namespace cairn {

void ExpectCheckpointRevision(const std::string& data_dir, storage::RocksOptions& options) {
  const std::string directory = data_dir + "/index";
  options.known_revision = index::NewestCheckpointRevision(directory);
  options.known_from = fmt::format(
      "a checkpoint in {} (remove that directory if an older database was put back on purpose)",
      directory);
}

}  // namespace cairn
