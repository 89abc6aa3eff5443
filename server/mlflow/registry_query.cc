#include "server/mlflow/registry_query.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/mlflow/clause_match.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/prompt.h"
#include "server/mlflow/registry_entities.h"

namespace cairn::mlflow {
namespace {

using Kind = RegistryQuery::Kind;

constexpr size_t kDigestLetters = 16;

bool IsNumber(std::string_view key) { return key == "version_number"; }

bool IsFilterKey(Kind kind, std::string_view key) {
  if (key == "name") return true;
  return kind == Kind::kVersions && (key == "run_id" || key == "source_path" || IsNumber(key));
}

bool IsOrderKey(Kind kind, std::string_view key) {
  if (key == "name" || key == "last_updated_timestamp") return true;
  return kind == Kind::kModels ? key == "timestamp" : key == "creation_timestamp" || IsNumber(key);
}

bool TakesOperator(const Clause& clause) {
  switch (clause.op) {
    case Operator::kEqual:
    case Operator::kNotEqual:
      return true;
    case Operator::kLike:
    case Operator::kILike:
      return IsOfTag(clause) || !IsNumber(clause.key);
    case Operator::kIn:
      return IsAttribute(clause.entity) && !IsNumber(clause.key);
    case Operator::kNotIn:
      return false;
    case Operator::kIsNull:
    case Operator::kIsNotNull:
      return IsOfTag(clause);
    default:
      return IsAttribute(clause.entity) && IsNumber(clause.key);
  }
}

absl::Status CheckRegistryClause(Kind kind, const Clause& clause) {
  const std::string key = Shortened(clause.key, 100);
  const bool attribute = IsAttribute(clause.entity);
  if (!IsOfTag(clause) && !(attribute && IsFilterKey(kind, clause.key))) {
    return Refuse(
        kInvalidParameter,
        fmt::format("Invalid attribute name: {}. Valid are {}, and tags.", key,
                    kind == Kind::kModels ? "name" : "name, run_id, source_path, version_number"));
  }
  if (!TakesOperator(clause)) {
    return Refuse(kInvalidParameter, fmt::format("Invalid comparator for attribute: {}", key));
  }
  const bool number = attribute && IsNumber(clause.key);
  for (const Literal& value : clause.values) {
    if (number ? NumberIn(value).has_value() : value.quoted) continue;
    return Refuse(kInvalidParameter, fmt::format("Expected {} for '{}'.",
                                                 number ? "a number" : "a quoted string", key));
  }
  return absl::OkStatus();
}

bool TagHolds(const google::protobuf::Map<std::string, std::string>& tags, const Clause& clause) {
  const auto tag = tags.find(clause.key);
  const bool there = tag != tags.end() && !IsOwnTag(clause.key);
  if (clause.op == Operator::kIsNull) return !there;
  if (clause.op == Operator::kIsNotNull) return there;
  // Clients ask so for what is no prompt, which is all that was never said to be one.
  if (!there && clause.key == kIsPromptTag) return clause.op == Operator::kNotEqual;
  return there && TextHolds(tag->second, clause);
}

bool VersionHolds(const v1::ModelVersion& version, const Clause& clause) {
  if (IsOfTag(clause)) return TagHolds(version.tags(), clause);
  if (clause.key == "name") return TextHolds(ModelOf(version), clause);
  if (clause.key == "run_id") return TextHolds(RunIdOf(version), clause);
  if (clause.key == "source_path") return TextHolds(SourceOf(version), clause);
  return NumberHolds(static_cast<double>(NumberOf(version)), clause);
}

int Sign(int64_t left, int64_t right) { return left < right ? -1 : left > right ? 1 : 0; }

int CompareBy(const std::string& key, const v1::Model& a, const v1::Model& b) {
  if (key == "name") return a.display_name().compare(b.display_name());
  return Sign(MillisOf(a.update_time()), MillisOf(b.update_time()));
}

int64_t UpdatedAt(const v1::ModelVersion& version) {
  return MillisOf(version.has_update_time() ? version.update_time() : version.create_time());
}

int CompareBy(const std::string& key, const v1::ModelVersion& a, const v1::ModelVersion& b) {
  if (key == "name") return ModelOf(a).compare(ModelOf(b));
  if (IsNumber(key)) return Sign(NumberOf(a), NumberOf(b));
  if (key == "creation_timestamp") {
    return Sign(MillisOf(a.create_time()), MillisOf(b.create_time()));
  }
  return Sign(UpdatedAt(a), UpdatedAt(b));
}

template <typename Resource>
void SortBy(const std::vector<OrderItem>& order, std::vector<Resource>& resources) {
  std::sort(resources.begin(), resources.end(), [&](const Resource& a, const Resource& b) {
    for (const OrderItem& item : order) {
      const int by = CompareBy(item.key, a, b);
      if (by != 0) return item.descending ? by > 0 : by < 0;
    }
    return false;
  });
}

}  // namespace

absl::StatusOr<RegistryQuery> RegistryQuery::Parse(Kind kind, std::string_view filter,
                                                   const std::vector<std::string>& order_by) {
  RegistryQuery query;
  query.kind_ = kind;
  std::string said =
      fmt::format("{}\n{}", kind == Kind::kModels ? "models" : "versions", std::string(filter));
  CAIRN_ASSIGN_OR_RETURN(query.clauses_, ParseFilter(filter));
  for (const Clause& clause : query.clauses_) {
    CAIRN_RETURN_IF_ERROR(CheckRegistryClause(kind, clause));
  }
  for (const std::string& text : order_by) {
    said += "\n" + text;
    CAIRN_ASSIGN_OR_RETURN(OrderItem item, ParseOrderItem(text));
    if (!IsAttribute(item.entity) || !IsOrderKey(kind, item.key)) {
      return Refuse(kInvalidParameter,
                    fmt::format("Invalid order by key '{}' specified.", Shortened(item.key, 100)));
    }
    query.order_.push_back(std::move(item));
  }
  query.digest_ = Sha256Hex(said).substr(0, kDigestLetters);
  if (kind == Kind::kVersions && query.order_.empty()) {
    query.order_.push_back({"attribute", "last_updated_timestamp", true});
  }
  query.order_.push_back({"attribute", "name", false});
  if (kind == Kind::kVersions) query.order_.push_back({"attribute", "version_number", true});
  return query;
}

// Prompts are kept as models, and found by those who look for them only.
bool RegistryQuery::ShowsPrompts() const {
  return std::any_of(clauses_.begin(), clauses_.end(), [](const Clause& clause) {
    return IsOfTag(clause) && clause.key == kIsPromptTag;
  });
}

bool RegistryQuery::Matches(const v1::Model& model) const {
  if (!ShowsPrompts() && IsPrompt(model.tags())) return false;
  return std::all_of(clauses_.begin(), clauses_.end(), [&](const Clause& clause) {
    return IsOfTag(clause) ? TagHolds(model.tags(), clause)
                           : TextHolds(model.display_name(), clause);
  });
}

bool RegistryQuery::Matches(const v1::ModelVersion& version) const {
  if (!ShowsPrompts() && IsPrompt(version.tags())) return false;
  return std::all_of(clauses_.begin(), clauses_.end(),
                     [&](const Clause& clause) { return VersionHolds(version, clause); });
}

void RegistryQuery::Apply(std::vector<v1::Model>& models) const {
  std::erase_if(models, [this](const v1::Model& model) { return !Matches(model); });
  SortBy(order_, models);
}

void RegistryQuery::Apply(std::vector<v1::ModelVersion>& versions) const {
  std::erase_if(versions, [this](const v1::ModelVersion& version) { return !Matches(version); });
  SortBy(order_, versions);
}

std::optional<std::set<std::string>> RegistryQuery::Names() const {
  for (const Clause& clause : clauses_) {
    const bool exact = clause.op == Operator::kEqual || clause.op == Operator::kIn;
    if (IsOfTag(clause) || clause.key != "name" || !exact) continue;
    std::set<std::string> names;
    for (const Literal& value : clause.values) names.insert(value.text);
    return names;
  }
  return std::nullopt;
}

std::string RegistryQuery::PageToken(size_t offset) const {
  return Base64UrlEncode(fmt::format("{}@{}", digest_, offset));
}

absl::StatusOr<size_t> RegistryQuery::OffsetOf(std::string_view token) const {
  if (token.empty()) return size_t{0};
  const std::string text = Base64UrlDecode(token).value_or("");
  size_t offset = 0;
  const char* end = text.data() + text.size();
  if (text.starts_with(digest_ + "@")) {
    const auto read = std::from_chars(text.data() + digest_.size() + 1, end, offset);
    if (read.ec == std::errc() && read.ptr == end && offset <= 1'000'000'000) return offset;
  }
  return Refuse(kInvalidParameter, "Invalid page token: it is none, or of another search.");
}

}  // namespace cairn::mlflow
