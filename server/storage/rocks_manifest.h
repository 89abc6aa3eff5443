#ifndef CAIRN_SERVER_STORAGE_ROCKS_MANIFEST_H_
#define CAIRN_SERVER_STORAGE_ROCKS_MANIFEST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace cairn::storage {

// What a RocksDB MANIFEST says of its database, as far as it tells which files must be there.
//
// A MANIFEST is a log (rocks_log.h) of edits; an edit is a sequence of tagged fields.
// Several edits may belong together and count only when all of them are there. Fields
// that say nothing of files are stepped over. Source: RocksDB, db/version_edit.cc.
// Pure; not thread-safe; copyable. It is read before RocksDB opens the database, so
// that a missing table is found and named while nothing has been changed yet.
class RocksManifest {
 public:
  // Applies the next edit.
  //   DATA_LOSS (STORE_CORRUPT)      the bytes are no edit
  //   UNIMPLEMENTED (STORE_CORRUPT)  they have a field that is not known here and must not be
  //                                  stepped over: only RocksDB can tell what the files are
  // The object is of no use after an error.
  absl::Status Apply(std::string_view edit);

  // Logs with a lower number hold nothing that is not in a table; they may be there or not.
  uint64_t first_needed_log() const;

  // The sizes of the tables of all families, by their numbers.
  std::map<uint64_t, uint64_t> tables() const;

 private:
  // The fields of one edit that matter here.
  struct Edit {
    uint32_t family = 0;
    bool adds_family = false;
    bool drops_family = false;
    std::optional<uint64_t> log_number;
    std::optional<uint64_t> first_kept_log;
    std::optional<uint32_t> remaining_in_group;
    std::vector<uint64_t> deleted_tables;
    std::vector<std::pair<uint64_t, uint64_t>> new_tables;  // number, size
  };
  struct FamilyFiles {
    uint64_t log_number = 0;
    std::map<uint64_t, uint64_t> tables;
  };
  // Reads the tagged fields of one edit.
  class Parser;

  // Applies an edit that counts.
  void Take(const Edit& edit);

  uint64_t first_kept_log_ = 0;
  std::map<uint32_t, FamilyFiles> families_{{0, {}}};
  std::vector<Edit> group_;  // edits that wait for the rest of their group
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_ROCKS_MANIFEST_H_
