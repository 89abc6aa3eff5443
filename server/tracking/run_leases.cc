#include "server/tracking/run_leases.h"

#include <algorithm>

namespace cairn::tracking {

void RunLeases::Begin(std::string_view run_id, int64_t lease_nanos, int64_t now_nanos) {
  std::string id(run_id);
  MutexLock lock(&mutex_);
  Lease& lease = leases_[id];
  due_.erase({lease.due_nanos, id});
  lease = {lease_nanos, now_nanos, now_nanos + lease_nanos, false};
  due_.emplace(lease.due_nanos, std::move(id));
}

bool RunLeases::Renew(std::string_view run_id, int64_t now_nanos) {
  MutexLock lock(&mutex_);
  const auto at = leases_.find(run_id);
  if (at == leases_.end()) return false;
  at->second.heard_nanos = std::max(at->second.heard_nanos, now_nanos);
  return at->second.expiring;
}

void RunLeases::Forget(std::string_view run_id) {
  MutexLock lock(&mutex_);
  const auto at = leases_.find(run_id);
  if (at == leases_.end()) return;
  due_.erase({at->second.due_nanos, at->first});
  leases_.erase(at);
}

std::vector<SilentRun> RunLeases::TakeSilent(int64_t now_nanos, size_t limit) {
  std::vector<SilentRun> silent;
  MutexLock lock(&mutex_);
  while (silent.size() < limit && !due_.empty() && due_.begin()->first <= now_nanos) {
    const std::string id = due_.begin()->second;
    due_.erase(due_.begin());
    Lease& lease = leases_.at(id);
    lease.due_nanos = lease.heard_nanos + lease.lease_nanos;
    if (lease.due_nanos <= now_nanos) {
      lease.expiring = true;
      silent.push_back({id, lease.heard_nanos});
    } else {
      due_.emplace(lease.due_nanos, id);
    }
  }
  return silent;
}

std::optional<int64_t> RunLeases::HeardAt(std::string_view run_id) const {
  MutexLock lock(&mutex_);
  const auto at = leases_.find(run_id);
  return at == leases_.end() ? std::nullopt : std::make_optional(at->second.heard_nanos);
}

void RunLeases::Keep(std::string_view run_id, int64_t not_before_nanos) {
  MutexLock lock(&mutex_);
  const auto at = leases_.find(run_id);
  if (at == leases_.end() || !at->second.expiring) return;
  Lease& lease = at->second;
  lease.expiring = false;
  lease.due_nanos = std::max(lease.heard_nanos + lease.lease_nanos, not_before_nanos);
  due_.emplace(lease.due_nanos, at->first);
}

std::optional<int64_t> RunLeases::NextDue() const {
  MutexLock lock(&mutex_);
  return due_.empty() ? std::nullopt : std::make_optional(due_.begin()->first);
}

size_t RunLeases::size() const {
  MutexLock lock(&mutex_);
  return leases_.size();
}

}  // namespace cairn::tracking
