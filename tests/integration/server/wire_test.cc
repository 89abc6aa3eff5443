// What any client sees on the wire: reflection, health, errors, streams of bytes.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/promotion.grpc.pb.h"
#include "cairn/v1/registry.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/impl/client_unary_call.h"
#include "lib/base/digest.h"
#include "lib/base/ids.h"
#include "lib/client/artifact_client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::protobuf::Empty;
using google::protobuf::UnknownField;
using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;

// The strings or messages in field `number`. The protos of the standard services
// are not installed with gRPC, so their messages are read as bare fields.
std::vector<std::string> Fields(const std::string& message, int number) {
  Empty parsed;
  EXPECT_TRUE(parsed.ParseFromString(message));
  std::vector<std::string> values;
  const auto& fields = Empty::GetReflection()->GetUnknownFields(parsed);
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() != number) continue;
    values.push_back(field.type() == UnknownField::TYPE_VARINT ? std::to_string(field.varint())
                                                               : field.length_delimited());
  }
  return values;
}

class WireTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }

  void Start() {
    ASSERT_TRUE(server_.Start());
    channel_ = grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
    artifacts_ = v1::ArtifactService::NewStub(channel_);
    tracking_ = v1::TrackingService::NewStub(channel_);
  }

  static std::string UploadName(const Digest& digest, const std::string& uuid) {
    return "uploads/" + uuid + "/blobs/" + digest.Hex() + "/" + std::to_string(digest.size_bytes);
  }

  // Sends `bytes` as one stream of parts from `offset`.
  grpc::Status Write(const std::string& name, const std::string& bytes, size_t offset, bool finish,
                     v1::WriteResponse* response) {
    grpc::ClientContext context;
    const auto writer = artifacts_->Write(&context, response);
    constexpr size_t kPart = 100'000;
    v1::WriteRequest request;
    request.set_resource_name(name);
    for (size_t at = offset; at < bytes.size(); at += kPart) {
      request.set_write_offset(static_cast<int64_t>(at));
      request.set_data(bytes.substr(at, kPart));
      request.set_finish_write(finish && at + kPart >= bytes.size());
      if (!writer->Write(request)) break;
      request.clear_resource_name();
    }
    writer->WritesDone();
    return writer->Finish();
  }

  grpc::Status Query(const std::string& name, v1::QueryWriteStatusResponse* response) {
    grpc::ClientContext context;
    v1::QueryWriteStatusRequest request;
    request.set_resource_name(name);
    return artifacts_->QueryWriteStatus(&context, request, response);
  }

  grpc::Status Read(const Digest& digest, int64_t offset, int64_t limit, std::string* bytes) {
    grpc::ClientContext context;
    v1::ReadRequest request;
    *request.mutable_digest() = client::ToWire(digest);
    request.set_read_offset(offset);
    request.set_read_limit(limit);
    const auto reader = artifacts_->Read(&context, request);
    bytes->clear();
    v1::ReadResponse part;
    while (reader->Read(&part)) *bytes += part.data();
    return reader->Finish();
  }

  bool IsMissing(const Digest& digest) {
    grpc::ClientContext context;
    v1::FindMissingBlobsRequest request;
    *request.add_digests() = client::ToWire(digest);
    v1::FindMissingBlobsResponse response;
    EXPECT_THAT(artifacts_->FindMissingBlobs(&context, request, &response), IsOk());
    return response.missing_size() == 1;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<v1::TrackingService::Stub> tracking_;
};

// The one ErrorInfo of an error; records a failure unless there is exactly one.
google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(status.error_code())) << status.error_message();
  google::rpc::ErrorInfo info;
  std::set<std::string> types;
  int infos = 0;
  for (const auto& detail : details.details()) {
    EXPECT_TRUE(types.insert(detail.type_url()).second) << detail.type_url();
    if (detail.UnpackTo(&info)) ++infos;
  }
  EXPECT_EQ(infos, 1) << status.error_message();
  EXPECT_EQ(info.domain(), "cairn.v1");
  EXPECT_NE(status.error_message(), "");
  return info;
}

void ExpectReason(const grpc::Status& status, grpc::StatusCode code, const std::string& reason) {
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_EQ(InfoOf(status).reason(), reason);
}

// Bytes that differ everywhere, so that a shifted range cannot look right.
std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

// Numbers of fields in grpc.reflection.v1alpha, requests' and answers'.
constexpr int kFileContainingSymbol = 4;
constexpr int kFileDescriptors = 4;
constexpr int kListServices = 7;
constexpr int kListServicesResponse = 6;

// What a server's reflection answers to one question, as bytes.
std::string AskReflection(const std::shared_ptr<grpc::Channel>& channel, int question,
                          const std::string& value) {
  using Stream = grpc::ClientReaderWriter<Empty, Empty>;
  const grpc::internal::RpcMethod method(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      grpc::internal::RpcMethod::BIDI_STREAMING, channel);
  grpc::ClientContext context;
  const std::unique_ptr<Stream> stream(
      grpc::internal::ClientReaderWriterFactory<Empty, Empty>::Create(channel.get(), method,
                                                                      &context));
  Empty request;
  Empty::GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(question, value);
  EXPECT_TRUE(stream->Write(request));
  Empty answer;
  EXPECT_TRUE(stream->Read(&answer));
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsOk());
  return answer.SerializeAsString();
}

TEST_F(WireTest, ReflectionListsEveryServiceAndDescribesIt) {
  const auto lists = Fields(AskReflection(channel_, kListServices, "*"), kListServicesResponse);
  ASSERT_EQ(lists.size(), 1u);
  std::set<std::string> names;
  for (const std::string& service : Fields(lists[0], 1)) names.insert(Fields(service, 1).at(0));
  for (const char* wanted :
       {"cairn.v1.TrackingService", "cairn.v1.DatasetService", "cairn.v1.ArtifactService",
        "cairn.v1.RegistryService", "cairn.v1.PromotionService", "cairn.v1.AuthService",
        "cairn.v1.AdminService", "google.longrunning.Operations", "grpc.health.v1.Health"}) {
    EXPECT_TRUE(names.count(wanted)) << wanted;
    const auto files =
        Fields(AskReflection(channel_, kFileContainingSymbol, wanted), kFileDescriptors);
    ASSERT_EQ(files.size(), 1u) << wanted;
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(Fields(files[0], 1).at(0))) << wanted;
    ASSERT_GE(file.service_size(), 1) << wanted;
    EXPECT_EQ(file.package() + "." + file.service(0).name(), wanted);
  }
}

TEST_F(WireTest, HealthSaysServing) {
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                         grpc::internal::RpcMethod::NORMAL_RPC, channel_);
  grpc::ClientContext context;
  Empty answer;
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<Empty, Empty, google::protobuf::MessageLite,
                                        google::protobuf::MessageLite>(channel_.get(), method,
                                                                       &context, Empty(), &answer);
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(Fields(answer.SerializeAsString(), 1), std::vector<std::string>{"1"});
}

TEST_F(WireTest, EveryErrorCarriesOneErrorInfo) {
  const auto registry = v1::RegistryService::NewStub(channel_);
  const auto promotion = v1::PromotionService::NewStub(channel_);
  {
    grpc::ClientContext context;
    v1::GetModelRequest request;
    request.set_name("models/nobody");
    v1::Model response;
    ExpectReason(registry->GetModel(&context, request, &response), grpc::NOT_FOUND,
                 "MODEL_NOT_FOUND");
  }
  {
    grpc::ClientContext context;
    v1::PromoteRequest request;
    request.set_name("models/nobody/channels/production");
    v1::Decision response;
    ExpectReason(promotion->Promote(&context, request, &response), grpc::NOT_FOUND,
                 "MODEL_NOT_FOUND");
  }
  {
    grpc::ClientContext context;
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.set_request_id("not a uuid");
    v1::Run response;
    const grpc::Status status = tracking_->CreateRun(&context, request, &response);
    ExpectReason(status, grpc::INVALID_ARGUMENT, "REQUEST_ID_INVALID");
    EXPECT_EQ(InfoOf(status).metadata().at("field"), "request_id");
  }
  {
    grpc::ClientContext context;
    v1::ReadMetricsRequest request;
    request.set_run("experiments/0/runs/" + SystemIds().NewHexId());
    request.set_key("loss");
    const auto reader = tracking_->ReadMetrics(&context, request);
    v1::ReadMetricsResponse part;
    EXPECT_FALSE(reader->Read(&part));
    ExpectReason(reader->Finish(), grpc::NOT_FOUND, "RUN_NOT_FOUND");
  }
  {
    grpc::ClientContext context;
    const auto writer = tracking_->LogMetrics(&context);
    v1::LogMetricsRequest request;
    request.set_run("no name");
    writer->Write(request);
    writer->WritesDone();
    ExpectReason(writer->Finish(), grpc::INVALID_ARGUMENT, "NAME_INVALID");
  }
}

TEST_F(WireTest, AReusedRequestIdIsRefusedForAnotherRequest) {
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  request.set_request_id(SystemIds().NewUuid4());
  v1::Run first;
  {
    grpc::ClientContext context;
    ASSERT_THAT(tracking_->CreateRun(&context, request, &first), IsOk());
  }
  v1::Run again;
  {
    grpc::ClientContext context;
    ASSERT_THAT(tracking_->CreateRun(&context, request, &again), IsOk());
  }
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  request.mutable_run()->set_display_name("another");
  grpc::ClientContext context;
  ExpectReason(tracking_->CreateRun(&context, request, &again), grpc::INVALID_ARGUMENT,
               "REQUEST_ID_REUSED");
}

TEST_F(WireTest, RequestIdsOfTwoPrincipalsDoNotMeet) {
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  request.set_request_id(SystemIds().NewUuid4());
  std::set<std::string> names;
  for (const char* principal : {"ci", "notebook", "ci", ""}) {
    grpc::ClientContext context;
    if (*principal != '\0') context.AddMetadata("cairn-principal", principal);
    v1::Run run;
    const grpc::Status status = tracking_->CreateRun(&context, request, &run);
    ASSERT_THAT(status, IsOk());
    names.insert(run.name());
  }
  EXPECT_EQ(names.size(), 3U) << "ci's second call is its first";
}

TEST_F(WireTest, AnUploadGoesOnWhereItStoppedAlsoAfterAKill) {
  const std::string bytes = Pattern(12'345'678);
  const Digest digest = DigestOf(bytes);
  const std::string name = UploadName(digest, SystemIds().NewUuid4());
  v1::WriteResponse written;
  ASSERT_THAT(Write(name, bytes.substr(0, 9'000'000), 0, /*finish=*/false, &written), IsOk());
  EXPECT_EQ(written.committed_size_bytes(), 9'000'000);
  EXPECT_TRUE(IsMissing(digest));

  server_.Kill();
  Start();
  v1::QueryWriteStatusResponse status;
  ASSERT_THAT(Query(name, &status), IsOk());
  EXPECT_FALSE(status.complete());
  const auto kept = static_cast<size_t>(status.committed_size_bytes());
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, 9'000'000u);
  ASSERT_THAT(Write(name, bytes, kept, /*finish=*/true, &written), IsOk());
  EXPECT_EQ(written.committed_size_bytes(), digest.size_bytes);
  EXPECT_FALSE(IsMissing(digest));
  ASSERT_THAT(Query(name, &status), IsOk());
  EXPECT_TRUE(status.complete());
  std::string read;
  ASSERT_THAT(Read(digest, 0, 0, &read), IsOk());
  EXPECT_EQ(DigestOf(read), digest);
}

TEST_F(WireTest, AnUploadAtTheWrongOffsetIsRefusedAndNotHarmed) {
  const std::string bytes = Pattern(300'000);
  const Digest digest = DigestOf(bytes);
  const std::string name = UploadName(digest, SystemIds().NewUuid4());
  v1::WriteResponse written;
  ASSERT_THAT(Write(name, bytes.substr(0, 100'000), 0, false, &written), IsOk());
  ExpectReason(Write(name, bytes, 200'000, true, &written), grpc::INVALID_ARGUMENT,
               "UPLOAD_OFFSET_MISMATCH");
  v1::QueryWriteStatusResponse status;
  ASSERT_THAT(Query(name, &status), IsOk());
  EXPECT_EQ(status.committed_size_bytes(), 100'000);
  EXPECT_THAT(Write(name, bytes, 100'000, true, &written), IsOk());
  EXPECT_FALSE(IsMissing(digest));
}

TEST_F(WireTest, AnUploadThatHasAnotherDigestIsNotKept) {
  const std::string bytes = Pattern(300'000);
  Digest claimed = DigestOf("something else");
  claimed.size_bytes = static_cast<int64_t>(bytes.size());
  const std::string name = UploadName(claimed, SystemIds().NewUuid4());
  v1::WriteResponse written;
  ExpectReason(Write(name, bytes, 0, true, &written), grpc::INVALID_ARGUMENT, "DIGEST_MISMATCH");
  EXPECT_TRUE(IsMissing(claimed));
  EXPECT_TRUE(IsMissing(DigestOf(bytes)));
  v1::QueryWriteStatusResponse status;
  ExpectReason(Query(name, &status), grpc::NOT_FOUND, "UPLOAD_NOT_FOUND");
}

TEST_F(WireTest, AReadGivesTheRangeAskedFor) {
  const std::string bytes = Pattern(1'000'000);
  const Digest digest = DigestOf(bytes);
  v1::WriteResponse written;
  ASSERT_THAT(Write(UploadName(digest, SystemIds().NewUuid4()), bytes, 0, true, &written), IsOk());
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  std::string read;
  for (const auto& [offset, limit] : std::vector<std::pair<int64_t, int64_t>>{{0, 0},
                                                                              {0, 1},
                                                                              {1, 0},
                                                                              {262'143, 2},
                                                                              {300'000, 600'000},
                                                                              {999'999, 5},
                                                                              {1'000'000, 0},
                                                                              {1, kMax}}) {
    SCOPED_TRACE(offset);
    ASSERT_THAT(Read(digest, offset, limit, &read), IsOk());
    EXPECT_EQ(read, bytes.substr(static_cast<size_t>(offset),
                                 limit == 0 ? std::string::npos : static_cast<size_t>(limit)));
  }
  for (const auto& [offset, limit] :
       std::vector<std::pair<int64_t, int64_t>>{{-1, 0}, {1'000'001, 0}, {kMax, 1}, {0, -1}}) {
    ExpectReason(Read(digest, offset, limit, &read), grpc::OUT_OF_RANGE, "VALUE_INVALID");
  }
  Digest longer = digest;
  ++longer.size_bytes;
  ExpectReason(Read(longer, 0, 0, &read), grpc::NOT_FOUND, "BLOB_NOT_FOUND");
}

TEST_F(WireTest, AStopEndsStreamsUnderWayAndExitsCleanly) {
  grpc::ClientContext context;
  const auto open = tracking_->LogMetrics(&context);
  EXPECT_EQ(server_.Stop(), 0);
  EXPECT_FALSE(open->Finish().ok());
}

}  // namespace
}  // namespace cairn
