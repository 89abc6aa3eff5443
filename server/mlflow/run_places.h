#ifndef CAIRN_SERVER_MLFLOW_RUN_PLACES_H_
#define CAIRN_SERVER_MLFLOW_RUN_PLACES_H_

#include <optional>
#include <string>
#include <unordered_map>

#include "lib/base/mutex.h"

namespace cairn::mlflow {

// Which resource is meant by the id of a run: MLflow's clients name runs by their id alone, and
// calls name them with their experiment. Ids are unique and a run never moves, so what was learnt
// once holds until the run is purged; then its name is refused, and Forget makes the next call look
// again. Who may do what with the run is asked by the calls, not here.
//
// Bounded: it begins anew when it is full, at about 12 MiB. Safe to use from any thread.
class RunPlaces {
 public:
  static constexpr size_t kMost = size_t{1} << 16;

  // The run's resource name.
  std::optional<std::string> Find(const std::string& run_id) const CAIRN_EXCLUDES(mutex_);
  void Learn(const std::string& run_id, const std::string& name) CAIRN_EXCLUDES(mutex_);
  void Forget(const std::string& run_id) CAIRN_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::string> names_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_PLACES_H_
