#ifndef CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
#define CAIRN_SERVER_SERVICE_METHOD_TABLE_H_

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/service/method.h"

namespace cairn::service {

// Every method of the server, in one table: adapters serve what stands here and nothing else, and
// what is counted, allowed and bounded by method goes by these rows. Immutable, so any thread may
// read it without a lock; outlives all calls, which keep pointers to rows. Made by
// MethodTableBuilder, when the server starts.
class MethodTable {
 public:
  // Sorted by path: what adapters walk when they are set up.
  const std::vector<const Method*>& methods() const { return sorted_; }

  // By "cairn.v1.TrackingService/GetRun", without a slash before it. Null if there is none: such a
  // call is UNIMPLEMENTED (METHOD_UNKNOWN). Not for every call: an adapter that was set up knows
  // its rows.
  const Method* Find(std::string_view path) const;

  // The full names of the services, sorted: for health and reflection.
  std::vector<std::string> Services() const;

 private:
  friend class MethodTableBuilder;

  std::deque<Method> rows_;  // in the order they were added, by Method::index; never move
  std::vector<const Method*> sorted_;
};

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
