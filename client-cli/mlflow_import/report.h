#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REPORT_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REPORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace cairn::mlflow_import {

// What is counted of an import, in the order in which it is told.
enum class Counted {
  kExperiments,
  kExperimentTags,
  kRuns,
  kParams,
  kTags,
  kInputs,
  kMetrics,
  kPoints,
  kLoggedModels,
  kFiles,
  kBytes,
  kRegisteredModels,
  kVersions,
  kAliases,
  kEnd,
};

// "metric points"
std::string_view NameOf(Counted what);

// How many there are in MLflow, how many of these were read back from Cairn, and how many are not
// there or not the same.
struct Tally {
  int64_t source = 0;
  int64_t target = 0;
  int64_t differs = 0;
};

// Something that did not come over, or not as it was.
struct LeftOut {
  std::string what;  // "metric loss of run 0a1b…"
  std::string why;
};

// What an import found, moved and compared. Not thread-safe.
class Report {
 public:
  Tally& of(Counted what) { return tallies_[static_cast<size_t>(what)]; }
  const Tally& of(Counted what) const { return tallies_[static_cast<size_t>(what)]; }

  // Counts one thing as it was found on both sides.
  void Compare(Counted what, bool is_there, bool is_same);

  void LeaveOut(std::string what, std::string_view why);
  void LeaveOut(std::string what, const absl::Status& why);
  const std::vector<LeftOut>& left_out() const { return left_out_; }

  // What is as it must be and still good to know; each text once.
  void Note(std::string text);
  const std::vector<std::string>& notes() const { return notes_; }

  // Whether everything came over: nothing was left out and nothing differs.
  bool IsComplete() const;

  nlohmann::ordered_json ToJson() const;

  // Runs and logged models that an earlier import had completed, which were not read again.
  int64_t unread_runs = 0;
  // What this import made or sent.
  int64_t new_runs = 0;
  int64_t new_points = 0;
  int64_t new_files = 0;
  int64_t new_bytes = 0;

 private:
  std::array<Tally, static_cast<size_t>(Counted::kEnd)> tallies_;
  std::vector<LeftOut> left_out_;
  std::vector<std::string> notes_;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REPORT_H_
