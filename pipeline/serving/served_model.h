#ifndef CAIRN_PIPELINE_SERVING_SERVED_MODEL_H_
#define CAIRN_PIPELINE_SERVING_SERVED_MODEL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/model/predictor.h"
#include "pipeline/serving/scorer.h"

namespace cairn::pipeline::serving {

// A model with all that answering needs made ready: which column is where, and what the answer
// says of each segment.
//
// Immutable, so a request that began with one keeps it whatever is shown meanwhile; shared by
// pointer. What it refers to it owns, so it is neither copied nor moved.
class ServedModel {
 public:
  // Reads a model file, whose own SHA-256 is checked. `version` is how answers name it: the
  // resource name of the model version, or the path of a file; `sha256` is of the bytes.
  // INVALID_ARGUMENT (MODEL_MALFORMED) as model::ParseModel; a version that cannot stand in a
  // header of HTTP is VALUE_INVALID.
  static absl::StatusOr<std::shared_ptr<const ServedModel>> Load(std::string_view bytes,
                                                                 std::string version,
                                                                 int64_t now_unix_nanos);
  ServedModel(const ServedModel&) = delete;
  ServedModel& operator=(const ServedModel&) = delete;

  const model::Predictor& predictor() const { return predictor_; }
  const Scorer& scorer() const { return scorer_; }
  const std::string& version() const { return version_; }
  const std::string& sha256() const { return sha256_; }
  int64_t loaded_unix_nanos() const { return loaded_unix_nanos_; }

  // The input columns in the model's order, each once.
  const std::vector<std::string>& columns() const { return columns_; }
  // The place of a column; -1 when the model has none of this name.
  int ColumnOf(std::string_view name) const;

  int segment_count() const { return static_cast<int>(names_.size()); }
  // As people know it: the model's name for it, or `Segment 3` where it has none.
  const std::string& SegmentName(int segment) const { return names_[static_cast<size_t>(segment)]; }
  // `{"segment":3,"segment_name":"Segment 3","distance":`, which an answer begins with.
  const std::string& AnswerPrefix(int segment) const {
    return prefixes_[static_cast<size_t>(segment)];
  }
  size_t longest_prefix() const { return longest_prefix_; }

 private:
  ServedModel(model::Predictor predictor, std::string version, std::string sha256,
              int64_t now_unix_nanos);

  const model::Predictor predictor_;
  const Scorer scorer_;
  const std::string version_;
  const std::string sha256_;
  const int64_t loaded_unix_nanos_;
  std::vector<std::string> columns_;
  std::map<std::string, int, std::less<>> places_;
  std::vector<std::string> names_;
  std::vector<std::string> prefixes_;
  size_t longest_prefix_ = 0;
};

using ModelPtr = std::shared_ptr<const ServedModel>;

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_SERVED_MODEL_H_
