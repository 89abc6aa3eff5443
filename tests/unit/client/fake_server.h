#ifndef CAIRN_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
#define CAIRN_TESTS_UNIT_CLIENT_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/server.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/mutex.h"
#include "lib/client/client.h"

namespace cairn::client {

// What a server did and what it shall do next, shared by the fake services.
struct FakeState {
  Mutex mutex;
  int unavailable_left CAIRN_GUARDED_BY(mutex) = 0;  // calls to refuse
  int dropped_left CAIRN_GUARDED_BY(mutex) = 0;      // calls to reset as a server that stops does
  std::vector<std::string> request_ids CAIRN_GUARDED_BY(mutex);
  std::vector<v1::LogMetricsRequest> metric_batches CAIRN_GUARDED_BY(mutex);
  // What to do with the next batches: take it, or end the stream like this.
  std::deque<grpc::Status> metric_stream_ends CAIRN_GUARDED_BY(mutex);
  std::map<std::string, std::string> blobs CAIRN_GUARDED_BY(mutex);    // by SHA-256
  std::map<std::string, std::string> uploads CAIRN_GUARDED_BY(mutex);  // by resource name
  std::vector<int64_t> write_offsets CAIRN_GUARDED_BY(mutex);          // the first of each Write
  int query_calls CAIRN_GUARDED_BY(mutex) = 0;                         // of QueryWriteStatus
  int64_t query_behind CAIRN_GUARDED_BY(mutex) = 0;                    // bytes; once
  bool take_upload_over CAIRN_GUARDED_BY(mutex) = false;               // in the next Write
  bool lack_memory CAIRN_GUARDED_BY(mutex) = false;                    // for the next Write
  int64_t break_write_after CAIRN_GUARDED_BY(mutex) = -1;              // bytes; once
  int64_t break_read_after CAIRN_GUARDED_BY(mutex) = -1;               // bytes; once
  bool damage_reads CAIRN_GUARDED_BY(mutex) = false;
  int batch_calls CAIRN_GUARDED_BY(mutex) = 0;
  int read_calls CAIRN_GUARDED_BY(mutex) = 0;
  int64_t largest_batch_bytes CAIRN_GUARDED_BY(mutex) = 0;
  int64_t batch_bytes CAIRN_GUARDED_BY(mutex) = 0;  // that arrived in BatchUpdateBlobs
  int64_t read_bytes CAIRN_GUARDED_BY(mutex) = 0;   // that went out in Read
  int find_calls CAIRN_GUARDED_BY(mutex) = 0;
  int finds_before_end CAIRN_GUARDED_BY(mutex) = -1;    // then all are refused; -1: never
  int batches_to_break CAIRN_GUARDED_BY(mutex) = 0;     // stored, and the answer is lost
  int batches_before_end CAIRN_GUARDED_BY(mutex) = -1;  // then all are refused; -1: never
  v1::ServerInfo info CAIRN_GUARDED_BY(mutex);          // what the server says of itself
  std::vector<v1::DeleteArtifactsRequest> deletions CAIRN_GUARDED_BY(mutex);
  std::vector<v1::SpliceBlobRequest> splices CAIRN_GUARDED_BY(mutex);
  bool lose_a_chunk CAIRN_GUARDED_BY(mutex) = false;            // before the next splice; once
  std::vector<v1::ArtifactFile> files CAIRN_GUARDED_BY(mutex);  // of every resource
  int operation_waits CAIRN_GUARDED_BY(mutex) = 0;              // calls of WaitOperation
  int operation_waits_left CAIRN_GUARDED_BY(mutex) = 0;         // until the operation is done
  int slow_calls CAIRN_GUARDED_BY(mutex) = 0;  // that wait until they are cancelled
};

// A server in this process that keeps blobs in memory and breaks on request.
// Listens on a free port of the loopback interface.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  FakeState& state() { return state_; }
  const std::string& address() const { return address_; }

  // A client with short waits between repetitions.
  std::unique_ptr<Client> Connect(int max_attempts = 4);

  // How often WaitOperation answers that the operation is still running.
  void SetWaitsLeft(int waits);

 private:
  FakeState state_;
  std::unique_ptr<v1::TrackingService::Service> tracking_;
  std::unique_ptr<v1::ArtifactService::Service> artifacts_;
  std::unique_ptr<v1::AdminService::Service> admin_;
  std::unique_ptr<google::longrunning::Operations::Service> operations_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace cairn::client

#endif  // CAIRN_TESTS_UNIT_CLIENT_FAKE_SERVER_H_
