#include "server/operations/operations.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::operations {
namespace {

using google::protobuf::Any;
using google::protobuf::Empty;
using google::protobuf::Message;
using google::protobuf::Timestamp;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr std::string_view kTypeUrl = "type.googleapis.com/";
constexpr std::string_view kCollection = "operations";

// The time field `name` of a message; null if it has none.
Timestamp* MutableTime(Message& message, const std::string& name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->message_type() != Timestamp::descriptor()) return nullptr;
  return static_cast<Timestamp*>(message.GetReflection()->MutableMessage(&message, field));
}

// The message in `any`, if its type is linked into this program; else null.
std::unique_ptr<Message> Unpack(const Any& any) {
  const std::string type = any.type_url().substr(any.type_url().rfind('/') + 1);
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  std::unique_ptr<Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  return message->ParseFromString(any.value()) ? std::move(message) : nullptr;
}

// The texts of the field `name`, one or many; none if the message has no such field.
std::vector<std::string> TextsOf(const Message& message, const std::string& name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != field->CPPTYPE_STRING) return {};
  const auto& fields = *message.GetReflection();
  if (!field->is_repeated()) return {fields.GetString(message, field)};
  std::vector<std::string> texts;
  for (int i = 0; i < fields.FieldSize(message, field); ++i) {
    texts.push_back(fields.GetRepeatedString(message, field, i));
  }
  return texts;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status rpc;
  rpc.set_code(static_cast<int>(status.code()));
  rpc.set_message(std::string(status.message()));
  status.ForEachPayload([&rpc](auto type_url, const absl::Cord& payload) {
    Any* detail = rpc.add_details();
    detail->set_type_url(std::string(type_url.data(), type_url.size()));
    detail->set_value(std::string(payload));
  });
  return rpc;
}

// Another state of an operation that was read.
template <typename Response>
Plan PlanChange(const StoredOperation& stored, const Operation& changed, Response response) {
  const storage::Key key = storage::OperationKey(changed.name().substr(kCollection.size() + 1));
  WriteSet write_set;
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, changed.SerializeAsString())
      .Emit(v1::Event::OPERATION_UPDATED, changed)
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), std::move(response));
}

}  // namespace

std::string NewOperationId(int64_t now_unix_nanos, std::string_view random_hex) {
  constexpr int64_t kNanosPerMilli = 1'000'000;
  constexpr size_t kRandomDigits = 20;
  return fmt::format("{:012x}{}", now_unix_nanos / kNanosPerMilli,
                     random_hex.substr(0, kRandomDigits));
}

std::string OperationName(std::string_view operation_id) {
  return fmt::format("{}/{}", kCollection, operation_id);
}

absl::StatusOr<std::string> ParseOperationName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "operations/*"));
  return std::move(ids[0]);
}

Any Pack(const Message& message) {
  Any any;
  any.set_type_url(fmt::format("{}{}", kTypeUrl, message.GetDescriptor()->full_name()));
  any.set_value(message.SerializeAsString());
  return any;
}

Plan PlanCreate(std::string_view operation_id, int64_t now_unix_nanos, const Message& metadata) {
  const std::unique_ptr<Message> stamped(metadata.New());
  stamped->CopyFrom(metadata);
  if (Timestamp* time = MutableTime(*stamped, "create_time")) *time = ToTimestamp(now_unix_nanos);
  Operation operation;
  operation.set_name(OperationName(operation_id));
  *operation.mutable_metadata() = Pack(*stamped);
  const storage::Key key = storage::OperationKey(operation_id);
  WriteSet write_set;
  write_set.RequireAbsent(key)
      .PutRecord(key, operation.SerializeAsString())
      .Emit(v1::Event::OPERATION_CREATED, operation)
      .FreesSpace();  // most do
  return storage::MakePlan(std::move(write_set), std::move(operation));
}

bool Allows(const auth::Allowance& allowance, const Operation& operation) {
  if (allowance.Covers(operation.name())) return true;
  const std::unique_ptr<Message> metadata = Unpack(operation.metadata());
  if (metadata == nullptr) return false;
  const auto principal = TextsOf(*metadata, "principal");
  if (!principal.empty() && principal[0] == allowance.principal) return true;
  const auto resources = TextsOf(*metadata, "resources");
  return allowance.verb == v1::READ && !resources.empty() &&
         std::all_of(resources.begin(), resources.end(),
                     [&](const std::string& name) { return allowance.Covers(name); });
}

absl::StatusOr<StoredOperation> ReadOperation(const Snapshot& snapshot, std::string_view name,
                                              const auth::Allowance& allowance) {
  CAIRN_ASSIGN_OR_RETURN(const std::string id, ParseOperationName("name", name));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<Operation>(snapshot, storage::OperationKey(id)));
  if (!stored.has_value() || !Allows(allowance, stored->value)) {
    CAIRN_RETURN_IF_ERROR(allowance.Require(OperationName(id), name));
  }
  if (!stored.has_value()) {
    return NotFound(ErrorReason::OPERATION_NOT_FOUND, "Operation", name).ToStatus();
  }
  return *std::move(stored);
}

absl::StatusOr<google::longrunning::ListOperationsResponse> ListOperations(
    const Snapshot& snapshot, const google::longrunning::ListOperationsRequest& request,
    const auth::Allowance& reads) {
  if (!request.name().empty() && request.name() != kCollection) {
    return InvalidField(ErrorReason::NAME_INVALID, "name", request.name(), "must be operations")
        .ToStatus();
  }
  if (!request.filter().empty()) {
    return InvalidField(ErrorReason::FILTER_INVALID, "filter", request.filter(), "must be empty")
        .ToStatus();
  }
  google::longrunning::ListOperationsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<Operation>(
          snapshot, request, storage::KeyRange::Prefix(storage::OperationPrefix()),
          storage::ScanOrder::kAscending, {},
          [&](const Operation& operation) { return Allows(reads, operation); },
          [&](std::string_view, StoredOperation stored) {
            *response.add_operations() = std::move(stored.value);
            return true;
          }));
  return response;
}

absl::StatusOr<Plan> PlanCancel(const Snapshot& snapshot,
                                const google::longrunning::CancelOperationRequest& request,
                                int64_t now_unix_nanos, const auth::Allowance& logs) {
  CAIRN_ASSIGN_OR_RETURN(const StoredOperation stored,
                         ReadOperation(snapshot, request.name(), logs));
  if (stored.value.done()) return storage::AnswerOnly(Empty());
  Operation operation = stored.value;
  const absl::Status cancelled = Error(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED,
                                       fmt::format("{} was cancelled", operation.name()))
                                     .With("operation", operation.name());
  MarkDone(operation, cancelled, nullptr, now_unix_nanos);
  return PlanChange(stored, operation, Empty());
}

absl::StatusOr<Plan> PlanDelete(const Snapshot& snapshot,
                                const google::longrunning::DeleteOperationRequest& request,
                                const auth::Allowance& logs) {
  CAIRN_ASSIGN_OR_RETURN(const StoredOperation stored,
                         ReadOperation(snapshot, request.name(), logs));
  if (!stored.value.done()) return storage::AnswerOnly(Empty());
  CAIRN_ASSIGN_OR_RETURN(const std::string id, ParseOperationName("name", request.name()));
  WriteSet write_set;
  write_set.RequireRevision(storage::OperationKey(id), stored.mod_revision)
      .Delete(storage::OperationKey(id))
      .Emit(stored.value.name(), v1::Event::OPERATION_DELETED)
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), Empty());
}

void MarkDone(Operation& operation, const absl::Status& error, const Message* response,
              int64_t now_unix_nanos) {
  operation.set_done(true);
  if (!error.ok()) {
    *operation.mutable_error() = ToRpcStatus(error);
  } else {
    *operation.mutable_response() = Pack(*response);
  }
  const std::unique_ptr<Message> metadata = Unpack(operation.metadata());
  Timestamp* end = metadata == nullptr ? nullptr : MutableTime(*metadata, "end_time");
  if (end == nullptr) return;
  // The machine's clock may have been set back meanwhile.
  const Timestamp* begin = MutableTime(*metadata, "create_time");
  *end = ToTimestamp(std::max(now_unix_nanos, begin == nullptr ? 0 : ToUnixNanos(*begin)));
  *operation.mutable_metadata() = Pack(*metadata);
}

int64_t EndUnixNanos(const Operation& operation) {
  if (!operation.done()) return 0;
  const std::unique_ptr<Message> metadata = Unpack(operation.metadata());
  const Timestamp* end = metadata == nullptr ? nullptr : MutableTime(*metadata, "end_time");
  return end == nullptr ? 0 : ToUnixNanos(*end);
}

}  // namespace cairn::operations
