#include "client-cli/commands/policy_draft.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/resource_names.h"

namespace cairn::cli {
namespace {

std::string YamlQuoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// An id that policies allow: "silhouette-floor".
std::string CheckIdOf(std::string_view metric, std::string_view what) {
  std::string id;
  for (const char c : metric) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    id += upper ? static_cast<char>(c - 'A' + 'a') : (plain ? c : '-');
  }
  id.erase(0, id.find_first_not_of('-'));
  if (id.empty()) id = "metric";
  constexpr size_t kMaxIdBytes = 63;
  return id.substr(0, kMaxIdBytes - 1 - what.size()) + "-" + std::string(what);
}

// Three digits, moved away from what was seen so that every version still passes.
double Loosened(double value, bool upwards) {
  if (value == 0) return 0;
  const double unit = std::pow(10.0, std::floor(std::log10(std::fabs(value))) - 2);
  const double steps = value / unit;
  const double rounded = (upwards ? std::ceil(steps) : std::floor(steps)) * unit;
  const double brief = std::stod(fmt::format("{:.6g}", rounded));
  return (upwards ? brief >= value : brief <= value) ? brief : value;
}

std::string SeenText(const MetricSeen& seen) {
  return fmt::format("{} to {} in {} version{}", ShortestDouble(seen.least),
                     ShortestDouble(seen.most), seen.versions, seen.versions == 1 ? "" : "s");
}

void AddGate(const std::string& metric, const MetricSeen& seen, std::string& out) {
  const bool lower = *seen.direction == "lower";
  out += fmt::format("    # Seen: {}.\n", SeenText(seen));
  out += fmt::format(
      "    - id: {}\n      metric: {}\n      pass: \"{} {}\"\n\n",
      CheckIdOf(metric, lower ? "ceiling" : "floor"), YamlQuoted(metric),
      lower ? "<=" : ">=", ShortestDouble(Loosened(lower ? seen.most : seen.least, lower)));
}

void AddUnknown(const PolicyDraft& draft, std::string& out) {
  std::string lines;
  for (const auto& [metric, seen] : draft.metrics) {
    if (seen.direction) continue;
    lines += fmt::format("  #   {}: {{direction: higher}}  # or lower; seen: {}\n",
                         YamlQuoted(metric), SeenText(seen));
  }
  if (lines.empty()) return;
  out +=
      "  # The server does not know which values of these are better. Say so, and write gates on\n"
      "  # them below.\n  # metrics:\n" +
      lines + "\n";
}

void AddRules(const PolicyDraft& draft, std::string& out) {
  std::string gates;
  std::string order;
  for (const auto& [metric, seen] : draft.metrics) {
    if (!seen.direction) continue;
    AddGate(metric, seen, gates);
    order +=
        fmt::format("      - {{metric: {}, direction: {}}}\n", YamlQuoted(metric), *seen.direction);
  }
  out +=
      "  # Absolute rules: every one must pass. They stand where each of these versions passes, "
      "so\n"
      "  # tighten them to what you would serve.\n";
  out += gates.empty() ? "  gates: []  # at least one rule is needed\n\n" : "  gates:\n" + gates;
  out +=
      "  # Of those that pass, the best: key after key. Put what matters most first; a `bucket`\n"
      "  # lets close values tie.\n  choose:\n    order:\n" +
      order + "      - {field: version, direction: lower}\n";
}

}  // namespace

PolicyDraft GatherDraft(const std::vector<v1::Evaluation>& evaluations, int most_versions) {
  PolicyDraft draft;
  std::set<int64_t> versions;
  std::map<std::string, std::set<int64_t>> with_value;
  std::map<std::string, int> datasets;
  for (const v1::Evaluation& evaluation : evaluations) {
    if (evaluation.state() != v1::Evaluation::FINAL) continue;
    if (!evaluation.reference_version().empty()) continue;
    const std::string_view name = evaluation.name();
    const auto of = ParseModelVersionName("name", name.substr(0, name.find("/evaluations/")));
    if (!of.ok()) continue;
    if (versions.size() == static_cast<size_t>(most_versions) && !versions.count(of->version)) {
      continue;
    }
    versions.insert(of->version);
    const auto data = ParseDatasetVersionName("dataset_version", evaluation.dataset_version());
    if (data.ok()) ++datasets[data->parent_id];
    for (const auto& value : evaluation.values()) {
      if (!std::isfinite(value.value())) continue;
      auto& seen_in = with_value[value.metric()];
      MetricSeen& seen = draft.metrics[value.metric()];
      seen.least = seen_in.empty() ? value.value() : std::min(seen.least, value.value());
      seen.most = seen_in.empty() ? value.value() : std::max(seen.most, value.value());
      seen_in.insert(of->version);
      seen.versions = static_cast<int>(seen_in.size());
    }
  }
  draft.versions = static_cast<int>(versions.size());
  int most = 0;
  for (const auto& [dataset, count] : datasets) {
    if (count > most) draft.dataset = dataset;
    most = std::max(most, count);
  }
  return draft;
}

std::string DraftText(const PolicyDraft& draft) {
  std::string out = fmt::format(
      "# Which version of {0} may become {1}: a draft, made of what was measured of the {2} "
      "newest\n"
      "# version{3}. Read it, change it, then `mlctl apply -f`.\n"
      "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata:\n  name: {4}\n\nspec:\n"
      "  target:\n    model: {0}\n    channel: {1}\n\n"
      "  # In shadow it decides and moves nothing; write enforce when its decisions are right.\n"
      "  mode: shadow\n\n",
      YamlQuoted(draft.model), draft.channel, draft.versions, draft.versions == 1 ? "" : "s",
      CheckIdOf(draft.model, draft.channel));
  out +=
      "  evidence:\n    # Only what was measured on this data set counts; NAME@3 or NAME@ALIAS "
      "pins it.\n";
  out += fmt::format("    dataset: {}\n", YamlQuoted(draft.dataset));
  out += "    # Clients measure and report.\n    trust: reported\n\n";
  AddUnknown(draft, out);
  AddRules(draft, out);
  return out;
}

}  // namespace cairn::cli
