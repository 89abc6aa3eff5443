// What TLS costs: unary calls and an upload, over connections with and without it, in turns on the
// same machine and in the same run.
//
// usage: tls_bench [SECONDS a turn] [CALLERS]

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/server.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/testing/server_process.h"
#include "tests/testing/test_certificates.h"

namespace cairn::bench {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double CallsPerSecond(const std::shared_ptr<grpc::Channel>& channel, double seconds, int callers) {
  std::atomic<int64_t> calls{0};
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      const auto stub = v1::AdminService::NewStub(channel);
      while (SecondsSince(begin) < seconds) {
        grpc::ClientContext context;
        v1::ServerInfo info;
        if (stub->GetServerInfo(&context, {}, &info).ok()) ++calls;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(calls) / SecondsSince(begin);
}

// MiB a second of one upload of a blob that is new.
double UploadRate(const std::shared_ptr<grpc::Channel>& channel, int64_t number) {
  std::string blob(size_t{64} << 20, 'x');
  const std::string mark = std::to_string(number);
  blob.replace(0, mark.size(), mark);
  const auto stub = v1::ArtifactService::NewStub(channel);
  v1::WriteRequest part;
  char name[200];
  std::snprintf(name, sizeof(name), "uploads/00000000-0000-4000-8000-%012ld/blobs/%s/%zu",
                static_cast<long>(number), DigestOf(blob).Hex().c_str(), blob.size());
  part.set_resource_name(name);
  grpc::ClientContext context;
  v1::WriteResponse stored;
  const auto begin = Clock::now();
  const auto writer = stub->Write(&context, &stored);
  constexpr size_t kPart = size_t{1} << 20;
  for (size_t at = 0; at < blob.size(); at += kPart) {
    part.set_write_offset(static_cast<int64_t>(at));
    part.set_data(blob.substr(at, kPart));
    part.set_finish_write(at + kPart >= blob.size());
    if (!writer->Write(part)) break;
    part.clear_resource_name();
  }
  const grpc::Status status = writer->Finish();
  if (!status.ok()) std::fprintf(stderr, "upload: %s\n", status.error_message().c_str());
  return static_cast<double>(blob.size() >> 20) / SecondsSince(begin);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  const int callers = argc > 2 ? std::atoi(argv[2]) : 8;
  const testing::TempFolder folder;
  const testing::Authority authority("bench");
  authority.Sign(testing::LocalServer()).Write(folder.path(), "server");
  testing::ServerProcess plain(folder / "plain");
  testing::ServerProcess tls(
      folder / "tls", {"--tls-cert", folder / "server.crt", "--tls-key", folder / "server.key"});
  if (!plain.Start() || !tls.Start()) return 1;
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.own().CertificatePem();
  const auto without =
      grpc::CreateChannel(plain.grpc_address(), grpc::InsecureChannelCredentials());
  const auto with = grpc::CreateChannel(tls.grpc_address(), grpc::SslCredentials(options));
  for (const int count : {1, callers}) {
    std::vector<double> of_plain;
    std::vector<double> of_tls;
    for (int turn = 0; turn < 3; ++turn) {
      of_plain.push_back(CallsPerSecond(without, seconds, count));
      of_tls.push_back(CallsPerSecond(with, seconds, count));
    }
    std::printf("unary, %d callers: plain %.0f/s, TLS %.0f/s, ratio %.3f\n", count,
                Median(of_plain), Median(of_tls), Median(of_tls) / Median(of_plain));
  }
  std::vector<double> of_plain;
  std::vector<double> of_tls;
  for (int turn = 0; turn < 3; ++turn) {
    of_plain.push_back(UploadRate(without, 2 * turn));
    of_tls.push_back(UploadRate(with, 2 * turn + 1));
  }
  std::printf("upload: plain %.0f MiB/s, TLS %.0f MiB/s, ratio %.3f\n", Median(of_plain),
              Median(of_tls), Median(of_tls) / Median(of_plain));
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }
