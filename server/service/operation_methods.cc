#include <map>
#include <string>
#include <utility>

#include "google/longrunning/operations.pb.h"
#include "lib/base/status_macros.h"
#include "server/operations/operations.h"
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
  foreign.rule.set_lists("*");
  foreign.only_reads = true;
  return foreign;
}

// Google's own protos have no options of ours. Who may do what to an operation stands in it.
std::map<std::string, ForeignRule> Rules() {
  const auto rule = [](v1::Verb verb, v1::Effort effort, bool only_reads) {
    ForeignRule foreign;
    foreign.rule.set_verb(verb);
    foreign.rule.set_effort(effort);
    foreign.rule.set_within("*");
    foreign.only_reads = only_reads;
    return foreign;
  };
  return {{"GetOperation", rule(v1::READ, v1::EFFORT_UNSPECIFIED, true)},
          {"ListOperations", ListRule()},
          {"WaitOperation", rule(v1::READ, v1::EFFORT_UNSPECIFIED, true)},
          {"CancelOperation", rule(v1::LOG, v1::EFFORT_UNSPECIFIED, false)},
          {"DeleteOperation", rule(v1::LOG, v1::EFFORT_UNSPECIFIED, false)}};
}

// When a change of an operation began, and what its caller may do to operations.
struct Changing {
  int64_t now_unix_nanos = 0;
  auth::Allowance logs;
};

void AddReads(const Backends& backends, MethodTableBuilder& table) {
  const auto reads = [access = backends.access](const Caller& caller) {
    return AllowanceOf(access, caller, v1::READ);
  };
  table.Answers<google::longrunning::GetOperationRequest>(
      "GetOperation",
      [reads, &store = backends.store](
          const Caller& caller,
          const google::longrunning::GetOperationRequest& get) -> absl::StatusOr<Operation> {
        CAIRN_ASSIGN_OR_RETURN(auto stored, operations::ReadOperation(*store.GetSnapshot(),
                                                                      get.name(), reads(caller)));
        return std::move(stored.value);
      });
  table.AsksItself();
  table.FiltersItself<google::longrunning::ListOperationsRequest>(
      "ListOperations",
      [reads, &store = backends.store](const Caller& caller,
                                       const google::longrunning::ListOperationsRequest& list) {
        return operations::ListOperations(*store.GetSnapshot(), list, reads(caller));
      });
  table.Serves("WaitOperation", OperationWaits{&backends.store, &backends.operations});
  table.AsksItself();
}

void AddChanges(const Backends& backends, MethodTableBuilder& table) {
  const auto begin = [access = backends.access](const Caller& caller) {
    return Changing{caller.now_unix_nanos, AllowanceOf(access, caller, v1::LOG)};
  };
  table.Changes<google::longrunning::DeleteOperationRequest>(
      "DeleteOperation",
      [](const Snapshot& snapshot, const google::longrunning::DeleteOperationRequest& request,
         const Changing& call) { return operations::PlanDelete(snapshot, request, call.logs); },
      begin);
  table.AsksItself();
  table.Changes<google::longrunning::CancelOperationRequest>(
      "CancelOperation",
      [](const Snapshot& snapshot, const google::longrunning::CancelOperationRequest& request,
         const Changing& call) {
        return operations::PlanCancel(snapshot, request, call.now_unix_nanos, call.logs);
      },
      begin);
  table.AsksItself();
}

}  // namespace

void AddOperationMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*Operation::descriptor()->file()->FindServiceByName("Operations"), Rules());
  AddReads(backends, table);
  AddChanges(backends, table);
}

}  // namespace cairn::service
