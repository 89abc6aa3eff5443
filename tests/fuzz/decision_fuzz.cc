// Any bytes as a stored decision with what it read, as an import of an audit hands them over: no
// crash, values are read back as the bytes they were, and what is made again has its own identity.
//
// The input: segments, each behind its length in two bytes, little-endian: the text of the policy,
// the record of the decision, the value of its candidates, and what it read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/digest.h"
#include "lib/promotion/read_values.h"
#include "lib/promotion/replay.h"
#include "lib/promotion/stored_candidates.h"

namespace {

namespace promotion = cairn::promotion;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> Segments(std::string_view bytes) {
  std::vector<std::string> segments;
  while (bytes.size() >= 2) {
    const size_t size =
        static_cast<uint8_t>(bytes[0]) + 256 * size_t{static_cast<uint8_t>(bytes[1])};
    bytes.remove_prefix(2);
    segments.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(segments.back().size());
  }
  return segments;
}

void ReadValues(const std::string& value) {
  if (const auto names = promotion::ReadVersionsValue(value); names.ok()) {
    Require(promotion::VersionsValue(*names) == value);
  }
  if (const auto holds = promotion::ReadHoldsValue(value); holds.ok()) {
    Require(promotion::HoldsValue(*holds) == value);
  }
  promotion::ReadVersionValue(value).status().IgnoreError();
  promotion::ReadEvaluationValue(value).status().IgnoreError();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto segments = Segments({reinterpret_cast<const char*>(data), size});
  std::map<std::string, std::string> kept;
  for (const std::string& segment : segments) {
    ReadValues(segment);
    kept[cairn::Sha256Hex(segment)] = segment;
  }
  cairn::internal::DecisionRecord record;
  if (segments.size() < 3 || !record.ParseFromString(segments[1])) return 0;
  promotion::JoinCandidates(segments[2], record).IgnoreError();
  const auto& decision = record.decision();
  const bool is_itself = promotion::CheckIdentity(decision).ok();
  const auto same = promotion::Replay(
      decision, segments[0], [&](const std::string& sha256) -> std::optional<std::string> {
        const auto found = kept.find(sha256);
        return found == kept.end() ? std::nullopt : std::make_optional(found->second);
      });
  if (same.ok() && decision.kind() == cairn::v1::Decision::PROMOTION) Require(is_itself);
  return 0;
}
