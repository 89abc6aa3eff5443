#include "client-cli/commands/evaluator_process.h"

#include <cstdint>
#include <set>

#include "client-cli/commands/metric_lines.h"
#include "client-cli/commands/shell_command.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

constexpr int64_t kMaxMetricBytes = int64_t{1} << 20;
constexpr size_t kMaxEvaluatorName = 200;

absl::Status BadLine(int64_t line, std::string_view field, std::string_view value,
                     std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("line {}: {}", line, field), value,
                      rule)
      .ToStatus();
}

}  // namespace

std::string EvaluatorName(std::string_view command) {
  const std::string_view first = command.substr(0, command.find_first_of(" \t\n;|&"));
  return std::string(first.substr(0, kMaxEvaluatorName));
}

absl::StatusOr<std::string> RunEvaluator(const std::string& command, const EvaluatorInputs& inputs,
                                         const std::string& folder) {
  const std::string metrics = folder + "/metrics.jsonl";
  // The standard output is the result's.
  CAIRN_ASSIGN_OR_RETURN(
      const int code,
      RunShell("exec 1>&2\n" + command,
               {"CAIRN_MODEL_DIR=" + inputs.model_folder, "CAIRN_DATA_DIR=" + inputs.data_folder,
                "CAIRN_VERSION=" + inputs.version,
                "CAIRN_DATASET_VERSION=" + inputs.dataset_version, "CAIRN_METRICS=" + metrics},
               ""));
  if (code != 0) {
    return Error(absl::StatusCode::kAborted, ErrorReason::EVALUATOR_FAILED,
                 fmt::format("the evaluator ended with {}; nothing was recorded", code))
        .With("exit_code", std::to_string(code))
        .ToStatus();
  }
  auto text = ReadFile(metrics, kMaxMetricBytes);
  if (absl::IsNotFound(text.status())) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 "the evaluator wrote no metrics into the file $CAIRN_METRICS")
        .ToStatus();
  }
  return text;
}

absl::Status AddMeasuredValues(std::string_view metrics, cairn::v1::Evaluation& evaluation) {
  MetricLineReader reader(MetricLineReader::Format::kJson);
  std::set<std::string> seen;
  int64_t number = 0;
  while (!metrics.empty()) {
    const size_t end = metrics.find('\n');
    ++number;
    CAIRN_ASSIGN_OR_RETURN(const auto line, reader.Read(metrics.substr(0, end)));
    metrics.remove_prefix(end == std::string_view::npos ? metrics.size() : end + 1);
    if (!line.has_value()) continue;
    if (!seen.insert(line->key).second) {
      return BadLine(number, "metric", line->key, "must have one value, and has one above");
    }
    auto* value = evaluation.add_values();
    value->set_metric(line->key);
    value->set_value(line->value);
  }
  if (seen.empty()) {
    return BadLine(1, "metric", "", "must be measured; there is no line");
  }
  if (!reader.ignored_members().empty()) {
    return BadLine(number, "member", *reader.ignored_members().begin(),
                   "is none of a metric's: metric, value, step, time");
  }
  return absl::OkStatus();
}

}  // namespace cairn::cli
