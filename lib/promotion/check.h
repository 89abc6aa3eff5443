#ifndef CAIRN_LIB_PROMOTION_CHECK_H_
#define CAIRN_LIB_PROMOTION_CHECK_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/verdict.h"
#include "lib/promotion/yaml_lines.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// A check of a policy: one rule that a candidate is held against.
//
// What checks of every kind have is their head; the rest is the rule of their
// kind, which judges by itself. A new kind is a rule in a pair of files of its own
// and a row in check_kinds.cc; nothing else knows the kinds apart.

// A check in shadow is evaluated and shown, and does not count.
enum class CheckMode { kEnforce, kShadow };
// What it means that the evidence has no value.
enum class OnMissing { kFail, kInconclusive };

// Why there is nothing to compare a candidate with.
enum class NoChampion { kNone, kFirstPromotion, kIsChampion };

// What a rule may look at. Everything outlives the check; nothing is copied. The same
// for every check of a candidate.
struct CheckContext {
  const VersionRead& candidate;
  const VersionRead* champion;  // null exactly when `no_champion` is not kNone
  NoChampion no_champion;
  const std::vector<ComparableKey>& comparable_on;
  const EvidencePin& pin;
};

// What checks of every kind have. Read by ReadCheck, whatever the kind.
struct CheckHead {
  std::string id;  // unique in its policy: 1 to 63 of a-z, 0-9 and '-'
  OnMissing on_missing = OnMissing::kFail;
  CheckMode mode = CheckMode::kEnforce;
  TextPosition position;
  friend bool operator==(const CheckHead&, const CheckHead&) = default;
};

// The part of a check that only its kind knows. Immutable; safe from any thread.
class Rule {
 public:
  virtual ~Rule() = default;

  // Adds the kind's own fields, each default written out, in an order that never
  // changes: digests of policies rest on it.
  virtual void Render(YamlLines& lines) const = 0;

  // Judges the candidate: sets what is needed, what was seen, the margin, the
  // verdict and a sentence that explains it. Pure and total: what cannot be
  // evaluated is ERROR, never a success.
  virtual void Evaluate(const CheckHead& head, const CheckContext& context,
                        cairn::v1::CheckResult& result) const = 0;

  // The metric that it judges; empty: none. Points into the rule.
  virtual std::string_view Metric() const { return {}; }

  // Whether it names a metric that the server measures of candidate and champion together.
  virtual bool NeedsPair() const { return false; }

  // Whether `other` is the same rule of the same kind.
  virtual bool Equals(const Rule& other) const = 0;
};

// A rule that is a plain value with operator==. Rules of other kinds are never equal to
// it.
template <typename Derived>
class RuleValue : public Rule {
 public:
  bool Equals(const Rule& other) const final {
    const auto* same_kind = dynamic_cast<const Derived*>(&other);
    return same_kind != nullptr && *static_cast<const Derived*>(this) == *same_kind;
  }
  friend bool operator==(const RuleValue&, const RuleValue&) { return true; }
};

struct CheckKind;

// Copies share the rule. Made by ParsePolicy only.
struct Check {
  const CheckKind* kind = nullptr;  // a row of CheckKinds()
  CheckHead head;
  std::shared_ptr<const Rule> rule;

  // The result of this check for one candidate; see Rule::Evaluate.
  cairn::v1::CheckResult Evaluate(const CheckContext& context) const;

  friend bool operator==(const Check& a, const Check& b) {
    return a.kind == b.kind && a.head == b.head && a.rule->Equals(*b.rule);
  }
};

// For rules that conclude a result.

// Sets verdict and sentence; whatever else the result has stays.
void Conclude(Verdict verdict, std::string message, cairn::v1::CheckResult& check);

// What `on_missing` makes of a value that is not there.
Verdict MissingVerdict(OnMissing on_missing);

// The value that `seen` holds; null after it concluded the check because there is
// none that counts. `owner` is who should have it: "the champion".
const double* FoundOrConclude(const Observation& seen, std::string_view metric,
                              std::string_view owner, OnMissing on_missing,
                              cairn::v1::CheckResult& check);

// Adds what was looked at to the result's evidence.
void AddEvidence(const cairn::v1::ModelVersion& version, const Observation& seen,
                 cairn::v1::CheckResult& check);

// A value that a client named, as sentences show it: cut where it is long.
std::string ShownText(std::string_view value);

// The shortest text of a number, in its canonical form.
std::string NumberText(double value);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CHECK_H_
