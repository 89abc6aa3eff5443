#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "server/core/policy_parser.h"
#include "server/core/policy_rules.h"

namespace cairn::core {
namespace {

// A double-quoted YAML scalar: the one form that can hold any text.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string Condition(const Interval& interval) {
  const std::string text = interval.ToString();
  const size_t both = text.find(" and ");
  if (both == std::string::npos) return Quoted(text);
  return fmt::format("[{}, {}]", Quoted(text.substr(0, both)), Quoted(text.substr(both + 5)));
}

template <typename Enum, size_t kCount>
std::string Words(const std::vector<Enum>& values,
                  const std::array<std::string_view, kCount>& words) {
  std::vector<std::string_view> out;
  for (const Enum value : values) out.push_back(WordOf(words, value));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

// Lines with a fixed indent; the first of a list item carries the dash.
class Lines {
 public:
  Lines(std::string& out, int indent, bool item = false)
      : out_(out), indent_(indent), dash_(item) {}

  void Add(std::string_view key, std::string_view value) {
    out_ += fmt::format("{:{}}{}{}:{}{}\n", "", indent_, dash_ ? "- " : item_pad_, key,
                        value.empty() ? "" : " ", value);
    if (dash_) item_pad_ = "  ";
    dash_ = false;
  }

 private:
  std::string& out_;
  int indent_;
  bool dash_;
  std::string_view item_pad_;
};

void AddBands(Lines& lines, const std::optional<Interval>& pass,
              const std::optional<Interval>& fail) {
  if (pass) lines.Add("pass", Condition(*pass));
  if (fail) lines.Add("fail", Condition(*fail));
}

void RenderGates(const Policy& policy, std::string& out) {
  Lines(out, 2).Add("gates", policy.gates.empty() ? "[]" : "");
  for (const Gate& gate : policy.gates) {
    Lines lines(out, 4, true);
    lines.Add("id", Quoted(gate.id));
    lines.Add(gate.source == Gate::Source::kMetric ? "metric" : "param", Quoted(gate.key));
    AddBands(lines, gate.pass, gate.fail);
    lines.Add("onMissing", WordOf(kOnMissing, gate.on_missing));
    lines.Add("mode", WordOf(kCheckModes, gate.mode));
  }
}

void RenderCompare(const Policy& policy, std::string& out) {
  Lines(out, 2).Add("compare", policy.compare.empty() ? "[]" : "");
  for (const Comparison& rule : policy.compare) {
    Lines lines(out, 4, true);
    lines.Add("id", Quoted(rule.id));
    lines.Add("role", WordOf(kRoles, rule.role));
    lines.Add("metric", Quoted(rule.metric));
    lines.Add("direction", WordOf(kDirections, rule.direction));
    if (!rule.pass && !rule.fail) {
      lines.Add(rule.role == Comparison::Role::kObjective ? "minEffect" : "maxLoss",
                fmt::format("{{{}: {}}}", rule.amount.relative ? "relative" : "absolute",
                            ShortestDouble(rule.amount.value)));
    }
    AddBands(lines, rule.pass, rule.fail);
    if (!rule.equal_param.empty()) {
      lines.Add("when",
                Quoted(fmt::format("param('{0}') == champion.param('{0}')", rule.equal_param)));
    }
    lines.Add("onMissing", WordOf(kOnMissing, rule.on_missing));
    lines.Add("mode", WordOf(kCheckModes, rule.mode));
  }
}

void RenderChoose(const Policy& policy, std::string& out) {
  Lines(out, 2).Add("choose", "");
  Lines(out, 4).Add("order", "");
  for (const ChooseKey& key : policy.choose) {
    Lines lines(out, 6, true);
    if (key.source == ChooseKey::Source::kVersion) {
      lines.Add("field", "version");
    } else {
      lines.Add(key.source == ChooseKey::Source::kMetric ? "metric" : "param", Quoted(key.key));
    }
    lines.Add("direction", WordOf(kDirections, key.direction));
    if (key.source != ChooseKey::Source::kVersion) {
      lines.Add("bucket", ShortestDouble(key.bucket));
    }
  }
}

}  // namespace

std::string RenderPolicy(const Policy& policy) {
  std::string out = "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata:\n";
  Lines(out, 2).Add("name", Quoted(policy.name));
  Lines(out, 2).Add("annotations", policy.annotations.empty() ? "{}" : "");
  for (const auto& [key, value] : policy.annotations) Lines(out, 4).Add(Quoted(key), Quoted(value));
  out += "spec:\n  target:\n";
  Lines(out, 4).Add("model", Quoted(policy.model));
  Lines(out, 4).Add("channel", Quoted(policy.channel));
  Lines(out, 2).Add("mode", WordOf(kPolicyModes, policy.mode));
  out += "  candidates:\n    state: READY\n";
  Lines(out, 4).Add("max", std::to_string(policy.max_candidates));
  out += "  evidence:\n";
  Lines(out, 4).Add("dataset", Quoted(policy.evidence_dataset));
  Lines(out, 4).Add("trust", "reported");
  Lines(out, 4).Add("requireLineage", Words(policy.require_lineage, kLineage));
  out += "  baseline:\n";
  Lines(out, 4).Add("use", WordOf(kBaselineUses, policy.baseline));
  Lines(out, 4).Add("ifAbsent", WordOf(kIfAbsent, policy.if_absent));
  Lines(out, 4).Add("comparableOn", Words(policy.comparable_on, kComparableKeys));
  Lines(out, 4).Add("ifIncomparable", "inconclusive");
  RenderGates(policy, out);
  RenderCompare(policy, out);
  RenderChoose(policy, out);
  return out;
}

}  // namespace cairn::core
