#include "server/mlflow/experiment_query.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/clause_match.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

constexpr std::string_view kOffset = "experiments@";

bool IsTime(std::string_view key) { return key == "creation_time" || key == "last_update_time"; }

int64_t TimeOf(const v1::Experiment& experiment, std::string_view key) {
  return MillisOf(key == "creation_time" ? experiment.create_time() : experiment.update_time());
}

int64_t NumberOfName(const v1::Experiment& experiment) {
  const std::string_view id = ExperimentIdOf(experiment.name());
  int64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  return number;
}

absl::Status CheckClause(const Clause& clause) {
  const bool time = IsAttribute(clause.entity) && IsTime(clause.key);
  const bool text = IsOfTag(clause) || (IsAttribute(clause.entity) && clause.key == "name");
  if (!time && !text) {
    return Refuse(kInvalidParameter,
                  fmt::format("Invalid attribute key '{}' specified. Valid keys are name, "
                              "creation_time and last_update_time.",
                              Shortened(clause.key, 100)));
  }
  const bool null = clause.op == Operator::kIsNull || clause.op == Operator::kIsNotNull;
  const bool equality = clause.op == Operator::kEqual || clause.op == Operator::kNotEqual;
  const bool pattern = clause.op == Operator::kLike || clause.op == Operator::kILike;
  const bool ordered = clause.op >= Operator::kLess && clause.op <= Operator::kGreaterEqual;
  if (time ? !(equality || ordered) : !(equality || pattern || (null && IsOfTag(clause)))) {
    return Refuse(kInvalidParameter, fmt::format("Invalid comparator for {} '{}'.", clause.entity,
                                                 Shortened(clause.key, 100)));
  }
  if (null || (time ? NumberIn(clause.values[0]).has_value() : clause.values[0].quoted)) {
    return absl::OkStatus();
  }
  return Refuse(kInvalidParameter,
                fmt::format("Expected {} for '{}'.", time ? "a number" : "a quoted string",
                            Shortened(clause.key, 100)));
}

bool Holds(const Clause& clause, const v1::Experiment& experiment) {
  if (!IsOfTag(clause)) {
    if (!IsTime(clause.key)) {
      return TextHolds(experiment.display_name(), clause);
    }
    return NumberHolds(static_cast<double>(TimeOf(experiment, clause.key)), clause);
  }
  const auto tag = experiment.tags().find(clause.key);
  const bool there = tag != experiment.tags().end();
  if (clause.op == Operator::kIsNull) return !there;
  if (clause.op == Operator::kIsNotNull) return there;
  return there && TextHolds(tag->second, clause);
}

int CompareBy(const std::string& key, const v1::Experiment& a, const v1::Experiment& b) {
  if (key == "name") return a.display_name().compare(b.display_name());
  const int64_t left = IsTime(key) ? TimeOf(a, key) : NumberOfName(a);
  const int64_t right = IsTime(key) ? TimeOf(b, key) : NumberOfName(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

}  // namespace

absl::StatusOr<ExperimentQuery> ExperimentQuery::Parse(std::string_view filter,
                                                       const std::vector<std::string>& order_by) {
  ExperimentQuery query;
  CAIRN_ASSIGN_OR_RETURN(query.clauses_, ParseFilter(filter));
  for (const Clause& clause : query.clauses_) CAIRN_RETURN_IF_ERROR(CheckClause(clause));
  for (const std::string& text : order_by) {
    CAIRN_ASSIGN_OR_RETURN(OrderItem item, ParseOrderItem(text));
    const bool known = item.key == "name" || item.key == "experiment_id" || IsTime(item.key);
    if (!IsAttribute(item.entity) || !known) {
      return Refuse(kInvalidParameter,
                    fmt::format("Invalid order_by key '{}'.", Shortened(item.key, 100)));
    }
    query.order_.push_back(std::move(item));
  }
  const bool ordered = !query.order_.empty();
  if (!ordered) query.order_.push_back({"attribute", "creation_time", true});
  query.order_.push_back({"attribute", "experiment_id", ordered});
  return query;
}

bool ExperimentQuery::Matches(const v1::Experiment& experiment) const {
  return std::all_of(clauses_.begin(), clauses_.end(),
                     [&](const Clause& clause) { return Holds(clause, experiment); });
}

void ExperimentQuery::Apply(std::vector<v1::Experiment>& experiments) const {
  std::erase_if(experiments, [this](const v1::Experiment& one) { return !Matches(one); });
  std::sort(experiments.begin(), experiments.end(),
            [this](const v1::Experiment& a, const v1::Experiment& b) {
              for (const OrderItem& item : order_) {
                const int order = CompareBy(item.key, a, b);
                if (order != 0) return item.descending ? order > 0 : order < 0;
              }
              return false;
            });
}

std::string ExperimentPageToken(size_t offset) {
  return Base64UrlEncode(fmt::format("{}{}", kOffset, offset));
}

absl::StatusOr<size_t> OffsetOfExperimentPage(std::string_view token) {
  if (token.empty()) return size_t{0};
  const std::string text = Base64UrlDecode(token).value_or("");
  size_t offset = 0;
  const char* end = text.data() + text.size();
  if (text.starts_with(kOffset)) {
    const auto read = std::from_chars(text.data() + kOffset.size(), end, offset);
    if (read.ec == std::errc() && read.ptr == end && offset <= 1'000'000'000) return offset;
  }
  return Refuse(kInvalidParameter, "Invalid page token.");
}

}  // namespace cairn::mlflow
