#ifndef CAIRN_CLIENT_CLI_COMMANDS_EVALUATOR_PROCESS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_EVALUATOR_PROCESS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"

namespace cairn::cli {

// Measuring a version with a person's own program: for models that the server cannot measure. The
// server never runs such a program; what it finds counts as reported by whoever ran it.

// What the program is to measure: folders with the files of both, and their resource names.
struct EvaluatorInputs {
  std::string model_folder;
  std::string data_folder;
  std::string version;
  std::string dataset_version;
};

// Runs `command` in a shell, with the inputs in its environment as CAIRN_MODEL_DIR, CAIRN_DATA_DIR,
// CAIRN_VERSION and CAIRN_DATASET_VERSION, and in CAIRN_METRICS the name of the file, in `folder`,
// that it is to write: lines as `log metrics` reads them (metric_lines.h), a value for each metric.
// What it prints goes to the standard error. Answers the text of that file.
//
// - ABORTED (EVALUATOR_FAILED): it ended with another code than 0; the metadata has `exit_code`
// - NOT_FOUND (FILE_ERROR): it wrote no file; errors of RunShell and ReadFile
absl::StatusOr<std::string> RunEvaluator(const std::string& command, const EvaluatorInputs& inputs,
                                         const std::string& folder);

// What is recorded of a command: its first word, for others may be secret. Pure.
std::string EvaluatorName(std::string_view command);

// Adds the values of such a text to `evaluation`, in the order of its lines. Pure.
//
// - INVALID_ARGUMENT (VALUE_INVALID): no value, a metric twice, or errors of MetricLineReader:
// names
//   the line from 1
absl::Status AddMeasuredValues(std::string_view metrics, cairn::v1::Evaluation& evaluation);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_EVALUATOR_PROCESS_H_
