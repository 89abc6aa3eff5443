#include <string>
#include <utility>

#include "server/index/condition.h"
#include "server/index/condition_limits.h"

namespace cairn::index {
namespace {

using core::FilterOp;
using core::RunField;
using core::RunPredicate;
using NodeKind = core::FilterNode::Kind;

TextKind TextKindOf(RunField field) {
  switch (field) {
    case RunField::kState:
      return TextKind::kState;
    case RunField::kDataset:
      return TextKind::kDataset;
    case RunField::kParentRun:
      return TextKind::kParentRun;
    case RunField::kOutput:
      return TextKind::kOutput;
    case RunField::kDisplayName:
    case RunField::kUser:
      return TextKind::kName;
    default:
      return TextKind::kValue;
  }
}

bool IsTimeField(RunField field) {
  return field == RunField::kStartTime || field == RunField::kEndTime ||
         field == RunField::kCreateTime || field == RunField::kDuration;
}

}  // namespace

WordSource WordsOf(const RunColumns& columns, const core::RunFieldRef& ref) {
  if (!IsMetricField(ref.field)) return WordSource(columns.time(ref.field));
  return WordSource(columns.metric(ref.key), ref.field == RunField::kMetric ? MetricColumn::kLatest
                                             : ref.field == RunField::kMetricMin
                                                 ? MetricColumn::kMin
                                                 : MetricColumn::kMax);
}

std::optional<Condition> Condition::Bind(const RunColumns& columns, const RunPredicate& p,
                                         const BitsOf& bits_of, StopMeter& meter) {
  if (p.kind == NodeKind::kCompare || p.kind == NodeKind::kText) {
    return BindLeaf(columns, p, bits_of, meter);
  }
  Condition condition;
  condition.kind_ = p.kind == NodeKind::kAnd  ? Kind::kAnd
                    : p.kind == NodeKind::kOr ? Kind::kOr
                                              : Kind::kNot;
  for (const RunPredicate& child : p.children) {
    auto bound = Bind(columns, child, bits_of, meter);
    if (!bound) return std::nullopt;
    condition.children_.push_back(*std::move(bound));
  }
  return condition;
}

std::optional<Condition> Condition::BindLeaf(const RunColumns& columns, const RunPredicate& p,
                                             const BitsOf& bits_of, StopMeter& meter) {
  const bool word = p.kind == NodeKind::kText;
  const RunField field = word ? RunField::kDisplayName : p.ref.field;
  if (columns.IsDropped(field, p.ref.key)) return std::nullopt;
  if (field == RunField::kUid) return BindId(columns, p, meter);
  if (field == RunField::kKind) return BindKind(columns, p);
  Condition leaf;
  leaf.columns_ = &columns;
  leaf.meter_ = &meter;
  leaf.predicate_ = &p;
  const bool list = !word && p.op == FilterOp::kIn;
  if (list) leaf.values_ = std::make_shared<const ValueSet>(p);
  if (IsMetricField(field) || IsTimeField(field)) {
    leaf.kind_ = list ? Kind::kWords : Kind::kRange;
    leaf.words_ = WordsOf(columns, p.ref);
    if (!list) leaf.range_ = RangeOf(p);
    return leaf;
  }
  leaf.text_ = columns.text(field, p.ref.key);
  leaf.kind_ = leaf.text_ == nullptr ? Kind::kNone : Kind::kText;
  if (leaf.text_ == nullptr) return leaf;
  leaf.text_kind_ = TextKindOf(field);
  leaf.verdicts_.assign(leaf.text_->dictionary.code_limit(), kUnknown);
  leaf.verdicts_[0] = AbsentMatches(p) ? 1 : 0;
  if (leaf.verdicts_.size() > kJudgedAtOnce) return leaf;
  leaf.JudgeAll();
  if (auto bits = bits_of ? bits_of(leaf, p) : nullptr) return Bits(std::move(bits));
  return leaf;
}

Condition Condition::BindKind(const RunColumns& columns, const RunPredicate& p) {
  const bool runs = core::MatchesKind(p, false);
  if (runs == core::MatchesKind(p, true)) {
    Condition same;
    same.kind_ = runs ? Kind::kAll : Kind::kNone;
    return same;
  }
  Condition models = Bits(std::make_shared<const Bitmap>(columns.logged_models()));
  if (!runs) return models;
  Condition others;
  others.kind_ = Kind::kNot;
  others.children_.push_back(std::move(models));
  return others;
}

Condition Condition::BindId(const RunColumns& columns, const RunPredicate& p, StopMeter& meter) {
  Condition leaf;
  leaf.columns_ = &columns;
  leaf.meter_ = &meter;
  leaf.text_kind_ = TextKind::kName;
  leaf.predicate_ = &p;
  leaf.kind_ = Kind::kId;
  if (p.op == FilterOp::kIn) return BindIds(std::move(leaf), columns);
  if (p.present || p.op != FilterOp::kEqual || p.pattern.size() != 1) return leaf;
  const auto id = RunId::Parse(p.pattern[0]);
  const auto row = id ? columns.Find(*id) : std::nullopt;
  leaf.kind_ = row ? Kind::kRow : Kind::kNone;
  leaf.row_ = row.value_or(0);
  return leaf;
}

// Looks the ids up instead of asking for each row whether its id is among them.
Condition Condition::BindIds(Condition leaf, const RunColumns& columns) {
  leaf.values_ = std::make_shared<const ValueSet>(*leaf.predicate_);
  if (!leaf.values_->only_plain()) return leaf;
  auto bits = std::make_shared<Bitmap>(columns.row_limit());
  for (const std::string_view text : leaf.values_->plain()) {
    const auto id = RunId::Parse(text);
    const auto row = id ? columns.Find(*id) : std::nullopt;
    if (row) bits->Set(*row, true);
  }
  return Bits(std::move(bits));
}

Condition Condition::Visible(const RunColumns& columns, const std::vector<int64_t>& experiments,
                             bool show_deleted, bool show_logged_models) {
  Condition visible;
  visible.kind_ = Kind::kVisible;
  visible.columns_ = &columns;
  visible.show_deleted_ = show_deleted;
  visible.show_logged_models_ = show_logged_models;
  const Dictionary& names = columns.experiments().dictionary;
  Condition within;
  within.kind_ = Kind::kText;
  within.text_ = &columns.experiments();
  within.judged_ = true;
  within.verdicts_.assign(names.code_limit(), 0);
  bool everything = true;
  const auto judge = [&](uint32_t code, bool match) {
    everything = everything && match;
    if (!match || code == 0 || within.verdicts_[code] != 0) return;
    within.verdicts_[code] = 1;
    ++within.matching_codes_;
    within.matching_code_ = code;
  };
  if (experiments.empty()) {
    for (uint32_t code = 1; code < names.code_limit(); ++code) {
      if (names.uses(code) == 0) continue;
      judge(code, columns.ExperimentLive(std::stoll(std::string(names.text(code)))));
    }
  } else {
    for (const int64_t id : experiments) judge(names.Find(std::to_string(id)), true);
    everything = false;
  }
  if (everything) return visible;
  std::vector<Condition> both;
  both.push_back(std::move(within));
  both.push_back(std::move(visible));
  return And(std::move(both));
}

Condition Condition::Bits(std::shared_ptr<const Bitmap> bits) {
  Condition condition;
  condition.kind_ = Kind::kBits;
  condition.bits_ = std::move(bits);
  return condition;
}

Condition Condition::And(std::vector<Condition> children) {
  Condition condition;
  condition.kind_ = Kind::kAnd;
  condition.children_ = std::move(children);
  return condition;
}

}  // namespace cairn::index
