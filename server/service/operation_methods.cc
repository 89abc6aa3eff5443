#include <map>
#include <string>
#include <utility>

#include "google/longrunning/operations.pb.h"
#include "server/operations/operations.h"
#include "server/service/effects.h"
#include "server/service/methods.h"

namespace cairn::service {
namespace {

using google::longrunning::Operation;
using storage::Snapshot;

// `name` stands for the collection there.
ForeignRule ListRule() {
  ForeignRule foreign;
  foreign.rule.set_verb(v1::READ);
  foreign.rule.set_effort(v1::CPU);
  foreign.rule.set_filtered(true);
  foreign.rule.set_lists("operations/-");
  foreign.only_reads = true;
  return foreign;
}

// Google's own protos have no options of ours.
std::map<std::string, ForeignRule> Rules() {
  const auto rule = [](v1::Verb verb, v1::Effort effort, bool only_reads) {
    ForeignRule foreign;
    foreign.rule.set_verb(verb);
    foreign.rule.set_effort(effort);
    foreign.rule.add_resource("name");
    foreign.only_reads = only_reads;
    return foreign;
  };
  return {{"GetOperation", rule(v1::READ, v1::EFFORT_UNSPECIFIED, true)},
          {"ListOperations", ListRule()},
          {"WaitOperation", rule(v1::READ, v1::EFFORT_UNSPECIFIED, true)},
          {"CancelOperation", rule(v1::LOG, v1::EFFORT_UNSPECIFIED, false)},
          {"DeleteOperation", rule(v1::LOG, v1::EFFORT_UNSPECIFIED, false)}};
}

absl::StatusOr<Operation> GetOperation(const Snapshot& snapshot,
                                       const google::longrunning::GetOperationRequest& request) {
  auto stored = operations::ReadOperation(snapshot, request.name());
  if (!stored.ok()) return stored.status();
  return std::move(stored->value);
}

}  // namespace

void AddOperationMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*Operation::descriptor()->file()->FindServiceByName("Operations"), Rules());
  table.Answers<google::longrunning::GetOperationRequest>("GetOperation", GetOperation);
  table.Answers<google::longrunning::ListOperationsRequest>("ListOperations",
                                                            operations::ListOperations);
  table.Changes<google::longrunning::DeleteOperationRequest>(
      "DeleteOperation", operations::PlanDelete, TimeOfCall(), ChangesOperation(backends));
  table.Changes<google::longrunning::CancelOperationRequest>(
      "CancelOperation", operations::PlanCancel, TimeOfCall(), ChangesOperation(backends));
  table.LeftToTransport("WaitOperation");
}

}  // namespace cairn::service
