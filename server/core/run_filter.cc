#include "server/core/run_filter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/time/time.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/numbers.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/core/filter_parser.h"

namespace cairn::core {
namespace {

using cairn::v1::MetricSummary;
using cairn::v1::Run;
using Kind = FilterNode::Kind;

constexpr std::array<std::pair<std::string_view, RunField>, 5> kMaps = {
    {{"metrics", RunField::kMetric},
     {"metrics_min", RunField::kMetricMin},
     {"metrics_max", RunField::kMetricMax},
     {"params", RunField::kParam},
     {"tags", RunField::kTag}}};
constexpr std::array<std::pair<std::string_view, RunField>, 12> kFields = {
    {{"state", RunField::kState},
     {"display_name", RunField::kDisplayName},
     {"uid", RunField::kUid},
     {"user", RunField::kUser},
     {"start_time", RunField::kStartTime},
     {"end_time", RunField::kEndTime},
     {"create_time", RunField::kCreateTime},
     {"dataset", RunField::kDataset},
     {"parent_run", RunField::kParentRun},
     {"duration", RunField::kDuration},
     {"output", RunField::kOutput},
     {"kind", RunField::kKind}}};

absl::Status ErrorAt(size_t position, std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::FILTER_INVALID,
               fmt::format("filter: byte {}: {}", position, problem))
      .With("position", std::to_string(position))
      .With("problem", problem)
      .With("field", "filter")
      .Field("filter", problem);
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

TextPattern PatternOf(const std::string& text, const std::vector<size_t>& wildcards) {
  TextPattern pattern;
  size_t begin = 0;
  for (const size_t star : wildcards) {
    pattern.push_back(text.substr(begin, star - begin));
    begin = star + 1;
  }
  pattern.push_back(text.substr(begin));
  return pattern;
}

// Wildcards in front and behind: the text occurs somewhere.
TextPattern Anywhere(TextPattern pattern) {
  pattern.insert(pattern.begin(), "");
  pattern.emplace_back();
  return pattern;
}

bool MatchesPattern(const TextPattern& pattern, std::string_view text) {
  if (pattern.size() == 1) return text == pattern[0];
  const std::string& head = pattern.front();
  const std::string& tail = pattern.back();
  if (text.size() < head.size() + tail.size()) return false;
  if (text.substr(0, head.size()) != head) return false;
  if (text.substr(text.size() - tail.size()) != tail) return false;
  std::string_view middle = text.substr(head.size(), text.size() - head.size() - tail.size());
  // Taking the leftmost place of each piece leaves the most for the others.
  for (size_t i = 1; i + 1 < pattern.size(); ++i) {
    const size_t found = middle.find(pattern[i]);
    if (found == std::string_view::npos) return false;
    middle.remove_prefix(found + pattern[i].size());
  }
  return true;
}

template <typename T>
bool Compare(FilterOp op, const T& a, const T& b) {
  switch (op) {
    case FilterOp::kEqual:
    case FilterOp::kHas:
      return a == b;
    case FilterOp::kNotEqual:
      return a != b;
    case FilterOp::kLess:
      return a < b;
    case FilterOp::kLessEqual:
      return a <= b;
    case FilterOp::kGreater:
      return a > b;
    case FilterOp::kGreaterEqual:
      return a >= b;
    case FilterOp::kIn:  // taken apart before
      break;
  }
  return false;
}

// As IEEE compares, except that `= nan` finds NaN.
bool CompareNumber(FilterOp op, double a, double b) {
  if (std::isnan(b)) {
    if (op == FilterOp::kEqual) return std::isnan(a);
    return op == FilterOp::kNotEqual && !std::isnan(a);
  }
  return Compare(op, a, b);
}

bool CompareText(const RunPredicate& p, std::string_view text) {
  if (p.op == FilterOp::kEqual || p.op == FilterOp::kHas) return MatchesPattern(p.pattern, text);
  if (p.op == FilterOp::kNotEqual) return !MatchesPattern(p.pattern, text);
  return Compare(p.op, text, std::string_view(p.text));
}

// Parameters and tags are texts that may be numbers.
bool CompareValue(const RunPredicate& p, const std::string& value) {
  const bool equality = p.op == FilterOp::kEqual || p.op == FilterOp::kNotEqual;
  if (p.number && p.op != FilterOp::kHas && !(equality && p.quoted)) {
    if (const auto number = ParseNumber(value)) return CompareNumber(p.op, *number, *p.number);
  }
  return CompareText(p, value);
}

bool MatchesMap(const RunPredicate& p, const google::protobuf::Map<std::string, std::string>& map) {
  const auto it = map.find(p.ref.key);
  return it != map.end() && (p.present || CompareValue(p, it->second));
}

bool MatchesMetric(const RunPredicate& p, const Run& run) {
  const auto it = std::find_if(run.metrics().begin(), run.metrics().end(),
                               [&](const MetricSummary& m) { return m.key() == p.ref.key; });
  if (it == run.metrics().end()) return false;
  const double value = p.ref.field == RunField::kMetric      ? it->latest().value()
                       : p.ref.field == RunField::kMetricMin ? it->min()
                                                             : it->max();
  return p.present || CompareNumber(p.op, value, *p.number);
}

bool MatchesText(const RunPredicate& p, const std::string& text) {
  return !text.empty() && (p.present || CompareText(p, text));
}

bool MatchesTime(const RunPredicate& p, bool has, const google::protobuf::Timestamp& time) {
  return has && (p.present || Compare(p.op, ToUnixNanos(time), p.nanos));
}

bool NamesInput(const RunPredicate& p, const cairn::v1::RunInput& input) {
  return MatchesPattern(p.pattern, input.sha256()) ||
         NamesVersion(p.pattern, input.dataset_version());
}

bool MatchesDataset(const RunPredicate& p, const Run& run) {
  if (run.inputs().empty()) return false;
  if (p.present) return true;
  const bool named = std::any_of(run.inputs().begin(), run.inputs().end(),
                                 [&](const auto& input) { return NamesInput(p, input); });
  return named != (p.op == FilterOp::kNotEqual);
}

bool MatchesOutput(const RunPredicate& p, const Run& run) {
  if (run.outputs().empty()) return false;
  if (p.present) return true;
  const bool named =
      std::any_of(run.outputs().begin(), run.outputs().end(),
                  [&](const auto& output) { return NamesVersion(p.pattern, output.resource()); });
  return named != (p.op == FilterOp::kNotEqual);
}

bool MatchesDuration(const RunPredicate& p, const Run& run) {
  const auto nanos = DurationNanos(run);
  return nanos && (p.present || Compare(p.op, *nanos, p.nanos));
}

bool MatchesParent(const RunPredicate& p, const Run& run) {
  if (run.parent_run().empty()) return false;
  return p.present || NamesRun(p.pattern, run.parent_run()) != (p.op == FilterOp::kNotEqual);
}

bool MatchesField(const RunPredicate& p, const Run& run) {
  switch (p.ref.field) {
    case RunField::kMetric:
    case RunField::kMetricMin:
    case RunField::kMetricMax:
      return MatchesMetric(p, run);
    case RunField::kParam:
      return MatchesMap(p, run.params());
    case RunField::kTag:
      return MatchesMap(p, run.tags());
    case RunField::kState:
      return p.present ? run.state() != Run::STATE_UNSPECIFIED
                       : Compare(p.op, run.state(), p.state);
    case RunField::kDisplayName:
      return MatchesText(p, run.display_name());
    case RunField::kUid:
      return MatchesText(p, run.uid());
    case RunField::kUser:
      return MatchesText(p, run.user());
    case RunField::kStartTime:
      return MatchesTime(p, run.has_start_time(), run.start_time());
    case RunField::kEndTime:
      return MatchesTime(p, run.has_end_time(), run.end_time());
    case RunField::kCreateTime:
      return MatchesTime(p, run.has_create_time(), run.create_time());
    case RunField::kDataset:
      return MatchesDataset(p, run);
    case RunField::kParentRun:
      return MatchesParent(p, run);
    case RunField::kDuration:
      return MatchesDuration(p, run);
    case RunField::kOutput:
      return MatchesOutput(p, run);
    case RunField::kKind:
      return MatchesKind(p, run.kind() == Run::LOGGED_MODEL);
  }
  return false;
}

bool MatchesPredicate(const RunPredicate& p, const Run& run) {
  const auto matches = [&](const RunPredicate& child) { return MatchesPredicate(child, run); };
  switch (p.kind) {
    case Kind::kAnd:
      return std::all_of(p.children.begin(), p.children.end(), matches);
    case Kind::kOr:
      return std::any_of(p.children.begin(), p.children.end(), matches);
    case Kind::kNot:
      return !matches(p.children[0]);
    case Kind::kText:
      return MatchesPattern(p.pattern, Lower(run.display_name()));
    case Kind::kCompare:
      if (p.op == FilterOp::kIn) return std::any_of(p.children.begin(), p.children.end(), matches);
      return MatchesField(p, run);
  }
  return false;
}

bool IsMetric(RunField field) {
  return field == RunField::kMetric || field == RunField::kMetricMin ||
         field == RunField::kMetricMax;
}

bool IsTime(RunField field) {
  return field == RunField::kStartTime || field == RunField::kEndTime ||
         field == RunField::kCreateTime;
}

// Fields that name another resource.
bool IsReference(RunField field) {
  return field == RunField::kDataset || field == RunField::kParentRun || field == RunField::kOutput;
}

// Nanoseconds of a length such as 90s, 250ms or 1h30m.
std::optional<int64_t> ParseDuration(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) return std::nullopt;
  if (absl::AbsDuration(duration) == absl::InfiniteDuration()) return std::nullopt;
  return absl::ToInt64Nanoseconds(duration);
}

absl::Status BindState(const FilterNode& node, RunPredicate& p) {
  const bool equality =
      node.op == FilterOp::kEqual || node.op == FilterOp::kNotEqual || node.op == FilterOp::kHas;
  if (!equality) return ErrorAt(node.position, "a state compares with = and != only");
  if (!Run::State_Parse(node.value.text, &p.state) || p.state == Run::STATE_UNSPECIFIED) {
    return ErrorAt(node.value.position,
                   "a state is RUNNING, SCHEDULED, SUCCEEDED, FAILED or KILLED");
  }
  return absl::OkStatus();
}

absl::Status BindKind(const FilterNode& node) {
  const bool equality =
      node.op == FilterOp::kEqual || node.op == FilterOp::kNotEqual || node.op == FilterOp::kHas;
  if (!equality) return ErrorAt(node.position, "a kind compares with = and != only");
  if (node.value.text != "RUN" && node.value.text != kLoggedModelWord) {
    return ErrorAt(node.value.position, "a kind is RUN or LOGGED_MODEL");
  }
  return absl::OkStatus();
}

// Checks that the value is of the field's kind.
absl::Status BindValue(const FilterNode& node, RunPredicate& p) {
  if (p.ref.field == RunField::kState) return BindState(node, p);
  if (p.ref.field == RunField::kKind) return BindKind(node);
  if (IsMetric(p.ref.field)) {
    if (!p.number || node.op == FilterOp::kHas) {
      return ErrorAt(node.value.position, "a metric compares with a number by = != < <= > >=");
    }
  } else if (IsTime(p.ref.field)) {
    const auto nanos = ParseRfc3339(node.value.text);
    if (!nanos.ok() || node.op == FilterOp::kHas) {
      return ErrorAt(node.value.position,
                     "a time compares with RFC 3339 such as 2011-12-09T12:50:00Z");
    }
    p.nanos = *nanos;
  } else if (p.ref.field == RunField::kDuration) {
    const auto nanos = ParseDuration(node.value.text);
    if (!nanos || node.op == FilterOp::kHas) {
      return ErrorAt(node.value.position, "a duration compares with a time such as 90s or 1h30m");
    }
    p.nanos = *nanos;
  } else if (IsReference(p.ref.field) && node.op != FilterOp::kEqual &&
             node.op != FilterOp::kNotEqual && node.op != FilterOp::kHas) {
    return ErrorAt(node.position, "data sets, outputs and runs compare with = and != only");
  }
  return absl::OkStatus();
}

bool NamesKind(const RunPredicate& p) {
  return (p.kind == Kind::kCompare && p.ref.field == RunField::kKind) ||
         std::any_of(p.children.begin(), p.children.end(), NamesKind);
}

absl::StatusOr<RunPredicate> BindCompare(const FilterNode& node);

// Each value of the list as if it were compared by itself.
absl::StatusOr<RunPredicate> BindList(const FilterNode& node) {
  RunPredicate p;
  p.kind = Kind::kCompare;
  p.op = FilterOp::kIn;
  p.children.reserve(node.values.size());
  FilterNode one;
  one.kind = Kind::kCompare;
  one.field = node.field;
  one.position = node.position;
  for (const FilterValue& value : node.values) {
    one.value = value;
    CAIRN_ASSIGN_OR_RETURN(RunPredicate equal, BindCompare(one));
    p.children.push_back(std::move(equal));
  }
  p.ref = p.children[0].ref;
  return p;
}

absl::StatusOr<RunPredicate> BindCompare(const FilterNode& node) {
  if (node.op == FilterOp::kIn) return BindList(node);
  RunPredicate p;
  p.kind = Kind::kCompare;
  p.op = node.op;
  p.quoted = node.value.quoted;
  p.text = node.value.text;
  p.number = ParseNumber(node.value.text);
  // `params:k` asks for a key as `params.k:*` does.
  const bool has_key = node.op == FilterOp::kHas && node.field.path.size() == 1;
  if (has_key) {
    if (auto ref = ResolveRunField({node.field.path[0], node.value.text}); ref) {
      p.ref = *ref;
      p.present = true;
      return p;
    }
  }
  const auto ref = ResolveRunField(node.field.path);
  if (!ref) {
    return ErrorAt(
        node.field.position,
        UnknownField(node.field.path) +
            "; there are metrics.KEY, metrics_min.KEY, metrics_max.KEY, "
            "params.KEY, tags.KEY, state, display_name, uid, user, start_time, end_time, "
            "create_time, duration, dataset, output, parent_run and kind");
  }
  p.ref = *ref;
  p.present = node.op == FilterOp::kHas && !node.value.quoted && node.value.text == "*";
  if (p.present) return p;
  p.pattern = PatternOf(node.value.text, node.value.wildcards);
  // `:` on text means that it occurs somewhere; a resource is named in full.
  if (node.op == FilterOp::kHas && !IsReference(p.ref.field)) {
    p.pattern = Anywhere(std::move(p.pattern));
  }
  CAIRN_RETURN_IF_ERROR(BindValue(node, p));
  return p;
}

// Refuses a word that was hardly meant as text to look for: a field without an operator, or an
// operator of other languages. In quotes it is text.
absl::Status CheckWord(const FilterValue& value) {
  constexpr std::array<std::string_view, 9> kForeign = {
      "like", "ilike", "is", "between", "contains", "matches", "regexp", "rlike", "null"};
  if (value.quoted) return absl::OkStatus();
  if (std::find(kForeign.begin(), kForeign.end(), Lower(value.text)) != kForeign.end()) {
    return ErrorAt(value.position,
                   fmt::format("{0} is no operator here; write FIELD = \"begin*\", FIELD:\"part\" "
                               "or FIELD IN (A, B), or \"{0}\" in quotes to look for the word",
                               value.text));
  }
  const std::string head = value.text.substr(0, value.text.find('.'));
  const auto is_named = [](std::string_view name) {
    return [name](const auto& entry) { return entry.first == name; };
  };
  const bool field = std::any_of(kFields.begin(), kFields.end(), is_named(value.text)) ||
                     std::any_of(kMaps.begin(), kMaps.end(), is_named(head));
  if (!field) return absl::OkStatus();
  return ErrorAt(value.position,
                 fmt::format("{0} is a field and has no operator behind it; write {0} = VALUE, "
                             "{0}:* for runs that have it, or \"{0}\" in quotes to look for the "
                             "word",
                             value.text));
}

absl::StatusOr<RunPredicate> Bind(const FilterNode& node) {
  if (node.kind == Kind::kCompare) return BindCompare(node);
  RunPredicate p;
  p.kind = node.kind;
  if (node.kind == Kind::kText) {
    CAIRN_RETURN_IF_ERROR(CheckWord(node.value));
    p.text = Lower(node.value.text);
    p.pattern = Anywhere(PatternOf(p.text, node.value.wildcards));
    return p;
  }
  for (const FilterNode& child : node.children) {
    CAIRN_ASSIGN_OR_RETURN(RunPredicate bound, Bind(child));
    p.children.push_back(std::move(bound));
  }
  return p;
}

}  // namespace

// A word alone may be the key of something, and the first of several a misspelt family.
std::string UnknownField(const std::vector<std::string>& path) {
  static constexpr std::string_view kFamilies[] = {"metrics", "metrics_min", "metrics_max",
                                                   "params", "tags"};
  if (path.size() == 1) {
    return fmt::format("unknown field \"{0}\": write metrics.{0}, params.{0} or tags.{0}", path[0]);
  }
  const std::string_view family = Nearest(path[0], kFamilies);
  const std::string key = fmt::format("{}", fmt::join(path.begin() + 1, path.end(), "."));
  const std::string meant = family.empty() ? "" : fmt::format(": did you mean {}.{}?", family, key);
  return fmt::format("unknown field \"{}.{}\"{}", path[0], key, meant);
}

std::optional<RunFieldRef> ResolveRunField(const std::vector<std::string>& path) {
  if (path.size() == 1) {
    for (const auto& [name, field] : kFields) {
      if (path[0] == name) return RunFieldRef{field, ""};
    }
    return std::nullopt;
  }
  for (const auto& [name, field] : kMaps) {
    if (path.empty() || path[0] != name) continue;
    std::string key = path[1];
    for (size_t i = 2; i < path.size(); ++i) key += "." + path[i];
    return RunFieldRef{field, std::move(key)};
  }
  return std::nullopt;
}

std::string_view NameOfRunField(RunField field) {
  for (const auto& [name, known] : kMaps) {
    if (known == field) return name;
  }
  for (const auto& [name, known] : kFields) {
    if (known == field) return name;
  }
  return "";
}

bool MatchesKind(const RunPredicate& p, bool logged_model) {
  if (p.op == FilterOp::kIn) {
    return std::any_of(p.children.begin(), p.children.end(),
                       [&](const RunPredicate& value) { return MatchesKind(value, logged_model); });
  }
  const bool same = logged_model == (p.text == kLoggedModelWord);
  return p.present || same != (p.op == FilterOp::kNotEqual);
}

bool NamesRun(const TextPattern& pattern, std::string_view run_name) {
  return MatchesPattern(pattern, run_name) ||
         MatchesPattern(pattern, run_name.substr(run_name.rfind('/') + 1));
}

bool NamesVersion(const TextPattern& pattern, std::string_view resource) {
  if (MatchesPattern(pattern, resource)) return true;
  const auto name = resource.substr(0, 7) == "models/"
                        ? ParseModelVersionName("output", resource)
                        : ParseDatasetVersionName("dataset", resource);
  return name.ok() &&
         (MatchesPattern(pattern, name->parent_id) ||
          MatchesPattern(pattern, fmt::format("{}@{}", name->parent_id, name->version)));
}

std::optional<int64_t> DurationNanos(const Run& run) {
  if (!run.has_start_time() || !run.has_end_time()) return std::nullopt;
  const int64_t start = ToUnixNanos(run.start_time());
  const int64_t end = ToUnixNanos(run.end_time());
  int64_t nanos = 0;
  if (!__builtin_sub_overflow(end, start, &nanos)) return nanos;
  constexpr int64_t kLongest = std::numeric_limits<int64_t>::max();
  return end > start ? kLongest : -kLongest;
}

absl::StatusOr<RunFilter> RunFilter::FromAst(const Filter& filter) {
  RunFilter result;
  if (filter.root) {
    CAIRN_ASSIGN_OR_RETURN(result.root_, Bind(*filter.root));
    result.names_kind_ = NamesKind(*result.root_);
  }
  return result;
}

absl::StatusOr<RunFilter> RunFilter::Compile(std::string_view text) {
  CAIRN_ASSIGN_OR_RETURN(const Filter filter, ParseFilter(text));
  return FromAst(filter);
}

bool RunFilter::Matches(const Run& run) const {
  if (run.kind() == Run::LOGGED_MODEL && !names_kind_) return false;
  return !root_ || MatchesPredicate(*root_, run);
}

}  // namespace cairn::core
