#ifndef CAIRN_SERVER_AUDIT_KEY_FILE_H_
#define CAIRN_SERVER_AUDIT_KEY_FILE_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/audit/signed_note.h"

namespace cairn::audit {

// The file in the data directory that holds the key by which checkpoints of the audit are signed:
// one line, as tools for signed notes write private keys. Only its owner may have any permission
// for it.

// Its path in a data directory.
std::string KeyPath(const std::string& data_dir);

// Reads it; nullopt where there is none.
//   FAILED_PRECONDITION (AUDIT_KEY_UNUSABLE)  others have permissions for it, or it holds no key
// and the errors of reading a file.
absl::StatusOr<std::optional<SignerKey>> ReadKeyFile(const std::string& data_dir);

// Puts `key` beside it, durable and for the owner alone, until it takes the place: a rotation that
// is interrupted is finished, or forgotten, by the next start.
absl::Status StageKeyFile(const std::string& data_dir, const SignerKey& key);
// As ReadKeyFile, of the one that waits.
absl::StatusOr<std::optional<SignerKey>> ReadStagedKeyFile(const std::string& data_dir);
absl::Status PlaceStagedKeyFile(const std::string& data_dir);
absl::Status RemoveStagedKeyFile(const std::string& data_dir);

}  // namespace cairn::audit

#endif  // CAIRN_SERVER_AUDIT_KEY_FILE_H_
