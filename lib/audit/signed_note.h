#ifndef CAIRN_LIB_AUDIT_SIGNED_NOTE_H_
#define CAIRN_LIB_AUDIT_SIGNED_NOTE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/ed25519.h"

namespace cairn::audit {

// Signed checkpoints of a chain, as https://c2sp.org/signed-note writes texts with signatures, so
// that tools of others can verify and keep them. All functions are pure.
//
// The text has three lines, the last with its end: the origin (which chain), the number of entries
// in decimal, and the chain's hash in base64. An empty line follows, then the signature:
// `— NAME BASE64(key hash, signature)`. The name is the origin.

// A key that verifies, with the name that its signatures bear.
struct VerifierKey {
  std::string name;
  std::string public_key;  // 32 bytes
  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;
};

// The first four bytes of SHA-256 of the name, a line's end, 0x01 (Ed25519) and the public key.
std::string KeyHash(const VerifierKey& key);

// `NAME+HASH+BASE64`, as tools for signed notes take it; nullopt for another text, also for one
// whose hash is of another key.
std::string FormatVerifierKey(const VerifierKey& key);
std::optional<VerifierKey> ParseVerifierKey(std::string_view text);

// `PRIVATE+KEY+NAME+HASH+BASE64`: a secret. Nullopt as above.
struct SignerKey {
  std::string name;
  Ed25519Key key;
  VerifierKey verifier() const { return {name, key.public_key()}; }
};
std::string FormatSignerKey(const SignerKey& key);
std::optional<SignerKey> ParseSignerKey(std::string_view text);

// What a checkpoint says.
struct Checkpoint {
  std::string origin;
  int64_t size = 0;
  std::string sha256;  // 32 bytes
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// Signs one, whose origin is the key's name. INTERNAL as of Ed25519Key::Sign.
absl::StatusOr<std::string> SignCheckpoint(const SignerKey& key, int64_t size,
                                           std::string_view sha256);

// A note taken apart, not verified. Nullopt for what is none; never throws or reads outside.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string text;       // that is signed
  std::string name;       // of the signer
  std::string key_hash;   // 4 bytes
  std::string signature;  // 64 bytes
};
std::optional<SignedCheckpoint> ParseCheckpoint(std::string_view note);

// Whether `key` signed it.
bool IsSignedBy(const SignedCheckpoint& note, const VerifierKey& key);

// The text by whose signature a key says which one follows it: netstrings `cairn.audit.key.v1`,
// name, its own public key and the new one.
std::string SuccessionText(std::string_view name, std::string_view previous_public_key,
                           std::string_view public_key);

}  // namespace cairn::audit

#endif  // CAIRN_LIB_AUDIT_SIGNED_NOTE_H_
