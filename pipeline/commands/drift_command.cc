#include <fmt/format.h>

#include <optional>
#include <string>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "lib/model/predictor.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/feature_source.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/flags.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/lifecycle/champion_features.h"
#include "pipeline/lifecycle/drift_record.h"
#include "pipeline/register/model_source.h"
#include "pipeline/stages/output_folder.h"

namespace cairn::pipeline {
namespace {

using command_line::Flag;
using command_line::Settings;

// What one call of `drift` looks at.
struct DriftTask {
  std::unique_ptr<client::Client> client;  // Null without --server.
  PipelineConfig config;
  std::optional<FetchedModel> champion;
  std::optional<model::Predictor> predictor;  // Of the champion.
  NamedFeatures reference;
  NamedFeatures current;
};

absl::Status FindChampionOf(const Settings& settings, DriftTask* task) {
  const std::string name = settings.Text("model");
  if (name.empty() || task->client == nullptr) return absl::OkStatus();
  const auto fetched = FetchModel(*task->client, name);
  // The default names what may not be there yet.
  if (!fetched.ok() && !settings.IsGiven("model") &&
      fetched.status().code() == absl::StatusCode::kNotFound) {
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(fetched.status());
  Note("model: {}\n", fetched->version);
  task->champion = *fetched;
  CAIRN_ASSIGN_OR_RETURN(task->predictor, model::Predictor::FromFile(fetched->bytes));
  return absl::OkStatus();
}

// The reference is what --reference names, else what the champion was trained on.
absl::Status FindTables(const Settings& settings, DriftTask* task) {
  const FeatureSourceOptions options{task->client.get(), &task->config};
  if (settings.IsGiven("reference")) {
    CAIRN_ASSIGN_OR_RETURN(task->reference,
                           ReadFeatureSource("reference", settings.Text("reference"), options));
  } else if (task->champion) {
    CAIRN_ASSIGN_OR_RETURN(StoredFeatures stored,
                           FetchTrainingFeatures(*task->client, task->champion->version));
    task->reference = {stored.dataset_version, stored.dataset_version, std::move(stored.features)};
    Note("reference: {}, on which {} was trained\n", task->reference.name, task->champion->version);
  } else {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "reference", "",
                        "say what to compare with: a data set version NAME@VERSION, a file, or a "
                        "server with a model in production")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(task->current,
                         ReadFeatureSource("current", settings.Text("current"), options));
  return absl::OkStatus();
}

absl::StatusOr<DriftFindings> Measure(const Settings& settings, const DriftTask& task) {
  DriftFindings findings;
  const MonitoringLimits& limits = findings.limits = task.config.monitoring;
  const auto threads = static_cast<int>(settings.Integer("threads"));
  CAIRN_ASSIGN_OR_RETURN(findings.features, MeasureDrift(task.reference.features,
                                                         task.current.features, limits.features));
  if (task.predictor) {
    CAIRN_ASSIGN_OR_RETURN(findings.decay,
                           MeasureDecay(*task.predictor, task.reference.features,
                                        task.current.features, limits.model, threads));
  }
  if (settings.IsGiven("challenger") && task.predictor) {
    CAIRN_ASSIGN_OR_RETURN(const FetchedModel fetched,
                           FetchModel(*task.client, settings.Text("challenger")));
    CAIRN_ASSIGN_OR_RETURN(const auto challenger, model::Predictor::FromFile(fetched.bytes));
    CAIRN_ASSIGN_OR_RETURN(
        findings.shift,
        MeasureShift(challenger, *task.predictor, task.current.features, limits.model, threads));
  }
  return findings;
}

void PrintFindings(const DriftFindings& findings) {
  fmt::print("{}\n", DriftTable(*findings.features));
  if (findings.decay) {
    fmt::print("silhouette {:.4f} on the reference, {:.4f} now; Davies-Bouldin {:.3f}, {:.3f}\n",
               findings.decay->silhouette_then, findings.decay->silhouette_now,
               findings.decay->davies_bouldin_then, findings.decay->davies_bouldin_now);
  }
  if (findings.shift) {
    fmt::print("{:.1f} % of the customers change segment; centres move by {:.3f}\n",
               100 * findings.shift->label_churn, findings.shift->centroid_shift);
  }
  fmt::print("verdict: {}\n", DriftVerdictName(VerdictOf(findings)));
  for (const std::string& reason : ReasonsOf(findings)) fmt::print("  {}\n", reason);
}

absl::Status Keep(const Settings& settings, const DriftTask& task, const DriftFindings& findings) {
  if (settings.IsGiven("out")) {
    OutputFolder out(settings.Text("out"));
    CAIRN_RETURN_IF_ERROR(out.Prepare());
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(out.PathOf("drift.json"), DriftJson(findings)));
    fmt::print("written to {}/drift.json\n", settings.Text("out"));
  }
  if (task.client == nullptr || settings.Switch("no-record")) return absl::OkStatus();
  DriftSubject subject;
  subject.experiment = task.config.registration.experiment + "-monitoring";
  subject.name = "drift of " + task.current.name.substr(task.current.name.rfind('/') + 1);
  subject.champion = task.champion ? task.champion->version : "";
  subject.reference_dataset = task.reference.dataset_version;
  subject.current_dataset = task.current.dataset_version;
  CAIRN_ASSIGN_OR_RETURN(const std::string run, RecordDrift(*task.client, subject, findings));
  fmt::print("recorded as {}\n", run);
  return absl::OkStatus();
}

absl::StatusOr<DriftVerdict> Drift(const Settings& settings) {
  DriftTask task;
  RunFlags run;
  run.config = settings.Text("config");
  run.settings = settings.List("set");
  CAIRN_ASSIGN_OR_RETURN(task.config, ConfigFromFlags(run));
  if (settings.IsGiven("server")) {
    CAIRN_ASSIGN_OR_RETURN(task.client, ConnectClient(ServerFlagsOf(settings)));
  }
  CAIRN_RETURN_IF_ERROR(FindChampionOf(settings, &task));
  CAIRN_RETURN_IF_ERROR(FindTables(settings, &task));
  CAIRN_ASSIGN_OR_RETURN(const DriftFindings findings, Measure(settings, task));
  PrintFindings(findings);
  CAIRN_RETURN_IF_ERROR(Keep(settings, task, findings));
  return VerdictOf(findings);
}

}  // namespace

command_line::Command DriftRow() {
  Flag current =
      TextFlag("current", "TABLE",
               "customers of today: transactions, features.csv or a request log (serve "
               "--log-file) in a file, a data set version NAME@VERSION, or http://HOST:PORT of "
               "what serves",
               kInputSection);
  current.required = true;
  Flag model =
      TextFlag("model", "MODEL", "the model whose segments are looked at too, as for `predict`",
               kInputSection);
  model.fallback = "customer-segments";
  Flag fail =
      TextFlag("fail-on", "VERDICT", "end with 1 on this verdict or a graver one", kResultsSection);
  fail.choices = "warning|drifted|broken";
  const std::vector<Flag> own = {
      TextFlag("reference", "TABLE",
               "what to compare with, as --current; else what the model was trained on",
               kInputSection),
      current,
      PathFlag("config", "FILE", "how transactions are written and cleaned", kInputSection),
      SettingsFlag(),
      model,
      TextFlag("challenger", "MODEL", "a model to compare with --model on the current customers",
               kInputSection),
      ThreadsFlag("threads, 0 = one per processor; never changes a result"),
      PathFlag("out", "DIR", "folder for drift.json", kResultsSection),
      SwitchFlag("no-record", "do not keep the result as a run and as evidence", kResultsSection),
      fail,
      ServerFlag("the Cairn server with data sets and models; keeps the result"),
      PrincipalFlag(),
  };
  return CommandRow(
      "drift", "Measure how customers differ from those a model was trained on",
      JoinedFlags({own, command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline drift --current new.csv --server 127.0.0.1:50051",
        "against the training data of production"},
       {"cairn-pipeline drift --reference retail-features@1 --current retail-features@2 --server "
        "127.0.0.1:50051",
        "between two versions of a data set"},
       {"cairn-pipeline drift --current http://127.0.0.1:8080 --server 127.0.0.1:50051",
        "of the requests that came to a process that serves"}});
}

int DriftCommand(const Settings& settings) {
  const auto verdict = Drift(settings);
  if (!verdict.ok()) return ReportError(verdict.status());
  const std::string limit = settings.Text("fail-on");
  if (limit.empty()) return kExitOk;
  for (const DriftVerdict one :
       {DriftVerdict::kWarning, DriftVerdict::kDrifted, DriftVerdict::kBroken}) {
    if (limit == DriftVerdictName(one) && *verdict >= one) return kExitFailure;
  }
  return kExitOk;
}

}  // namespace cairn::pipeline
