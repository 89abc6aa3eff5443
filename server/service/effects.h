#ifndef CAIRN_SERVER_SERVICE_EFFECTS_H_
#define CAIRN_SERVER_SERVICE_EFFECTS_H_

#include <string>

#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "server/operations/operation_runner.h"
#include "server/service/methods.h"
#include "server/tracking/runs.h"

namespace cairn::service {

// What rows have in common: what a call begins with, and who is told of what was stored.

// The last segment of a resource name: the id of a run in that of the run.
inline std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// The facts of a call, with an id that nothing has yet. `backends` outlives the rows.
inline auto FactsOfCall(const Backends& backends) {
  return [&ids = backends.ids](const Caller& caller) {
    return tracking::CallFacts{caller.now_unix_nanos, ids.NewHexId(), caller.principal()};
  };
}

// Has the runner begin the operation that the answer is; one without a name was not stored.
inline auto BeginsOperation(const Backends& backends) {
  return [&runner = backends.operations](const auto&, const google::protobuf::Message& answer) {
    const auto& name = static_cast<const google::longrunning::Operation&>(answer).name();
    if (!name.empty()) runner.Created(name);
  };
}

// Has those who wait for the operation that the request names look again.
inline auto ChangesOperation(const Backends& backends) {
  return [&runner = backends.operations](const auto& request, const google::protobuf::Message&) {
    runner.Changed(request.name());
  };
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_EFFECTS_H_
