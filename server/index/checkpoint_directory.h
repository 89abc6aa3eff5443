#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_DIRECTORY_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/index/run_columns.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// The directory that holds the checkpoints of one store's run index.
//
//   runs-00000000000000000123.ckpt   of revision 123
//   runs.tmp                         one that is being written
//
// Whatever is in it can be deleted at any time: a checkpoint makes the next start
// quick and nothing else. One program at a time uses it; not thread-safe.
class CheckpointDirectory {
 public:
  // The directory is made when something is written.
  explicit CheckpointDirectory(std::string path) : path_(std::move(path)) {}

  struct Written {
    storage::Revision revision = 0;
    int64_t bytes = 0;
  };
  // Writes a checkpoint of `index`, whole and durable before it gets its name, and
  // removes older ones.
  //   RESOURCE_EXHAUSTED (DISK_FULL)  the volume would be left with less than
  //                                   kReserveBytes or a sixth of its size; the
  //                                   store needs that more
  //   ABORTED (COMMIT_CONFLICT)       a column was dropped meanwhile
  //   else the system's errors. After any of them all is as before.
  absl::StatusOr<Written> Write(const storage::KvStore& store, const RunIndex& index,
                                uint64_t max_column_bytes);

  struct Loaded {
    storage::Revision revision = 0;
    std::unique_ptr<RunColumns> columns;
  };
  // The newest checkpoint that is whole, is of this store and is not from its
  // future. An error says why there is none; the index then has to be filled from
  // the store:
  //   NOT_FOUND                          there is no file
  //   DATA_LOSS (RECORD_CORRUPT)         it is damaged
  //   FAILED_PRECONDITION (STORE_NEWER)  it has another format
  //   FAILED_PRECONDITION (STORE_CORRUPT)  it is another store's or has columns
  //                                        dropped that there is room for now
  absl::StatusOr<Loaded> Load(const storage::KvStore& store, uint64_t max_column_bytes) const;

  static constexpr int64_t kReserveBytes = int64_t{1} << 30;

 private:
  const std::string path_;
};

// The revision of the newest checkpoint in `directory` by its name, whatever is in it; 0 when there
// is none. A store that ends before it has lost commits.
storage::Revision NewestCheckpointRevision(const std::string& directory);

// Removes all checkpoints in `directory`: of a store that begins anew.
void RemoveCheckpoints(const std::string& directory);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_DIRECTORY_H_
