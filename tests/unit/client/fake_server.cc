#include "tests/unit/client/fake_server.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "lib/base/digest.h"
#include "tests/testing/eventually.h"

namespace cairn::client {
namespace {

bool TakeUnavailable(FakeState& state) {
  MutexLock lock(&state.mutex);
  if (state.unavailable_left <= 0) return false;
  --state.unavailable_left;
  return true;
}

bool TakeDropped(FakeState& state) {
  MutexLock lock(&state.mutex);
  if (state.dropped_left <= 0) return false;
  --state.dropped_left;
  return true;
}

grpc::Status WithReason(grpc::StatusCode code, const std::string& reason,
                        const std::string& message) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("cairn.v1");
  google::rpc::Status details;
  details.set_code(code);
  details.add_details()->PackFrom(info);
  return {code, message, details.SerializeAsString()};
}

class Tracking final : public v1::TrackingService::Service {
 public:
  explicit Tracking(FakeState& state) : state_(state) {}

  grpc::Status CreateExperiment(grpc::ServerContext*, const v1::CreateExperimentRequest* request,
                                v1::Experiment* response) override {
    {
      MutexLock lock(&state_.mutex);
      state_.request_ids.push_back(request->request_id());
    }
    if (TakeUnavailable(state_)) return {grpc::StatusCode::UNAVAILABLE, "busy"};
    if (TakeDropped(state_)) return grpc::Status::CANCELLED;
    *response = request->experiment();
    response->set_name("experiments/7");
    return grpc::Status::OK;
  }

  grpc::Status GetExperiment(grpc::ServerContext* context, const v1::GetExperimentRequest* request,
                             v1::Experiment* response) override {
    if (request->name() == "experiments/404") {
      return WithReason(grpc::StatusCode::NOT_FOUND, "EXPERIMENT_NOT_FOUND",
                        "experiments/404 does not exist");
    }
    if (request->name() == "experiments/409") return {grpc::StatusCode::ABORTED, "moved"};
    if (request->name() == "experiments/slow") {
      {
        MutexLock lock(&state_.mutex);
        ++state_.slow_calls;
      }
      EXPECT_TRUE(testing::Eventually([&] { return context->IsCancelled(); }));
      return grpc::Status::CANCELLED;
    }
    const auto& metadata = context->client_metadata();
    const auto principal = metadata.find("cairn-principal");
    if (principal != metadata.end()) {
      response->set_display_name(std::string(principal->second.data(), principal->second.size()));
    }
    const auto authorization = metadata.find("authorization");
    if (authorization != metadata.end()) {
      (*response->mutable_tags())["authorization"] =
          std::string(authorization->second.data(), authorization->second.size());
    }
    response->set_name(request->name());
    return grpc::Status::OK;
  }

  grpc::Status ListExperiments(grpc::ServerContext*, const v1::ListExperimentsRequest* request,
                               v1::ListExperimentsResponse* response) override {
    // Pages: one experiment, none, one experiment.
    const std::string& token = request->page_token();
    if (token != "b") response->add_experiments()->set_name(token.empty() ? "first" : "last");
    if (token.empty()) response->set_next_page_token("b");
    if (token == "b") response->set_next_page_token("c");
    return grpc::Status::OK;
  }

  // Acknowledges each batch; ends the stream after the batches that state says.
  grpc::Status LogMetrics(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::LogMetricsResponse, v1::LogMetricsRequest>* stream) override {
    v1::LogMetricsResponse answer;
    std::string writer_id;
    for (v1::LogMetricsRequest batch; stream->Read(&batch);) {
      if (writer_id.empty()) writer_id = batch.writer_id();
      if (!batch.writer_id().empty() && batch.writer_id() != writer_id) {
        return {grpc::StatusCode::INVALID_ARGUMENT, "the writer must be the same in a stream"};
      }
      {
        MutexLock lock(&state_.mutex);
        state_.metric_batches.push_back(batch);
        if (!state_.metric_stream_ends.empty()) {
          grpc::Status end = state_.metric_stream_ends.front();
          state_.metric_stream_ends.pop_front();
          if (!end.ok()) return end;
        }
      }
      answer.set_acknowledged_batch_number(batch.batch_number());
      for (const auto& column : batch.metrics()) {
        answer.set_point_count(answer.point_count() + column.values_size());
      }
      stream->Write(answer);
    }
    return grpc::Status::OK;
  }

  grpc::Status ReadMetrics(grpc::ServerContext*, const v1::ReadMetricsRequest*,
                           grpc::ServerWriter<v1::ReadMetricsResponse>* writer) override {
    for (int i = 0; i < 3; ++i) {
      v1::ReadMetricsResponse part;
      part.mutable_columns()->add_steps(i);
      if (!writer->Write(part)) break;
    }
    return grpc::Status::OK;
  }

 private:
  FakeState& state_;
};

class Artifacts final : public v1::ArtifactService::Service {
 public:
  explicit Artifacts(FakeState& state) : state_(state) {}

  grpc::Status FindMissingBlobs(grpc::ServerContext*, const v1::FindMissingBlobsRequest* request,
                                v1::FindMissingBlobsResponse* response) override {
    MutexLock lock(&state_.mutex);
    if (state_.finds_before_end == 0) return {grpc::StatusCode::UNAVAILABLE, "gone"};
    if (state_.finds_before_end > 0) --state_.finds_before_end;
    ++state_.find_calls;
    for (const auto& digest : request->digests()) {
      if (!state_.blobs.contains(digest.sha256())) *response->add_missing() = digest;
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchUpdateBlobs(grpc::ServerContext*, const v1::BatchUpdateBlobsRequest* request,
                                v1::BatchUpdateBlobsResponse* response) override {
    MutexLock lock(&state_.mutex);
    if (state_.batches_before_end == 0) return {grpc::StatusCode::UNAVAILABLE, "gone"};
    if (state_.batches_before_end > 0) --state_.batches_before_end;
    ++state_.batch_calls;
    int64_t bytes = 0;
    for (const auto& entry : request->entries()) {
      bytes += static_cast<int64_t>(entry.data().size());
      auto* result = response->add_results();
      *result->mutable_digest() = entry.digest();
      if (Sha256Hex(entry.data()) == entry.digest().sha256()) {
        state_.blobs[entry.digest().sha256()] = entry.data();
      } else {
        result->mutable_status()->set_code(3);
        result->mutable_status()->set_message("digest mismatch");
      }
    }
    state_.largest_batch_bytes = std::max(state_.largest_batch_bytes, bytes);
    state_.batch_bytes += bytes;
    if (state_.batches_to_break > 0) {
      --state_.batches_to_break;
      return {grpc::StatusCode::UNAVAILABLE, "broken"};
    }
    return grpc::Status::OK;
  }

  grpc::Status BatchReadBlobs(grpc::ServerContext*, const v1::BatchReadBlobsRequest* request,
                              v1::BatchReadBlobsResponse* response) override {
    MutexLock lock(&state_.mutex);
    ++state_.batch_calls;
    for (const auto& digest : request->digests()) {
      auto* result = response->add_results();
      *result->mutable_digest() = digest;
      const auto blob = state_.blobs.find(digest.sha256());
      if (blob == state_.blobs.end()) {
        result->mutable_status()->set_code(5);
        result->mutable_status()->set_message("no such blob");
      } else {
        result->set_data(blob->second);
        if (state_.damage_reads) result->mutable_data()->front() ^= 1;
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status Write(grpc::ServerContext*, grpc::ServerReader<v1::WriteRequest>* reader,
                     v1::WriteResponse* response) override {
    v1::WriteRequest part;
    std::string name;
    while (reader->Read(&part)) {
      MutexLock lock(&state_.mutex);
      if (name.empty()) {
        name = part.resource_name();
        state_.write_offsets.push_back(part.write_offset());
      }
      std::string& upload = state_.uploads[name];
      if (part.write_offset() != static_cast<int64_t>(upload.size())) {
        return WithReason(grpc::StatusCode::INVALID_ARGUMENT, "UPLOAD_OFFSET_MISMATCH",
                          "wrong offset");
      }
      if (std::exchange(state_.lack_memory, false)) {  // as gRPC does it itself
        return {grpc::StatusCode::RESOURCE_EXHAUSTED, "Received RST_STREAM with error code 11"};
      }
      if (std::exchange(state_.take_upload_over, false)) {
        return WithReason(grpc::StatusCode::ABORTED, "UPLOAD_OFFSET_MISMATCH", "taken over");
      }
      upload += part.data();
      if (state_.break_write_after >= 0 &&
          static_cast<int64_t>(upload.size()) >= state_.break_write_after) {
        state_.break_write_after = -1;
        return {grpc::StatusCode::UNAVAILABLE, "broken"};
      }
      response->set_committed_size_bytes(static_cast<int64_t>(upload.size()));
      if (part.finish_write()) return Complete(name, upload);
    }
    return grpc::Status::OK;
  }

  grpc::Status QueryWriteStatus(grpc::ServerContext*, const v1::QueryWriteStatusRequest* request,
                                v1::QueryWriteStatusResponse* response) override {
    MutexLock lock(&state_.mutex);
    ++state_.query_calls;
    const auto upload = state_.uploads.find(request->resource_name());
    if (upload == state_.uploads.end()) return {grpc::StatusCode::NOT_FOUND, "no upload"};
    response->set_committed_size_bytes(static_cast<int64_t>(upload->second.size()) -
                                       std::exchange(state_.query_behind, 0));
    return grpc::Status::OK;
  }

  grpc::Status Read(grpc::ServerContext*, const v1::ReadRequest* request,
                    grpc::ServerWriter<v1::ReadResponse>* writer) override {
    std::string bytes;
    int64_t break_after = -1;
    {
      MutexLock lock(&state_.mutex);
      ++state_.read_calls;
      const auto blob = state_.blobs.find(request->digest().sha256());
      if (blob == state_.blobs.end()) return {grpc::StatusCode::NOT_FOUND, "no such blob"};
      bytes = blob->second;
      if (state_.damage_reads) bytes.back() ^= 1;
      std::swap(break_after, state_.break_read_after);
    }
    constexpr int64_t kPart = 100'000;
    auto size = static_cast<int64_t>(bytes.size());
    if (request->read_limit() > 0) {
      size = std::min(size, request->read_offset() + request->read_limit());
    }
    for (int64_t at = request->read_offset(); at < size; at += kPart) {
      v1::ReadResponse part;
      part.set_data(
          bytes.substr(static_cast<size_t>(at), static_cast<size_t>(std::min(kPart, size - at))));
      {
        MutexLock lock(&state_.mutex);
        state_.read_bytes += static_cast<int64_t>(part.data().size());
      }
      if (!writer->Write(part)) break;
      if (break_after >= 0 && at >= break_after) return {grpc::StatusCode::UNAVAILABLE, "broken"};
    }
    return grpc::Status::OK;
  }

  grpc::Status SpliceBlob(grpc::ServerContext*, const v1::SpliceBlobRequest* request,
                          v1::SpliceBlobResponse* response) override {
    MutexLock lock(&state_.mutex);
    if (!state_.info.has_chunking()) return {grpc::StatusCode::UNIMPLEMENTED, "no chunks"};
    state_.splices.push_back(*request);
    if (std::exchange(state_.lose_a_chunk, false)) state_.blobs.erase(request->chunks(0).sha256());
    std::string bytes;
    for (const auto& chunk : request->chunks()) {
      const auto blob = state_.blobs.find(chunk.sha256());
      if (blob == state_.blobs.end()) return NotFound(chunk.sha256());
      bytes += blob->second;
    }
    if (Sha256Hex(bytes) != request->digest().sha256()) {
      return {grpc::StatusCode::INVALID_ARGUMENT, "the chunks are not the blob"};
    }
    state_.blobs[request->digest().sha256()] = bytes;
    *response->mutable_digest() = request->digest();
    return grpc::Status::OK;
  }

  grpc::Status DeleteArtifacts(grpc::ServerContext*, const v1::DeleteArtifactsRequest* request,
                               v1::DeleteArtifactsResponse* response) override {
    if (TakeUnavailable(state_)) return {grpc::StatusCode::UNAVAILABLE, "busy"};
    MutexLock lock(&state_.mutex);
    state_.deletions.push_back(*request);
    for (const std::string& path : request->paths()) response->add_files()->set_path(path);
    return grpc::Status::OK;
  }

  grpc::Status GetBlobUsage(grpc::ServerContext*, const v1::GetBlobUsageRequest* request,
                            v1::BlobUsage* response) override {
    MutexLock lock(&state_.mutex);
    response->set_name(request->name());
    response->set_blob_count(static_cast<int64_t>(state_.blobs.size()));
    return grpc::Status::OK;
  }

  // The operations end when FakeState::operation_waits_left says so.
  grpc::Status CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest* request,
                              google::longrunning::Operation* response) override {
    v1::CollectGarbageMetadata metadata;
    metadata.set_dry_run(request->dry_run());
    response->set_name("operations/gc");
    response->mutable_metadata()->PackFrom(metadata);
    return grpc::Status::OK;
  }

  grpc::Status ScrubBlobs(grpc::ServerContext*, const v1::ScrubBlobsRequest*,
                          google::longrunning::Operation* response) override {
    response->set_name("operations/scrub");
    response->mutable_metadata()->PackFrom(v1::ScrubBlobsMetadata());
    return grpc::Status::OK;
  }

  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest* request,
                             v1::ListArtifactsResponse* response) override {
    MutexLock lock(&state_.mutex);
    size_t at = 0;
    if (!request->page_token().empty()) at = std::stoul(request->page_token());
    if (at < state_.files.size()) *response->add_files() = state_.files[at];
    if (at + 1 < state_.files.size()) response->set_next_page_token(std::to_string(at + 1));
    return grpc::Status::OK;
  }

 private:
  static grpc::Status NotFound(const std::string& sha256) {
    return WithReason(grpc::StatusCode::NOT_FOUND, "BLOB_NOT_FOUND", "no such blob: " + sha256);
  }

  // REQUIRES: the state's mutex is held.
  grpc::Status Complete(const std::string& name, const std::string& bytes) CAIRN_NO_ANALYSIS {
    const size_t blobs = name.find("/blobs/") + 7;
    const std::string sha256 = name.substr(blobs, 64);
    if (Sha256Hex(bytes) != sha256) {
      return WithReason(grpc::StatusCode::INVALID_ARGUMENT, "DIGEST_MISMATCH", "wrong digest");
    }
    state_.blobs[sha256] = bytes;
    return grpc::Status::OK;
  }

  FakeState& state_;
};

class AdminFake final : public v1::AdminService::Service {
 public:
  explicit AdminFake(FakeState& state) : state_(state) {}

  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::ServerInfo* response) override {
    MutexLock lock(&state_.mutex);
    *response = state_.info;
    return grpc::Status::OK;
  }

 private:
  FakeState& state_;
};

class OperationsFake final : public google::longrunning::Operations::Service {
 public:
  explicit OperationsFake(FakeState& state) : state_(state) {}

  grpc::Status WaitOperation(grpc::ServerContext*,
                             const google::longrunning::WaitOperationRequest* request,
                             google::longrunning::Operation* response) override {
    if (TakeUnavailable(state_)) return {grpc::StatusCode::UNAVAILABLE, "busy"};
    MutexLock lock(&state_.mutex);
    ++state_.operation_waits;
    response->set_name(request->name());
    response->set_done(state_.operation_waits_left-- <= 0);
    return grpc::Status::OK;
  }

  grpc::Status ListOperations(grpc::ServerContext*,
                              const google::longrunning::ListOperationsRequest* request,
                              google::longrunning::ListOperationsResponse* response) override {
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    response->add_operations()->set_name("operations/" + std::to_string(page));
    if (page < 2) response->set_next_page_token(std::to_string(page + 1));
    return grpc::Status::OK;
  }

 private:
  FakeState& state_;
};

}  // namespace

FakeServer::FakeServer()
    : tracking_(std::make_unique<Tracking>(state_)),
      artifacts_(std::make_unique<Artifacts>(state_)),
      admin_(std::make_unique<AdminFake>(state_)),
      operations_(std::make_unique<OperationsFake>(state_)) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(tracking_.get());
  builder.RegisterService(artifacts_.get());
  builder.RegisterService(admin_.get());
  builder.RegisterService(operations_.get());
  server_ = builder.BuildAndStart();
  address_ = fmt::format("127.0.0.1:{}", port);
}

FakeServer::~FakeServer() { server_->Shutdown(); }

void FakeServer::SetWaitsLeft(int waits) {
  MutexLock lock(&state_.mutex);
  state_.operation_waits_left = waits;
}

std::unique_ptr<Client> FakeServer::Connect(int max_attempts) {
  ConnectOptions options;
  options.address = address_;
  options.backoff = {.max_attempts = max_attempts, .initial_millis = 1, .max_millis = 2};
  return std::move(Client::Connect(options)).value();
}

}  // namespace cairn::client
