#ifndef CAIRN_SERVER_SERVICE_CALL_FACTS_H_
#define CAIRN_SERVER_SERVICE_CALL_FACTS_H_

#include "server/service/caller.h"
#include "server/service/methods.h"
#include "server/tracking/runs.h"

namespace cairn::service {

// The facts of a call, as MethodTableBuilder::Changes takes what a call begins with: its time, an
// id that nothing has yet, and who calls. Drawn once for a call, so that a plan which is made again
// after a conflict names the same. A repetition of
// the call with its request id draws another id and does not use it: it gets the first answer.
// `backends` outlives the rows.
inline auto FactsOfCall(const Backends& backends) {
  return [&ids = backends.ids](const Caller& caller) {
    return tracking::CallFacts{caller.now_unix_nanos, ids.NewHexId(), caller.principal()};
  };
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_CALL_FACTS_H_
