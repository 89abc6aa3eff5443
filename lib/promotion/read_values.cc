#include "lib/promotion/read_values.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/netstring.h"

namespace cairn::promotion {
namespace {

constexpr std::string_view kVersionTag = "cairn.version.v1";
constexpr std::string_view kTaggedVersionTag = "cairn.version.v2";
constexpr std::string_view kHoldsTag = "cairn.holds.v1";
constexpr std::string_view kHeadTag = "cairn.head.v1";
constexpr std::string_view kVersionsTag = "cairn.versions.v1";

absl::Status Corrupt(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               std::string("a value that a decision read is not ") + std::string(what))
      .With("type", what);
}

std::string TagsValue(const Tags& tags) {
  const std::map<std::string_view, std::string_view> sorted(tags.begin(), tags.end());
  std::string value;
  for (const auto& [key, text] : sorted) {
    AppendNetstring(value, key);
    AppendNetstring(value, text);
  }
  return value;
}

// TagsValue's inverse; false for other bytes.
bool TakeTags(std::string_view value, Tags& tags) {
  tags.clear();
  while (!value.empty()) {
    const auto key = TakeNetstring(value);
    const auto text = TakeNetstring(value);
    if (!key || !text) return false;
    tags[std::string(*key)] = std::string(*text);
  }
  return true;
}

}  // namespace

std::string VersionValue(std::string_view sealed_record, cairn::v1::ModelVersion::State state,
                         std::string_view run_state, const Tags* tags) {
  std::string value;
  AppendNetstring(value, tags == nullptr ? kVersionTag : kTaggedVersionTag);
  AppendNetstring(value, sealed_record);
  AppendNetstring(value, cairn::v1::ModelVersion::State_Name(state));
  AppendNetstring(value, run_state);
  if (tags != nullptr) AppendNetstring(value, TagsValue(*tags));
  return value;
}

absl::StatusOr<VersionRead> ReadVersionValue(std::string_view value) {
  constexpr std::string_view kWhat = "a model version";
  VersionRead read;
  read.sha256 = Sha256Hex(value);
  const auto tag = TakeNetstring(value);
  const auto sealed = TakeNetstring(value);
  const auto state = TakeNetstring(value);
  const auto run_state = TakeNetstring(value);
  const bool tagged = tag == kTaggedVersionTag;
  const auto tags = tagged ? TakeNetstring(value) : std::string_view();
  cairn::internal::ModelVersionRecord record;
  cairn::v1::ModelVersion::State parsed = cairn::v1::ModelVersion::STATE_UNSPECIFIED;
  if ((tag != kVersionTag && !tagged) || !sealed || !state || !run_state || !tags ||
      !value.empty() || !record.ParseFromArray(sealed->data(), static_cast<int>(sealed->size())) ||
      !cairn::v1::ModelVersion::State_Parse(std::string(*state), &parsed)) {
    return Corrupt(kWhat);
  }
  read.version = std::move(*record.mutable_version());
  read.version.set_state(parsed);
  if (tagged && !TakeTags(*tags, *read.version.mutable_tags())) return Corrupt(kWhat);
  read.run_state = std::string(*run_state);
  return read;
}

absl::StatusOr<EvaluationRead> ReadEvaluationValue(std::string_view value) {
  cairn::internal::EvaluationRecord record;
  if (!record.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return Corrupt("an evaluation");
  }
  EvaluationRead read;
  read.evaluation = std::move(*record.mutable_evaluation());
  read.sha256 = Sha256Hex(value);
  return read;
}

std::string HeadValue(int64_t version, int64_t epoch) {
  std::string value;
  AppendNetstring(value, kHeadTag);
  AppendNetstring(value, std::to_string(version));
  AppendNetstring(value, std::to_string(epoch));
  return value;
}

std::string HoldsValue(const std::vector<cairn::v1::Hold>& holds) {
  std::vector<std::string> items;
  for (const cairn::v1::Hold& hold : holds) {
    std::string& item = items.emplace_back();
    AppendNetstring(item, hold.version());
    AppendNetstring(item, hold.reason());
    AppendNetstring(item, hold.principal());
    AppendNetstring(item, std::to_string(ToUnixNanos(hold.create_time())));
    AppendNetstring(item, hold.decision());
  }
  std::sort(items.begin(), items.end());
  std::string value;
  AppendNetstring(value, kHoldsTag);
  for (const std::string& item : items) AppendNetstring(value, item);
  return value;
}

absl::StatusOr<std::vector<cairn::v1::Hold>> ReadHoldsValue(std::string_view value) {
  if (TakeNetstring(value) != kHoldsTag) return Corrupt("a list of holds");
  std::vector<cairn::v1::Hold> holds;
  while (!value.empty()) {
    auto item = TakeNetstring(value);
    if (!item) return Corrupt("a list of holds");
    const auto version = TakeNetstring(*item);
    const auto reason = TakeNetstring(*item);
    const auto principal = TakeNetstring(*item);
    const auto nanos = TakeNetstring(*item);
    const auto decision = TakeNetstring(*item);
    int64_t time = 0;
    if (!decision || !item->empty() || !absl::SimpleAtoi(std::string(*nanos), &time)) {
      return Corrupt("a list of holds");
    }
    cairn::v1::Hold& hold = holds.emplace_back();
    hold.set_version(std::string(*version));
    hold.set_reason(std::string(*reason));
    hold.set_principal(std::string(*principal));
    *hold.mutable_create_time() = ToTimestamp(time);
    hold.set_decision(std::string(*decision));
  }
  return holds;
}

std::string VersionsValue(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string value;
  AppendNetstring(value, kVersionsTag);
  for (const std::string& name : names) AppendNetstring(value, name);
  return value;
}

absl::StatusOr<std::vector<std::string>> ReadVersionsValue(std::string_view value) {
  std::vector<std::string> names;
  if (TakeNetstring(value) != kVersionsTag) return Corrupt("a list of versions");
  while (!value.empty()) {
    const auto name = TakeNetstring(value);
    if (!name) return Corrupt("a list of versions");
    names.emplace_back(*name);
  }
  return names;
}

}  // namespace cairn::promotion
