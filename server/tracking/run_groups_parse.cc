#include "server/tracking/run_groups_parse.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/page_token.h"
#include "lib/base/status_macros.h"
#include "server/core/field_path.h"
#include "server/core/filter_lexer.h"
#include "server/storage/paging.h"
#include "server/tracking/run_search.h"

namespace cairn::tracking {
namespace {

using core::FilterLexer;
using core::RunFieldRef;
using index::GroupOrder;

constexpr storage::PageLimits kPageLimits;
constexpr int kMaxMeasures = 20;
constexpr size_t kMaxQueryBytes = 1024;

using Texts = google::protobuf::RepeatedPtrField<std::string>;

absl::StatusOr<std::vector<RunFieldRef>> ParseFieldList(std::string_view name, const Texts& texts,
                                                        bool (*allowed)(core::RunField),
                                                        std::string_view rule) {
  std::vector<RunFieldRef> refs;
  for (const std::string& text : texts) {
    CAIRN_ASSIGN_OR_RETURN(RunFieldRef ref, core::ParseRunField(name, text));
    if (!allowed(ref.field)) {
      return InvalidField(ErrorReason::VALUE_INVALID, name, text, rule).ToStatus();
    }
    refs.push_back(std::move(ref));
  }
  return refs;
}

std::optional<size_t> IndexOf(const std::vector<RunFieldRef>& refs, const RunFieldRef& wanted) {
  const auto found = std::find(refs.begin(), refs.end(), wanted);
  if (found == refs.end()) return std::nullopt;
  return static_cast<size_t>(found - refs.begin());
}

std::optional<GroupOrder::What> StatisticOf(std::string_view name) {
  if (name == "mean") return GroupOrder::What::kMean;
  if (name == "min") return GroupOrder::What::kMin;
  if (name == "max") return GroupOrder::What::kMax;
  return std::nullopt;
}

// `run_count`, a field, or a statistic of a measure; no direction.
absl::Status TakeOrderKey(FilterLexer& lexer, const index::GroupQuery& query, GroupOrder& order) {
  const size_t begin = lexer.position();
  CAIRN_ASSIGN_OR_RETURN(const core::FilterField path, lexer.TakePath());
  const bool one_word = path.path.size() == 1;
  const auto statistic = one_word ? StatisticOf(path.path[0]) : std::nullopt;
  if (statistic && lexer.Take('(')) {
    order.what = *statistic;
    lexer.SkipBlanks();
    const size_t at = lexer.position();
    CAIRN_ASSIGN_OR_RETURN(const RunFieldRef measure, core::TakeRunField(lexer));
    lexer.SkipBlanks();
    if (!lexer.Take(')')) return lexer.ErrorAt(lexer.position(), "expected )");
    const auto index = IndexOf(query.measures, measure);
    if (!index) return lexer.ErrorAt(at, "is none of the measures");
    order.at = *index;
    return absl::OkStatus();
  }
  if (one_word && path.path[0] == "run_count") return absl::OkStatus();
  lexer.Skip(begin);
  CAIRN_ASSIGN_OR_RETURN(const RunFieldRef field, core::TakeRunField(lexer));
  const auto index = IndexOf(query.by, field);
  if (!index) {
    return lexer.ErrorAt(begin,
                         "expected run_count, a field of group_by, or mean, min or max of a "
                         "measure: mean(metrics.KEY)");
  }
  order.what = GroupOrder::What::kValue;
  order.at = *index;
  return absl::OkStatus();
}

absl::StatusOr<GroupOrder> ParseGroupOrder(std::string_view text, const index::GroupQuery& query) {
  GroupOrder order;
  FilterLexer lexer(text, ErrorReason::VALUE_INVALID, "order_by");
  if (!IsValidUtf8(text)) return lexer.ErrorAt(0, "not UTF-8");
  lexer.SkipBlanks();
  if (lexer.AtEnd()) return order;
  order.descending = false;
  CAIRN_RETURN_IF_ERROR(TakeOrderKey(lexer, query, order));
  lexer.SkipBlanks();
  if (!lexer.AtEnd()) {
    order.descending = lexer.TakeKeyword("desc") || lexer.TakeKeyword("DESC");
    if (!order.descending && !lexer.TakeKeyword("asc") && !lexer.TakeKeyword("ASC")) {
      return lexer.ErrorAt(lexer.position(), "expected asc or desc");
    }
    lexer.SkipBlanks();
  }
  if (!lexer.AtEnd()) return lexer.ErrorAt(lexer.position(), "groups are ordered by one key");
  return order;
}

std::string TokenOf(const google::protobuf::Message& request, bool more,
                    const std::string& last_key) {
  if (!more) return "";
  cairn::internal::PageToken next;
  next.set_last_key(last_key);
  return EncodePageToken(request, std::move(next));
}

// What both requests have in common. `query` is one of the index's.
template <typename Request, typename Arguments>
absl::Status ParseCommon(const storage::Snapshot& snapshot, const Request& request,
                         Arguments& arguments) {
  CAIRN_ASSIGN_OR_RETURN(arguments.filter, core::RunFilter::Compile(request.filter()));
  CAIRN_ASSIGN_OR_RETURN(
      const int32_t size,
      EffectivePageSize(request.page_size(), kPageLimits.default_size, kPageLimits.max_size));
  arguments.query.limit = static_cast<size_t>(size);
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  arguments.query.after = token.last_key();
  CAIRN_ASSIGN_OR_RETURN(arguments.experiments, NamedExperiments(snapshot, request.parents()));
  return absl::OkStatus();
}

cairn::v1::RunField::Type TypeOf(index::FieldFacts::Type type) {
  switch (type) {
    case index::FieldFacts::Type::kNumber:
      return cairn::v1::RunField::NUMBER;
    case index::FieldFacts::Type::kText:
      return cairn::v1::RunField::TEXT;
    case index::FieldFacts::Type::kUnknown:
      break;
  }
  return cairn::v1::RunField::TYPE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<RunFieldsArguments> ParseFields(const storage::Snapshot& snapshot,
                                               const cairn::v1::ListRunFieldsRequest& request) {
  RunFieldsArguments arguments;
  CAIRN_RETURN_IF_ERROR(ParseCommon(snapshot, request, arguments));
  if (request.query().size() > kMaxQueryBytes) {
    return InvalidField(ErrorReason::VALUE_INVALID, "query", request.query(),
                        fmt::format("must have at most {} bytes", kMaxQueryBytes))
        .ToStatus();
  }
  arguments.query.text = request.query();
  return arguments;
}

absl::StatusOr<RunGroupsArguments> ParseGroups(const storage::Snapshot& snapshot,
                                               const cairn::v1::GroupRunsRequest& request) {
  RunGroupsArguments arguments;
  CAIRN_RETURN_IF_ERROR(ParseCommon(snapshot, request, arguments));
  index::GroupQuery& query = arguments.query;
  if (request.group_by().empty() ||
      request.group_by_size() > static_cast<int>(index::kMaxGroupFields)) {
    return InvalidField(ErrorReason::VALUE_INVALID, "group_by",
                        std::to_string(request.group_by_size()),
                        fmt::format("must be 1 to {} fields", index::kMaxGroupFields))
        .ToStatus();
  }
  if (request.measures_size() > kMaxMeasures) {
    return InvalidField(ErrorReason::VALUE_INVALID, "measures",
                        std::to_string(request.measures_size()),
                        fmt::format("must be at most {}", kMaxMeasures))
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(query.by,
                         ParseFieldList("group_by", request.group_by(), index::IsGroupField,
                                        "must be params.KEY, tags.KEY, metrics.KEY, state, user, "
                                        "dataset or parent_run"));
  CAIRN_ASSIGN_OR_RETURN(query.measures,
                         ParseFieldList("measures", request.measures(), index::IsMeasureField,
                                        "must be metrics.KEY or duration"));
  CAIRN_ASSIGN_OR_RETURN(query.order, ParseGroupOrder(request.order_by(), query));
  return arguments;
}

cairn::v1::ListRunFieldsResponse ToResponse(const cairn::v1::ListRunFieldsRequest& request,
                                            const index::FieldPage& page) {
  cairn::v1::ListRunFieldsResponse response;
  for (const index::FieldFacts& facts : page.fields) {
    cairn::v1::RunField& field = *response.add_fields();
    field.set_field(core::FormatRunField(facts.ref));
    field.set_type(TypeOf(facts.type));
    field.set_run_count(facts.runs);
    field.set_distinct_count(facts.distinct);
    if (facts.least) field.set_min_value(*facts.least);
    if (facts.greatest) field.set_max_value(*facts.greatest);
  }
  response.set_total_size(static_cast<int64_t>(page.total));
  response.set_next_page_token(TokenOf(request, page.more, page.last_key));
  return response;
}

cairn::v1::GroupRunsResponse ToResponse(const cairn::v1::GroupRunsRequest& request,
                                        index::GroupPage page) {
  cairn::v1::GroupRunsResponse response;
  for (index::RunGroupFacts& facts : page.groups) {
    cairn::v1::RunGroup& group = *response.add_groups();
    group.set_run_count(facts.runs);
    for (index::GroupValue& value : facts.values) {
      cairn::v1::RunGroup::Value& added = *group.add_values();
      added.set_text(std::move(value.text));
      added.set_missing(value.missing);
    }
    for (const index::GroupMeasure& measure : facts.measures) {
      cairn::v1::RunMeasure& added = *group.add_measures();
      added.set_count(measure.count);
      added.set_nonfinite_count(measure.nonfinite);
      if (measure.mean) added.set_mean(*measure.mean);
      if (measure.least) added.set_min(*measure.least);
      if (measure.greatest) added.set_max(*measure.greatest);
    }
  }
  response.set_total_size(static_cast<int64_t>(page.total));
  response.set_run_count(page.runs);
  response.set_next_page_token(TokenOf(request, page.more, page.last_key));
  return response;
}

}  // namespace cairn::tracking
