#include "server/mlflow/run_places.h"

namespace cairn::mlflow {

std::optional<std::string> RunPlaces::Find(const std::string& run_id) const {
  const MutexLock lock(&mutex_);
  const auto at = names_.find(run_id);
  return at == names_.end() ? std::nullopt : std::optional(at->second);
}

void RunPlaces::Learn(const std::string& run_id, const std::string& name) {
  const MutexLock lock(&mutex_);
  if (names_.size() >= kMost) names_.clear();
  names_[run_id] = name;
}

void RunPlaces::Forget(const std::string& run_id) {
  const MutexLock lock(&mutex_);
  names_.erase(run_id);
}

}  // namespace cairn::mlflow
