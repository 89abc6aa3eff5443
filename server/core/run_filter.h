#ifndef CAIRN_SERVER_CORE_RUN_FILTER_H_
#define CAIRN_SERVER_CORE_RUN_FILTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/filter_ast.h"

namespace cairn::core {

// What a filter or an order may name of a run. The words are those of docs/mlctl.md; a new one
// needs a column or a look at the record in server/index too.
enum class RunField {
  kMetric,     // metrics.KEY: the latest value
  kMetricMin,  // metrics_min.KEY
  kMetricMax,  // metrics_max.KEY
  kParam,      // params.KEY
  kTag,        // tags.KEY
  kState,
  kDisplayName,
  kUid,
  kUser,
  kStartTime,
  kEndTime,
  kCreateTime,
  kDataset,    // name, name@version, resource name or SHA-256 of an input
  kParentRun,  // resource name or id of the run it is nested in
  kDuration,   // from the start to the end of a run that has ended
  kOutput,     // name, name@version or resource name of what it made or registered
  kKind,       // RUN or LOGGED_MODEL
};

// The value of `kind` for logged models; every other run is a RUN.
inline constexpr std::string_view kLoggedModelWord = "LOGGED_MODEL";

// A name from the text, resolved.
struct RunFieldRef {
  RunField field = RunField::kDisplayName;
  std::string key;  // for the five maps, dots included; else empty

  friend bool operator==(const RunFieldRef&, const RunFieldRef&) = default;
};

// Resolves a path; nullopt if no field of a run is called so. `metrics.a.b`
// names the key "a.b".
std::optional<RunFieldRef> ResolveRunField(const std::vector<std::string>& path);

// The name that ResolveRunField knows a field by; of the five maps without the key.
std::string_view NameOfRunField(RunField field);

// Text that may hold wildcards, split at them: {"a", ""} stands for `a*`.
using TextPattern = std::vector<std::string>;

// A typed condition: what the tree means for runs. This is the form a planner
// takes apart; every node can be evaluated by itself.
struct RunPredicate {
  FilterNode::Kind kind = FilterNode::Kind::kAnd;
  // Of kAnd, kOr and kNot. Of a kCompare by kIn: `ref = value` for each value of the
  // list; what follows but for `ref` and `op` is empty then.
  std::vector<RunPredicate> children;
  // For kCompare.
  RunFieldRef ref;
  FilterOp op = FilterOp::kEqual;
  bool present = false;          // `field:*`: the field is there at all
  std::optional<double> number;  // the value as a number, if it reads as one
  bool quoted = false;           // then `=` and `!=` compare text
  int64_t nanos = 0;             // for times, since 1970; for durations
  cairn::v1::Run::State state = cairn::v1::Run::STATE_UNSPECIFIED;
  std::string text;     // the value as written; for kText the word in lower case
  TextPattern pattern;  // `text` split at its wildcards
};

// True if a run that is a logged model, or one that is none, satisfies a comparison of `kind`, also
// with a list.
bool MatchesKind(const RunPredicate& p, bool logged_model);

// True if `pattern` matches a run by its resource name or by its id alone.
bool NamesRun(const TextPattern& pattern, std::string_view run_name);

// True if `pattern` matches a version of a data set or model by its resource name,
// as NAME@NUMBER, or by the NAME alone.
bool NamesVersion(const TextPattern& pattern, std::string_view resource);

// How long a run took, in nanoseconds; nullopt unless it has a start and an end. What
// is beyond int64 is the greatest int64 or its negative.
std::optional<int64_t> DurationNanos(const cairn::v1::Run& run);

// Says of a path that is no field of runs that it is unknown, by name, and what was probably meant.
// A text and no error: filters and orders refuse with different reasons.
std::string UnknownField(const std::vector<std::string>& path);

// A filter over runs, checked once and then applied to many. Immutable; safe to
// use from any thread.
class RunFilter {
 public:
  // Matches every run that is no logged model.
  RunFilter() = default;

  // Parses and checks `text`; the empty text matches as the constructor says.
  // INVALID_ARGUMENT (FILTER_INVALID) with metadata `position`: it does not
  // parse, names an unknown field, or compares a field with what it cannot be.
  // Costs microseconds; a search does it once and not for each run.
  static absl::StatusOr<RunFilter> Compile(std::string_view text);
  // The same of a tree that was parsed, or made by a program.
  static absl::StatusOr<RunFilter> FromAst(const Filter& filter);

  // True if `run` satisfies the filter. A comparison with something the run
  // does not have is false, also for `!=`; NOT turns it around as any other. A logged
  // model is matched by filters that name `kind` only.
  bool Matches(const cairn::v1::Run& run) const;

  // True if the condition says itself which kinds of runs it wants.
  bool names_kind() const { return names_kind_; }

  // The condition; null when everything matches. Lives as long as this object.
  const RunPredicate* root() const { return root_ ? &*root_ : nullptr; }

 private:
  std::optional<RunPredicate> root_;
  bool names_kind_ = false;
};

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_RUN_FILTER_H_
