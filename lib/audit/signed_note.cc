#include "lib/audit/signed_note.h"

#include <charconv>
#include <utility>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/netstring.h"
#include "lib/base/status_macros.h"

namespace cairn::audit {
namespace {

constexpr char kEd25519 = 0x01;
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // an em dash and a space
constexpr std::string_view kPrivate = "PRIVATE+KEY+";

std::string Base64(std::string_view bytes) { return absl::Base64Escape(std::string(bytes)); }

std::optional<std::string> Unbase64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(std::string(text), &bytes)) return std::nullopt;
  return Base64(bytes) == text ? std::make_optional(std::move(bytes)) : std::nullopt;
}

// A name has no space, no plus sign and no line's end.
bool IsName(std::string_view name) {
  return !name.empty() && name.find_first_of(" +\n\r\t") == std::string_view::npos &&
         IsValidUtf8(name);
}

// Takes what stands before `end`, and `end`.
std::optional<std::string_view> TakeUntil(std::string_view& text, char end) {
  const size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + 1);
  return part;
}

struct KeyText {
  std::string name;
  std::string hash;
  std::string bytes;  // behind the byte for the kind
};

std::optional<KeyText> ParseKeyText(std::string_view text) {
  const auto name = TakeUntil(text, '+');
  const auto hash = TakeUntil(text, '+');
  if (!name || !hash || !IsName(*name)) return std::nullopt;
  const auto hash_bytes = HexDecode(*hash);
  const auto bytes = Unbase64(text);
  if (!hash_bytes || !bytes || bytes->size() != 33 || (*bytes)[0] != kEd25519) return std::nullopt;
  return KeyText{std::string(*name), *hash_bytes, bytes->substr(1)};
}

std::string FormatKeyText(const VerifierKey& key, std::string_view bytes) {
  return fmt::format("{}+{}+{}", key.name, HexEncode(KeyHash(key)),
                     Base64(kEd25519 + std::string(bytes)));
}

std::optional<int64_t> ParseSize(std::string_view text) {
  int64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size < 0) return std::nullopt;
  return std::to_string(size) == text ? std::make_optional(size) : std::nullopt;
}

}  // namespace

std::string KeyHash(const VerifierKey& key) {
  const Digest digest = DigestOf(key.name + "\n" + kEd25519 + key.public_key);
  return std::string(digest.sha256.begin(), digest.sha256.begin() + 4);
}

std::string FormatVerifierKey(const VerifierKey& key) { return FormatKeyText(key, key.public_key); }

std::optional<VerifierKey> ParseVerifierKey(std::string_view text) {
  auto parts = ParseKeyText(text);
  if (!parts) return std::nullopt;
  VerifierKey key{std::move(parts->name), std::move(parts->bytes)};
  return KeyHash(key) == parts->hash ? std::make_optional(std::move(key)) : std::nullopt;
}

std::string FormatSignerKey(const SignerKey& key) {
  return std::string(kPrivate) + FormatKeyText(key.verifier(), key.key.seed());
}

std::optional<SignerKey> ParseSignerKey(std::string_view text) {
  if (!text.starts_with(kPrivate)) return std::nullopt;
  auto parts = ParseKeyText(text.substr(kPrivate.size()));
  if (!parts) return std::nullopt;
  auto seed = Ed25519Key::FromSeed(parts->bytes);
  if (!seed) return std::nullopt;
  SignerKey key{std::move(parts->name), *std::move(seed)};
  return KeyHash(key.verifier()) == parts->hash ? std::make_optional(std::move(key)) : std::nullopt;
}

absl::StatusOr<std::string> SignCheckpoint(const SignerKey& key, int64_t size,
                                           std::string_view sha256) {
  const std::string text = fmt::format("{}\n{}\n{}\n", key.name, size, Base64(sha256));
  CAIRN_ASSIGN_OR_RETURN(const std::string signature, key.key.Sign(text));
  return fmt::format("{}\n{}{} {}\n", text, kDash, key.name,
                     Base64(KeyHash(key.verifier()) + signature));
}

std::optional<SignedCheckpoint> ParseCheckpoint(std::string_view note) {
  SignedCheckpoint parsed;
  const std::string_view whole = note;
  const auto origin = TakeUntil(note, '\n');
  const auto size = TakeUntil(note, '\n');
  const auto hash = TakeUntil(note, '\n');
  if (!origin || !size || !hash || !IsName(*origin)) return std::nullopt;
  parsed.text = whole.substr(0, whole.size() - note.size());
  const auto number = ParseSize(*size);
  const auto sha256 = Unbase64(*hash);
  if (!number || !sha256 || sha256->size() != 32) return std::nullopt;
  parsed.checkpoint = {std::string(*origin), *number, *sha256};
  if (TakeUntil(note, '\n') != "" || !note.starts_with(kDash)) return std::nullopt;
  note.remove_prefix(kDash.size());
  const auto name = TakeUntil(note, ' ');
  const auto signature = TakeUntil(note, '\n');
  if (!name || !signature || !note.empty()) return std::nullopt;
  const auto bytes = Unbase64(*signature);
  if (!bytes || bytes->size() != 4 + 64) return std::nullopt;
  parsed.name = *name;
  parsed.key_hash = bytes->substr(0, 4);
  parsed.signature = bytes->substr(4);
  return parsed;
}

bool IsSignedBy(const SignedCheckpoint& note, const VerifierKey& key) {
  return note.name == key.name && note.checkpoint.origin == key.name &&
         note.key_hash == KeyHash(key) && VerifyEd25519(key.public_key, note.text, note.signature);
}

std::string SuccessionText(std::string_view name, std::string_view previous_public_key,
                           std::string_view public_key) {
  std::string text;
  AppendNetstring(text, "cairn.audit.key.v1");
  AppendNetstring(text, name);
  AppendNetstring(text, previous_public_key);
  AppendNetstring(text, public_key);
  return text;
}

}  // namespace cairn::audit
