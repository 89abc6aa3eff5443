#ifndef CAIRN_SERVER_STORAGE_MERGE_H_
#define CAIRN_SERVER_STORAGE_MERGE_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/key.h"

namespace cairn::storage {

// Combines the payload a key holds (nullopt when absent) with an operand.
//
// Must be pure, quick, associative in effect and independent of the order of operands,
// because commits from different clients meet in any order. An error fails the commit
// whose operand it was, and nothing of it is written. Called on the committer's thread,
// for one key at a time. It sees the key and so can tell kinds of records apart; a
// store without one refuses merges.
using MergeFunction = std::function<absl::StatusOr<std::string>(
    const Key& key, std::optional<std::string_view> existing, std::string_view operand)>;

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_MERGE_H_
