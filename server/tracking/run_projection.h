#ifndef CAIRN_SERVER_TRACKING_RUN_PROJECTION_H_
#define CAIRN_SERVER_TRACKING_RUN_PROJECTION_H_

#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "server/core/run_filter.h"

namespace cairn::tracking {

// What is wanted of one of a run's maps: all of it, single keys, or nothing. With
// `all`, the keys do not matter.
struct KeyChoice {
  bool all = false;
  std::set<std::string, std::less<>> keys;

  bool Has(std::string_view key) const { return all || keys.count(key) != 0; }
  bool nothing() const { return !all && keys.empty(); }
};

// Which parts of a run have to be read beside its own record. A run has one
// record, and one more for each parameter, tag and metric: leaving these out is
// what makes a page cheap.
struct RunParts {
  KeyChoice params;
  KeyChoice tags;
  KeyChoice metrics;

  // Adds what the filter looks at, so that it can be applied to what was read.
  void AddFilter(const core::RunFilter& filter);
};

// The read mask of a search, checked. Immutable after Parse; safe to use from any
// thread.
class RunProjection {
 public:
  // Everything.
  RunProjection();

  // `paths` are fields of Run, and `params.KEY`, `tags.KEY` and `metrics.KEY`,
  // where KEY is all that follows the first dot; no path means everything.
  // INVALID_ARGUMENT (VALUE_INVALID) naming `field` and the path: it is neither.
  static absl::StatusOr<RunProjection> Parse(std::string_view field,
                                             const google::protobuf::FieldMask& mask);

  // Whether nothing is left out.
  bool everything() const { return everything_; }

  // Whether nothing but the name is wanted. Then a page needs no record at all: the
  // index knows the names.
  bool only_name() const;

  // What has to be read for it.
  const RunParts& parts() const { return parts_; }

  // Takes everything else but the name away from `run`. Of the three maps, keys that
  // were not asked for go too. REQUIRES: what parts() says was read.
  void Trim(cairn::v1::Run& run) const;

 private:
  bool everything_ = true;
  std::set<int> fields_;  // the numbers of whole fields, but of the three maps
  RunParts parts_;
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_PROJECTION_H_
