#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_MAPPING_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_MAPPING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/tracking.pb.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/source.h"

namespace cairn::mlflow_import {

// How MLflow's runs and logged models become Cairn's: as the routes of the server that MLflow's
// clients call map them, so that a client which reads the import sees what it saw before.
//
// Pure functions, but for what they tell the report: texts that are too long for Cairn are cut, and
// keys that are none are left out.

// FINISHED is SUCCEEDED, LOGGED_MODEL_READY too; what is unknown is RUNNING.
v1::Run::State StateOf(std::string_view status);
bool IsEnded(v1::Run::State state);

// A run as it has to be in Cairn; `what` is how the report calls it.
v1::Run WantedRun(const SourceRun& run, const std::string& what, Report& report);

// A logged model as a run of kind LOGGED_MODEL. `parent_run` is the resource name of the run that
// made it; without one that run's id is kept in a tag.
v1::Run WantedModel(const SourceModel& model, const std::string& parent_run,
                    const std::string& what, Report& report);

// The keys under which Cairn keeps a point of a logged model: its own, and one that names the data
// set it was measured on, where there is one and it is not too long.
std::vector<std::string> KeysOfModelMetric(const SourceMetric& metric);

// Whether `key` can be the key of a parameter, tag or metric.
bool IsKey(std::string_view key);

// `text`, cut to `most` bytes at the end of a character and then told of as `what`.
std::string CutText(std::string text, size_t most, const std::string& what, Report& report);

// Copies pairs of this `kind` of `what`, values cut to `most` bytes; a key that is none is left out
// and told of.
void PutPairs(const Pairs& pairs, size_t most, const char* kind, const std::string& what,
              Report& report, google::protobuf::Map<std::string, std::string>& into);

// A sum over points that does not depend on their order; equal sets have equal sums.
class PointSum {
 public:
  void Add(const Point& point);
  int64_t count() const { return count_; }
  bool operator==(const PointSum& other) const = default;

 private:
  int64_t count_ = 0;
  uint64_t sum_ = 0;
};

// Sorted by step, time and value, exact duplicates once. NaN is equal to itself.
void SortPoints(std::vector<Point>& points);
// Whether `sorted` has the point. O(log n).
bool HasPoint(const std::vector<Point>& sorted, const Point& point);
// Whether two are the same point.
bool IsSame(const Point& a, const Point& b);

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_MAPPING_H_
