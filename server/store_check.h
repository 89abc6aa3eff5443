#ifndef CAIRN_SERVER_STORE_CHECK_H_
#define CAIRN_SERVER_STORE_CHECK_H_

#include "absl/status/statusor.h"
#include "server/options.h"

namespace cairn {

// What `cairnd check` does: reads the whole store in `options.data_dir` and changes nothing.
//
// Prints a line for each thing that is wrong ("damage: …") and for what a start would warn of
// ("note: …") on standard output as it is found, and at last what was read:
//
//   checked tables=12 records=48213 events=20411 audit=87 decisions=9 packs=3 blobs=96
//   bytes=73400320 damage=0
//
// Answers how many things are wrong. A database that a start would refuse counts as one, and the
// rest cannot be looked at then.
//   NOT_FOUND (FILE_ERROR)              there is no store
//   FAILED_PRECONDITION (STORE_LOCKED)  a server has it open
//   else errors of files that say nothing about the store
absl::StatusOr<int64_t> CheckStore(const ServerOptions& options);

}  // namespace cairn

#endif  // CAIRN_SERVER_STORE_CHECK_H_
