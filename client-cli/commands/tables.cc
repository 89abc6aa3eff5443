#include "client-cli/commands/tables.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "client-cli/cli/reference.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/resource_names.h"

namespace cairn::cli {
namespace {

constexpr size_t kShownMetrics = 4;
constexpr size_t kShownParams = 4;

Column Text(std::string title) { return {std::move(title), false, false}; }
Column Number(std::string title) { return {std::move(title), false, true}; }
Column Wide(std::string title) { return {std::move(title), true, false}; }
Column Prose(std::string title) { return {.title = std::move(title), .prose = true}; }
Column Id(std::string title) { return {.title = std::move(title), .id = true}; }

// Six significant digits for people.
Cell DoubleCell(double value) { return {ShortestDouble(value), fmt::format("{:.6g}", value)}; }

Cell NameCell(const std::string& name) {
  if (name.empty()) return {};
  return {name, ShortName(name)};
}

std::string LastPart(const std::string& name) {
  return PercentDecode(name.substr(name.rfind('/') + 1)).value_or(name);
}

Cell DurationCell(const v1::Run& run) {
  if (!run.has_start_time() || !run.has_end_time()) return {};
  const int64_t nanos = ToUnixNanos(run.end_time()) - ToUnixNanos(run.start_time());
  const double seconds = static_cast<double>(nanos) / 1e9;
  const std::string human =
      seconds < 120 ? fmt::format("{:.3g}s", seconds) : fmt::format("{:.1f}m", seconds / 60);
  return {ShortestDouble(seconds), human};
}

// The keys that occur, those of the field of clustering first.
std::vector<std::string> Ordered(const std::set<std::string>& keys) {
  std::vector<std::string> ordered;
  for (const char* known : {"silhouette", "davies_bouldin", "calinski_harabasz", "inertia", "k"}) {
    if (keys.contains(known)) ordered.emplace_back(known);
  }
  for (const std::string& key : keys) {
    if (std::find(ordered.begin(), ordered.end(), key) == ordered.end()) ordered.push_back(key);
  }
  return ordered;
}

Cell Lookup(const google::protobuf::Map<std::string, std::string>& map, const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? Cell() : Cell(it->second);
}

template <typename Runs>
Table RunsTable(const Session& session, const Runs& runs) {
  Table table;
  table.families = {"metrics.", "params.", "tags."};
  table.columns = {Id("RUN"), Text("NAME"), Text("STATE"), Text("STARTED"), Number("DURATION")};
  std::set<std::string> param_keys;
  std::set<std::string> metric_keys;
  std::set<std::string> tag_keys;
  for (const v1::Run& run : runs) {
    for (const auto& [key, value] : run.params()) param_keys.insert(key);
    for (const auto& [key, value] : run.tags()) tag_keys.insert(key);
    for (const auto& metric : run.metrics()) metric_keys.insert(metric.key());
  }
  const auto metrics = Ordered(metric_keys);
  const auto params = Ordered(param_keys);
  for (size_t i = 0; i < metrics.size(); ++i) {
    table.columns.push_back({"metrics." + metrics[i], i >= kShownMetrics, true});
  }
  for (size_t i = 0; i < params.size(); ++i) {
    table.columns.push_back({"params." + params[i], i >= kShownParams, true});
  }
  for (const std::string& key : tag_keys) table.columns.push_back(Wide("tags." + key));
  for (const char* title : {"EXPERIMENT", "USER", "DATASET", "ENDED"}) {
    table.columns.push_back(Wide(title));
  }
  for (const v1::Run& run : runs) {
    Row& row = table.rows.emplace_back();
    row.name = run.name();
    row.id = run.uid();
    row.cells = {Cell(run.uid(), run.uid().substr(0, 12)), run.display_name(),
                 StateText(v1::Run::State_Name(run.state())),
                 session.TimeCell(run.start_time(), run.has_start_time()), DurationCell(run)};
    std::map<std::string, double> values;
    for (const auto& metric : run.metrics()) values[metric.key()] = metric.latest().value();
    for (const std::string& key : metrics) {
      const auto it = values.find(key);
      row.cells.push_back(it == values.end() ? Cell() : DoubleCell(it->second));
    }
    for (const std::string& key : params) row.cells.push_back(Lookup(run.params(), key));
    for (const std::string& key : tag_keys) row.cells.push_back(Lookup(run.tags(), key));
    row.cells.emplace_back(run.name().substr(0, run.name().find("/runs/")));
    row.cells.emplace_back(run.user());
    row.cells.push_back(run.inputs().empty() ? Cell() : NameCell(run.inputs(0).dataset_version()));
    row.cells.push_back(session.TimeCell(run.end_time(), run.has_end_time()));
  }
  return table;
}

Cell Digest12(const std::string& sha256) { return {sha256, sha256.substr(0, 12)}; }

Cell Size(int64_t bytes) { return {std::to_string(bytes), HumanBytes(bytes)}; }

// The numbers of the versions that are held, "3, 5".
std::string HeldText(const v1::Channel& channel) {
  std::string text;
  for (const auto& hold : channel.holds()) {
    text += (text.empty() ? "" : ", ") + LastPart(hold.version());
  }
  return text;
}

// Those from before there were kinds are promotions.
std::string KindText(v1::Decision::Kind kind) {
  return cli::StateText(v1::Decision::Kind_Name(
      kind == v1::Decision::KIND_UNSPECIFIED ? v1::Decision::PROMOTION : kind));
}

}  // namespace

std::string StateText(const std::string& enum_name) { return AsciiLower(enum_name); }

Table ToTable(const Session& session, const v1::ListExperimentsResponse& list) {
  Table table;
  table.columns = {Number("ID"), Id("NAME"), Text("CREATED"), Text("DELETED"), Wide("UPDATED")};
  for (const v1::Experiment& item : list.experiments()) {
    const std::string id = LastPart(item.name());
    table.rows.push_back(
        {item.name(),
         id,
         {id, item.display_name(), session.TimeCell(item.create_time(), item.has_create_time()),
          session.TimeCell(item.delete_time(), item.has_delete_time()),
          session.TimeCell(item.update_time(), item.has_update_time())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListRunsResponse& list) {
  return RunsTable(session, list.runs());
}

Table ToTable(const Session& session, const v1::SearchRunsResponse& list) {
  return RunsTable(session, list.runs());
}

Table ToTable(const Session& session, const v1::ListDatasetsResponse& list) {
  Table table;
  table.columns = {Id("DATASET"), Number("LATEST"), Text("UPDATED"), Prose("DESCRIPTION")};
  for (const v1::Dataset& item : list.datasets()) {
    table.rows.push_back(
        {item.name(),
         item.display_name(),
         {item.display_name(), std::to_string(item.latest_version()),
          session.TimeCell(item.update_time(), item.has_update_time()), item.description()}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListDatasetVersionsResponse& list) {
  Table table;
  table.columns = {Id("DATASET"),   Number("VERSION"), Number("ROWS"),  Number("SIZE"),
                   Number("FILES"), Text("PRODUCER"),  Text("CREATED"), Text("SHA256"),
                   Wide("PARENTS"), Wide("RUN")};
  for (const v1::DatasetVersion& item : list.dataset_versions()) {
    const auto name = ParseDatasetVersionName("name", item.name());
    std::string parents;
    for (const std::string& parent : item.parents()) {
      parents += (parents.empty() ? "" : " ") + ShortName(parent);
    }
    table.rows.push_back(
        {item.name(),
         ShortName(item.name()),
         {name.ok() ? name->parent_id : item.name(), LastPart(item.name()),
          item.row_count() < 0 ? Cell() : Cell(std::to_string(item.row_count())),
          Size(item.size_bytes()), std::to_string(item.file_count()), item.producer(),
          session.TimeCell(item.create_time(), item.has_create_time()), Digest12(item.sha256()),
          parents, NameCell(item.run())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListModelsResponse& list) {
  Table table;
  table.columns = {Id("MODEL"), Number("LATEST"), Text("UPDATED"), Prose("DESCRIPTION")};
  for (const v1::Model& item : list.models()) {
    table.rows.push_back(
        {item.name(),
         item.display_name(),
         {item.display_name(), std::to_string(item.latest_version()),
          session.TimeCell(item.update_time(), item.has_update_time()), item.description()}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListModelVersionsResponse& list) {
  Table table;
  table.columns = {Id("MODEL"), Number("VERSION"), Text("STATE"), Text("ALIASES"), Text("CREATED")};
  for (const char* title : {"RUN", "DATASET", "SIZE", "SHA256", "DESCRIPTION"}) {
    table.columns.push_back(Wide(title));
  }
  for (const auto& item : list.model_versions()) {
    const auto name = ParseModelVersionName("name", item.name());
    std::string aliases;
    for (const auto& alias : item.aliases()) aliases += (aliases.empty() ? "" : ",") + alias;
    Row& row = table.rows.emplace_back();
    row.name = item.name();
    row.id = ShortName(item.name());
    row.cells = {name.ok() ? name->parent_id : item.name(), LastPart(item.name()),
                 StateText(v1::ModelVersion::State_Name(item.state())), aliases,
                 session.TimeCell(item.create_time(), item.has_create_time())};
    row.cells.push_back(NameCell(item.run()));
    row.cells.push_back(NameCell(item.training_dataset()));
    row.cells.push_back(Size(item.size_bytes()));
    row.cells.push_back(Digest12(item.sha256()));
    row.cells.emplace_back(item.description());
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListEvaluationsResponse& list) {
  Table table;
  table.columns = {Id("VERSION"), Number("NUMBER"), Text("SOURCE"),
                   Text("STATE"), Text("DATASET"),  Text("CREATED")};
  std::set<std::string> metric_keys;
  for (const auto& item : list.evaluations()) {
    for (const auto& value : item.values()) metric_keys.insert(value.metric());
  }
  const auto metrics = Ordered(metric_keys);
  for (size_t i = 0; i < metrics.size(); ++i) {
    table.columns.push_back({metrics[i], i >= kShownMetrics, true});
  }
  for (const char* title : {"RUN", "AGAINST", "EVALUATOR", "BY"}) {
    table.columns.push_back(Wide(title));
  }
  for (const auto& item : list.evaluations()) {
    const auto name = ParseEvaluationName("name", item.name());
    Row& row = table.rows.emplace_back();
    row.name = item.name();
    row.id = LastPart(item.name());
    row.cells = {name.ok() ? fmt::format("{}@{}", name->version.parent_id, name->version.version)
                           : item.name(),
                 LastPart(item.name()),
                 StateText(v1::Evaluation::Source_Name(item.source())),
                 StateText(v1::Evaluation::State_Name(item.state())),
                 NameCell(item.dataset_version()),
                 session.TimeCell(item.create_time(), item.has_create_time())};
    std::map<std::string, double> values;
    for (const auto& value : item.values()) values[value.metric()] = value.value();
    for (const std::string& key : metrics) {
      const auto it = values.find(key);
      row.cells.push_back(it == values.end() ? Cell() : DoubleCell(it->second));
    }
    row.cells.push_back(NameCell(item.run()));
    row.cells.push_back(NameCell(item.reference_version()));
    row.cells.emplace_back(item.evaluator());
    row.cells.emplace_back(item.principal());
  }
  return table;
}

Table ToTable(const v1::EvaluateModelVersionResponse& measured) {
  Table table;
  table.columns = {Id("METRIC"),       Number("VALUE"), Number("ERROR"),
                   Text("DEFINITION"), Text("AGAINST"), Wide("EVALUATION")};
  for (const v1::Evaluation& evaluation : measured.evaluations()) {
    for (const v1::EvaluationValue& value : evaluation.values()) {
      table.rows.push_back(
          {evaluation.name(),
           value.metric(),
           {Cell(value.metric()), DoubleCell(value.value()),
            value.has_standard_error() ? DoubleCell(value.standard_error()) : Cell(),
            Cell(value.definition()), NameCell(evaluation.reference_version()),
            Cell(evaluation.name())}});
    }
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListAliasesResponse& list) {
  Table table;
  table.columns = {Id("ALIAS"), Number("VERSION"), Text("UPDATED")};
  for (const v1::Alias& item : list.aliases()) {
    const std::string alias = LastPart(item.name());
    table.rows.push_back({item.name(),
                          alias,
                          {alias, std::to_string(item.version()),
                           session.TimeCell(item.update_time(), item.has_update_time())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListChannelsResponse& list) {
  Table table;
  table.columns = {Id("MODEL"),    Id("CHANNEL"),    Number("VERSION"), Number("EPOCH"),
                   Text("POLICY"), Text("PROMOTED"), Wide("DECISION"),  Wide("SHA256")};
  const bool holds = std::any_of(list.channels().begin(), list.channels().end(),
                                 [](const auto& item) { return item.holds_size() > 0; });
  if (holds) table.columns.push_back(Text("HELD"));
  for (const v1::Channel& item : list.channels()) {
    const auto name = ParseChannelName("name", item.name());
    table.rows.push_back({item.name(),
                          ShortName(item.name()),
                          {name.ok() ? name->model : item.name(), name.ok() ? name->channel : "",
                           item.version().empty() ? Cell() : Cell(LastPart(item.version())),
                           std::to_string(item.epoch()), NameCell(item.policy()),
                           session.TimeCell(item.promote_time(), item.has_promote_time()),
                           item.decision().empty() ? Cell() : Cell(LastPart(item.decision())),
                           Digest12(item.version_sha256())}});
    if (holds) table.rows.back().cells.emplace_back(HeldText(item));
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListRolloutsResponse& list) {
  Table table;
  table.columns = {Id("EPOCH"),   Text("STATE"),    Number("VERSION"), Text("FROM"),
                   Text("UNTIL"), Wide("DECISION"), Wide("ENDED-BY")};
  const auto last = [](const std::string& name) {
    return name.empty() ? Cell() : Cell(LastPart(name));
  };
  for (const v1::Rollout& item : list.rollouts()) {
    const std::string epoch = LastPart(item.name());
    table.rows.push_back(
        {item.name(),
         epoch,
         {epoch, StateText(v1::Rollout::State_Name(item.state())), last(item.version()),
          session.TimeCell(item.create_time(), item.has_create_time()),
          session.TimeCell(item.end_time(), item.has_end_time()), last(item.decision()),
          last(item.end_decision())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListConsumersResponse& list) {
  Table table;
  table.columns = {Id("CONSUMER"),  Text("STATE"),    Number("VERSION"), Number("EPOCH"),
                   Number("LAG"),   Text("REPORTED"), Text("ADDRESS"),   Prose("DETAIL"),
                   Wide("CHANGED"), Wide("BY")};
  for (const v1::Consumer& item : list.consumers()) {
    const std::string id = LastPart(item.name());
    std::string state = StateText(v1::Consumer::State_Name(item.state()));
    // Of who stopped silence is no news.
    if (item.stale() && item.state() != v1::Consumer::STOPPED) state += ", stale";
    table.rows.push_back(
        {item.name(),
         id,
         {id, state, item.version().empty() ? Cell() : Cell(LastPart(item.version())),
          std::to_string(item.epoch()), std::to_string(item.lag()),
          session.TimeCell(item.report_time(), item.has_report_time()), item.address(),
          item.detail(), session.TimeCell(item.change_time(), item.has_change_time()),
          item.principal()}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListPoliciesResponse& list) {
  Table table;
  table.columns = {Id("POLICY"), Number("REVISION"), Text("CHANNEL"), Text("UPDATED"),
                   Text("SHA256")};
  for (const v1::Policy& item : list.policies()) {
    const std::string id = LastPart(item.name());
    table.rows.push_back(
        {item.name(),
         id,
         {id, std::to_string(item.revision()), NameCell(item.channel()),
          session.TimeCell(item.update_time(), item.has_update_time()), Digest12(item.sha256())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListViewsResponse& list) {
  Table table;
  table.columns = {Id("VIEW"), Text("TITLE"), Text("KEPT"), Text("BY"), Prose("ADDRESS")};
  for (const v1::View& item : list.views()) {
    table.rows.push_back(
        {item.name(),
         LastPart(item.name()),
         {item.name(), item.title(), session.TimeCell(item.create_time(), item.has_create_time()),
          item.principal(), item.address()}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListPolicyRevisionsResponse& list) {
  Table table;
  table.columns = {Number("REVISION"), Text("CHANNEL"), Text("APPLIED"), Text("BY"),
                   Text("SHA256")};
  for (const v1::Policy& item : list.policies()) {
    table.rows.push_back(
        {item.name(),
         std::to_string(item.revision()),
         {std::to_string(item.revision()), NameCell(item.channel()),
          session.TimeCell(item.update_time(), item.has_update_time()), item.principal(),
          item.sha256().empty() ? Cell("deleted") : Digest12(item.sha256())}});
  }
  return table;
}

Table ToTable(const Session& session, const v1::ListDecisionsResponse& list) {
  Table table;
  table.columns = {Id("DECISION"),   Text("KIND"),    Text("OUTCOME"), Text("VERDICT"),
                   Text("VERSION"),  Text("BEFORE"),  Number("EPOCH"), Text("DECIDED"),
                   Prose("MESSAGE"), Prose("REASON"), Wide("BY"),      Wide("POLICY"),
                   Wide("REVISION")};
  for (const v1::Decision& item : list.decisions()) {
    const std::string id = LastPart(item.name());
    const auto number = [](const std::string& version) {
      return version.empty() ? Cell() : Cell(LastPart(version));
    };
    table.rows.push_back(
        {item.name(),
         id,
         {Cell(id, id.substr(0, 12)), KindText(item.kind()),
          StateText(v1::Decision::Outcome_Name(item.outcome())),
          item.verdict() == v1::VERDICT_UNSPECIFIED ? Cell()
                                                    : Cell(v1::Verdict_Name(item.verdict())),
          number(item.chosen_version()), number(item.previous_version()),
          std::to_string(item.epoch()),
          session.TimeCell(item.decide_time(), item.has_decide_time()), item.message(),
          item.reason(), item.principal(), NameCell(item.policy()),
          item.policy().empty() ? Cell() : Cell(std::to_string(item.policy_revision()))}});
  }
  return table;
}

Table ToTable(const Session&, const v1::ListDecisionCandidatesResponse& list) {
  Table table;
  table.columns = {Id("VERSION"),   Text("VERDICT"),  Number("RANK"),
                   Text("AGAINST"), Prose("MESSAGE"), Prose("LOST-BY")};
  for (const v1::CandidateResult& item : list.candidates()) {
    std::string against;
    for (const v1::CheckResult& check : item.checks()) {
      if (check.shadow() || check.verdict() == v1::PASS || check.verdict() == v1::SKIPPED) continue;
      against += (against.empty() ? "" : ",") + check.id();
    }
    const std::string number = LastPart(item.version());
    table.rows.push_back({item.version(),
                          number,
                          {number, v1::Verdict_Name(item.verdict()),
                           item.rank() == 0 ? Cell() : Cell(std::to_string(item.rank())), against,
                           item.message(), item.lost_by()}});
  }
  return table;
}

Table ToTable(const Session&, const v1::ListArtifactsResponse& list) {
  Table table;
  table.columns = {Id("PATH"), Number("SIZE"), Text("SHA256")};
  for (const v1::ArtifactFile& item : list.files()) {
    table.rows.push_back(
        {item.path(),
         item.path(),
         {item.path(), Size(item.digest().size_bytes()), Digest12(item.digest().sha256())}});
  }
  return table;
}

}  // namespace cairn::cli
