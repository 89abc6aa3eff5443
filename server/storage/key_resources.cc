#include "server/storage/key_resources.h"

#include "lib/base/resource_names.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"

namespace cairn::storage {
namespace {

constexpr std::string_view kAuditCounter = "audit:";

std::string OfCounter(KeyReader& reader) {
  const auto counter = reader.ReadString();
  if (!counter || counter->rfind(kAuditCounter, 0) != 0) return "";
  return counter->substr(kAuditCounter.size());
}

}  // namespace

std::string ResourceOfKey(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  const auto kind = reader.ReadByte();
  if (!kind) return "";
  if (*kind == static_cast<uint8_t>(KeyKind::kCounter)) return OfCounter(reader);
  const auto first = reader.ReadString();
  if (!first) return "";
  switch (static_cast<KeyKind>(*kind)) {
    case KeyKind::kPolicy:
      return PolicyName(*first);
    case KeyKind::kModel:
      return ModelName(*first);
    case KeyKind::kPolicyByChannel:
    case KeyKind::kDecision:
    case KeyKind::kChannel: {
      const auto channel = reader.ReadString();
      return channel ? ChannelName(*first, *channel) : "";
    }
    case KeyKind::kModelVersion: {
      const auto version = reader.ReadInt64();
      return version ? ModelVersionName(*first, *version) : "";
    }
    default:
      return "";
  }
}

}  // namespace cairn::storage
