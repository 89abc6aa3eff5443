#ifndef CAIRN_SERVER_OPERATIONS_OPERATIONS_H_
#define CAIRN_SERVER_OPERATIONS_OPERATIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "server/auth/allowance.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/typed_record.h"

namespace cairn::operations {

// Long-running operations as records: reads at a snapshot, and plans of mutations for
// the Mutator. Pure but for reading. Errors are those of google.longrunning.Operations:
// NOT_FOUND (OPERATION_NOT_FOUND) and INVALID_ARGUMENT.
//
// The record is the public message. Whoever changes one guards it by its revision, so a
// cancelled operation takes no further step: the step's commit fails.

using google::longrunning::Operation;
using StoredOperation = storage::Stored<Operation>;

// The id of an operation that is asked for now: ids ascend with time. `random_hex` is
// 32 hexadecimal characters.
std::string NewOperationId(int64_t now_unix_nanos, std::string_view random_hex);

// "operations/{id}", and back. INVALID_ARGUMENT (NAME_INVALID) for another form.
std::string OperationName(std::string_view operation_id);
absl::StatusOr<std::string> ParseOperationName(std::string_view field, std::string_view name);

// Packs a message with its type's URL.
google::protobuf::Any Pack(const google::protobuf::Message& message);

// Whether whose `allowance` is may look at an operation, or change it where the verb says so: who
// began it may, and who is covered by a binding of operations. Whoever may READ all resources that
// it works on may look at it.
bool Allows(const auth::Allowance& allowance, const Operation& operation);

// A plan that stores a new operation and answers with it. `metadata` should have the
// fields create_time and end_time, of which the first is set here, and principal and, if it works
// on some resources only, resources: they say who may look at it.
storage::Plan PlanCreate(std::string_view operation_id, int64_t now_unix_nanos,
                         const google::protobuf::Message& metadata);

// The operation at `name`; NOT_FOUND (OPERATION_NOT_FOUND). PERMISSION_DENIED for whom it is not
// allowed, whether or not there is one.
absl::StatusOr<StoredOperation> ReadOperation(const storage::Snapshot& snapshot,
                                              std::string_view name,
                                              const auth::Allowance& allowance = {});

// One page of those that are allowed, oldest first. The request's name is `operations` or empty; it
// takes no filter.
absl::StatusOr<google::longrunning::ListOperationsResponse> ListOperations(
    const storage::Snapshot& snapshot, const google::longrunning::ListOperationsRequest& request,
    const auth::Allowance& reads = {});

// Ends an operation as CANCELLED; nothing happens to one that is done.
absl::StatusOr<storage::Plan> PlanCancel(const storage::Snapshot& snapshot,
                                         const google::longrunning::CancelOperationRequest& request,
                                         int64_t now_unix_nanos, const auth::Allowance& logs = {});

// Removes an operation that is done. One that is not goes on and is kept.
absl::StatusOr<storage::Plan> PlanDelete(const storage::Snapshot& snapshot,
                                         const google::longrunning::DeleteOperationRequest& request,
                                         const auth::Allowance& logs = {});

// Makes `operation` one that is done: with an error, or with a response when `error` is
// OK. Sets the metadata's end_time.
void MarkDone(Operation& operation, const absl::Status& error,
              const google::protobuf::Message* response, int64_t now_unix_nanos);

// When it ended; 0 for one that has not.
int64_t EndUnixNanos(const Operation& operation);

}  // namespace cairn::operations

#endif  // CAIRN_SERVER_OPERATIONS_OPERATIONS_H_
