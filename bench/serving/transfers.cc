#include "bench/serving/transfers.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "bench/serving/load.h"
#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/digest.h"

namespace cairn::bench {
namespace {

// Bytes that no compression and no chunk store makes fewer.
std::string BlobOf(int64_t number, int64_t bytes) {
  std::string blob(static_cast<size_t>(bytes), '\0');
  auto state = static_cast<uint64_t>(number) * 0x9E3779B97F4A7C15U + 1;
  for (size_t i = 0; i + 8 <= blob.size(); i += 8) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    blob.replace(i, 8, reinterpret_cast<const char*>(&state), 8);
  }
  return blob;
}

}  // namespace

Transfer Upload(const std::shared_ptr<grpc::Channel>& channel, int64_t number, int64_t bytes) {
  const std::string blob = BlobOf(number, bytes);
  Transfer transfer;
  transfer.sha256 = DigestOf(blob).Hex();
  const auto stub = v1::ArtifactService::NewStub(channel);
  v1::WriteRequest part;
  part.set_resource_name(fmt::format("uploads/00000000-0000-4000-8000-{:012}/blobs/{}/{}", number,
                                     transfer.sha256, blob.size()));
  grpc::ClientContext context;
  v1::WriteResponse stored;
  const auto begin = Clock::now();
  const auto writer = stub->Write(&context, &stored);
  for (size_t at = 0; at < blob.size(); at += kUploadPartBytes) {
    part.set_write_offset(static_cast<int64_t>(at));
    part.set_data(blob.substr(at, kUploadPartBytes));
    part.set_finish_write(at + kUploadPartBytes >= blob.size());
    if (!writer->Write(part)) break;
    part.clear_resource_name();
  }
  Check(writer->Finish(), "Write");
  transfer.bytes_per_second = static_cast<double>(bytes) / SecondsSince(begin);
  return transfer;
}

Transfer Download(const std::shared_ptr<grpc::Channel>& channel, const std::string& sha256,
                  int64_t bytes) {
  const auto stub = v1::ArtifactService::NewStub(channel);
  v1::ReadRequest request;
  request.mutable_digest()->set_sha256(sha256);
  request.mutable_digest()->set_size_bytes(bytes);
  grpc::ClientContext context;
  const auto begin = Clock::now();
  const auto reader = stub->Read(&context, request);
  int64_t read = 0;
  for (v1::ReadResponse part; reader->Read(&part);)
    read += static_cast<int64_t>(part.data().size());
  Check(reader->Finish(), "Read");
  if (read != bytes) Check(grpc::Status(grpc::StatusCode::DATA_LOSS, "bytes are missing"), "Read");
  return {sha256, static_cast<double>(bytes) / SecondsSince(begin)};
}

}  // namespace cairn::bench
