#include "lib/promotion/bands.h"

#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/check.h"

namespace cairn::promotion {
namespace {

constexpr std::string_view kConditionHelp =
    "must be a condition such as \">= 0.2\", \"< 3\", \"== 4\" or \"3..8\"";

absl::StatusOr<Interval> ReadInterval(const YamlField& field) {
  if (field.node->kind == YamlNode::Kind::kSequence) {
    CAIRN_ASSIGN_OR_RETURN(const auto items, ReadSequence(field));
    if (items.empty()) return InvalidPolicy(field, kConditionHelp);
    Interval all;
    for (const YamlField& item : items) {
      if (item.node->kind == YamlNode::Kind::kSequence) return InvalidPolicy(item, kConditionHelp);
      CAIRN_ASSIGN_OR_RETURN(const Interval one, ReadInterval(item));
      all = all.Intersect(one);
    }
    if (all.Empty()) return InvalidPolicy(field, "no number satisfies all of it");
    return all;
  }
  if (field.node->kind != YamlNode::Kind::kScalar) return InvalidPolicy(field, kConditionHelp);
  const auto interval = ParseCondition(field.node->text);
  if (!interval) return InvalidPolicy(field, kConditionHelp);
  if (interval->Empty()) return InvalidPolicy(field, "no number satisfies it");
  return *interval;
}

std::string Condition(const Interval& interval) {
  const std::string text = interval.ToString();
  const size_t both = text.find(" and ");
  if (both == std::string::npos) return QuotedYaml(text);
  return fmt::format("[{}, {}]", QuotedYaml(text.substr(0, both)),
                     QuotedYaml(text.substr(both + 5)));
}

std::string Outside(double value, const Interval& band) {
  if (value < band.low) return fmt::format("is below {}", NumberText(band.low));
  if (value > band.high) return fmt::format("is above {}", NumberText(band.high));
  return fmt::format("is not {}", band.ToString());
}

std::string Sentence(std::string_view subject, double value, Verdict verdict, const Bands& bands) {
  if (std::isnan(value)) return fmt::format("{} is not a number", subject);
  if (std::isinf(value)) return fmt::format("{} is infinite", subject);
  if (verdict == Verdict::PASS) return fmt::format("{} is {}", subject, bands.Needed());
  if (verdict == Verdict::INCONCLUSIVE) {
    return fmt::format("{} lies between failing ({}) and passing ({})", subject,
                       bands.fail->ToString(), bands.pass->ToString());
  }
  if (bands.pass) return fmt::format("{} {}", subject, Outside(value, *bands.pass));
  return fmt::format("{} is {}", subject, bands.fail->ToString());
}

}  // namespace

absl::StatusOr<Bands> Bands::Read(const YamlMap& rule) {
  Bands bands;
  for (const auto& [name, band] :
       {std::pair{"pass", &bands.pass}, std::pair{"fail", &bands.fail}}) {
    if (const YamlField* field = rule.Find(name)) {
      CAIRN_ASSIGN_OR_RETURN(*band, ReadInterval(*field));
    }
  }
  if (bands.pass && bands.fail && !bands.pass->Intersect(*bands.fail).Empty()) {
    return InvalidPolicy(*rule.Find("fail"),
                         fmt::format("overlaps with pass: {} and {}", bands.fail->ToString(),
                                     bands.pass->ToString()));
  }
  return bands;
}

absl::StatusOr<Bands> Bands::ReadRequired(const YamlMap& rule) {
  CAIRN_ASSIGN_OR_RETURN(Bands bands, Read(rule));
  if (bands.Empty()) return InvalidPolicy(rule.self(), "must have pass, fail or both");
  return bands;
}

absl::Status Bands::CheckReach(const YamlMap& rule, const MetricInfo& metric) const {
  Interval range;
  range.low = metric.min;
  range.high = metric.max;
  for (const auto& [name, band] : {std::pair{"pass", pass}, std::pair{"fail", fail}}) {
    if (band && band->Intersect(range).Empty()) {
      return InvalidPolicy(*rule.Find(name), fmt::format("{} lies in {} and never {}", metric.name,
                                                         range.ToString(), band->ToString()));
    }
  }
  return absl::OkStatus();
}

void Bands::Render(YamlLines& lines) const {
  if (pass) lines.Add("pass", Condition(*pass));
  if (fail) lines.Add("fail", Condition(*fail));
}

Verdict Bands::Judge(double value) const {
  if (std::isnan(value)) return Verdict::INCONCLUSIVE;
  if (std::isinf(value)) return Verdict::FAIL;
  if (pass && pass->Contains(value)) return Verdict::PASS;
  if (fail && fail->Contains(value)) return Verdict::FAIL;
  if (pass && fail) return Verdict::INCONCLUSIVE;
  return pass ? Verdict::FAIL : Verdict::PASS;
}

std::string Bands::Needed() const {
  return pass ? pass->ToString() : fmt::format("not {}", fail->ToString());
}

void Bands::Conclude(std::string_view subject, double value, cairn::v1::CheckResult& check) const {
  const Verdict verdict = Judge(value);
  if (std::isfinite(value)) check.set_margin(pass ? pass->Margin(value) : -fail->Margin(value));
  promotion::Conclude(verdict, Sentence(subject, value, verdict, *this), check);
}

}  // namespace cairn::promotion
