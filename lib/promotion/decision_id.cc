#include <map>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/netstring.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/read_values.h"

namespace cairn::promotion {
namespace {

using cairn::v1::ReadItem;

ReadItem Item(std::string key, int64_t revision, std::string sha256) {
  ReadItem item;
  item.set_key(std::move(key));
  item.set_revision(revision);
  item.set_sha256(std::move(sha256));
  return item;
}

std::string ListDigest(const std::vector<VersionRead>& candidates) {
  std::vector<std::string> names;
  for (const VersionRead& read : candidates) names.push_back(read.version.name());
  return Sha256Hex(VersionsValue(std::move(names)));
}

}  // namespace

std::vector<ReadItem> BuildReadSet(const Policy& policy, const DecisionInput& input) {
  std::map<std::string, ReadItem> items;
  const auto add = [&](ReadItem item) { items.emplace(item.key(), item); };
  const std::string channel = ChannelName(policy.model, policy.channel);
  // The head's revision is its epoch: the channel's record also changes with
  // every decision that moves nothing.
  add(Item(
      channel, input.head_epoch,
      input.head_epoch == 0 ? "" : Sha256Hex(HeadValue(input.head_version, input.head_epoch))));
  // Where nothing is held there is no item: ids from before there were holds stay.
  if (!input.holds.empty()) add(Item(channel + "/holds", 0, Sha256Hex(HoldsValue(input.holds))));
  if (input.only_version == 0) {
    add(Item(ModelName(policy.model) + "/versions", 0, ListDigest(input.candidates)));
  }
  const auto add_version = [&](const VersionRead& read) {
    add(Item(read.version.name(), read.mod_revision, read.sha256));
    for (const EvaluationRead& item : read.evaluations) {
      if (item.evaluation.state() != cairn::v1::Evaluation::FINAL) continue;
      add(Item(item.evaluation.name(), item.mod_revision, item.sha256));
    }
  };
  for (const VersionRead& read : input.candidates) add_version(read);
  if (input.champion) add_version(*input.champion);
  if (input.evidence) {
    add(Item(input.evidence->version_name, input.evidence->mod_revision, input.evidence->sha256));
  } else if (!policy.evidence_dataset.empty()) {
    add(Item(DatasetName(policy.evidence_dataset), 0, ""));
  }
  std::vector<ReadItem> sorted;
  for (auto& [key, item] : items) sorted.push_back(std::move(item));
  return sorted;
}

std::string ReadSetDigest(const std::vector<ReadItem>& sorted_items) {
  std::string text;
  AppendNetstring(text, "cairn.readset.v1");
  for (const ReadItem& item : sorted_items) {
    AppendNetstring(text, item.key());
    AppendNetstring(text, std::to_string(item.revision()));
    AppendNetstring(text, item.sha256());
  }
  return Sha256Hex(text);
}

std::string DecisionId(const std::string& policy_name, const std::string& policy_sha256,
                       int64_t policy_revision, const std::string& read_set_sha256,
                       const std::map<std::string, std::string>& time_facts) {
  std::string text;
  AppendNetstring(text, "cairn.decision.v1");
  AppendNetstring(text, policy_name);
  AppendNetstring(text, policy_sha256);
  AppendNetstring(text, std::to_string(policy_revision));
  AppendNetstring(text, read_set_sha256);
  for (const auto& [name, fact] : time_facts) {
    AppendNetstring(text, name);
    AppendNetstring(text, fact);
  }
  return Sha256Hex(text);
}

std::string ManualDecisionId(const cairn::v1::Decision& decision) {
  std::string text;
  AppendNetstring(text, "cairn.manual.v1");
  AppendNetstring(text, cairn::v1::Decision::Kind_Name(decision.kind()));
  AppendNetstring(text, decision.reason());
  AppendNetstring(text, decision.policy());
  AppendNetstring(text, decision.policy_sha256());
  AppendNetstring(text, std::to_string(decision.policy_revision()));
  AppendNetstring(text, decision.read_set_sha256());
  return Sha256Hex(text);
}

}  // namespace cairn::promotion
