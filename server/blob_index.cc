#include "server/blob_index.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/index_rebuild.h"
#include "server/index/checkpoint_directory.h"
#include "server/known_revision.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/merge_records.h"

namespace cairn {

absl::StatusOr<std::string> RebuildBlobIndex(const ServerOptions& options) {
  storage::RocksOptions rocks;
  rocks.directory = options.data_dir;
  rocks.merge = tracking::MergeRecords;
  rocks.replace_lost_database = true;
  std::error_code ignored;
  if (std::filesystem::exists(options.data_dir + "/kv", ignored)) {
    ExpectCheckpointRevision(options.data_dir, rocks);
  } else {
    // A database that begins anew has none of the revisions that they are of.
    index::RemoveCheckpoints(options.data_dir + "/index");
  }
  CAIRN_ASSIGN_OR_RETURN(const auto store, storage::OpenRocksStore(std::move(rocks)));
  CAIRN_ASSIGN_OR_RETURN(const artifacts::RebuiltIndex done,
                         artifacts::RebuildIndex(*store, options.data_dir + "/packs"));
  return fmt::format(
      "rebuilt packs={} damaged_packs={} blobs={} lists={} incomplete_lists={} unreadable={} "
      "unreadable_ranges={}",
      done.packs, done.damaged_packs, done.blobs, done.lists, done.incomplete_lists,
      done.unreadable, done.unreadable_ranges);
}

}  // namespace cairn
