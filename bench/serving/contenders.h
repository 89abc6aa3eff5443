#ifndef CAIRN_BENCH_SERVING_CONTENDERS_H_
#define CAIRN_BENCH_SERVING_CONTENDERS_H_

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "bench/serving/bare_server.h"
#include "bench/serving/load.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {

// Servers that are measured in turns by the same code.

// What of its protection a server has.
struct Protection {
  bool token = false;
  bool tls = false;
};

// A server and how it is reached. Owned by one thread; the server ends with it.
struct Contender {
  std::string name;
  std::unique_ptr<testing::ServerProcess> server;  // one of both
  std::unique_ptr<BareServer> bare;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string token;  // empty: none
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<Stub> stub;
  std::string run;         // one that is read
  std::string experiment;  // one whose runs are listed
  int64_t step = 0;        // of the last point of `run`
  int64_t uploads = 0;

  pid_t pid() const { return server == nullptr ? bare->pid() : server->pid(); }
};

// "plain", "token", "TLS", "token and TLS".
std::string NameOf(const Protection& has);

// A build of cairnd as it is, with what is read of it. A server that does not start ends the
// program, here and below.
Contender Plain(std::string name, const std::string& data_dir, const std::string& program);

// A build with its protection; files lie below `parent`, where the names of contenders differ.
Contender Secured(std::string name, const std::string& parent, const std::string& program,
                  const Protection& has);

// A canned server (canned_server.h) with gRPC's own TLS, and a token that it does not look at;
// `recorded` is where the answers of a real one were kept.
Contender Bare(const std::string& parent, const std::string& recorded, const Protection& has);

// From now on every call has the token of this contender, as lib/client does: gRPC's own
// credentials of a call cost its client more than TLS. While no call is under way.
void SetTurn(const Contender& contender);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_CONTENDERS_H_
