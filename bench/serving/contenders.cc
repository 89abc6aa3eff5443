#include "bench/serving/contenders.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "bench/serving/canned_server.h"
#include "bench/serving/reads.h"
#include "tests/testing/test_certificates.h"

namespace cairn::bench {
namespace {

// Puts the token of the server whose turn it is into every call.
class TokenOfTheTurn final : public grpc::ClientContext::GlobalCallbacks {
 public:
  void Set(const std::string& token) { header_ = token.empty() ? "" : "Bearer " + token; }

  void DefaultConstructor(grpc::ClientContext* context) override {
    if (!header_.empty()) context->AddMetadata("authorization", header_);
  }
  void Destructor(grpc::ClientContext*) override {}

 private:
  std::string header_;
};

// Lives as long as the process, as gRPC wants it.
TokenOfTheTurn& TheTurn() {
  static auto* const turn = [] {
    auto* made = new TokenOfTheTurn;
    grpc::ClientContext::SetGlobalCallbacks(made);
    return made;
  }();
  return *turn;
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Writes `path`.crt and .key for a server of this machine; what its clients trust.
std::shared_ptr<grpc::ChannelCredentials> Certify(const std::string& parent,
                                                  const std::string& name) {
  const testing::Authority authority("bench");
  authority.Sign(testing::LocalServer()).Write(parent, name);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority.own().CertificatePem();
  return grpc::SslCredentials(options);
}

void Connect(Contender& contender, const std::string& address) {
  contender.channel = grpc::CreateChannel(address, contender.credentials);
  contender.stub = v1::TrackingService::NewStub(contender.channel);
  SetTurn(contender);
}

Contender Begin(Contender contender) {
  if (!contender.server->Start()) std::exit(1);
  Connect(contender, contender.server->grpc_address());
  contender.run = NewRun(*contender.stub);
  contender.experiment = FillExperiment(*contender.stub, 10'000);
  return contender;
}

}  // namespace

std::string NameOf(const Protection& has) {
  if (has.token && has.tls) return "token and TLS";
  return has.token ? "token" : has.tls ? "TLS" : "plain";
}

Contender Plain(std::string name, const std::string& data_dir, const std::string& program) {
  Contender contender;
  contender.name = std::move(name);
  contender.server =
      std::make_unique<testing::ServerProcess>(data_dir, std::vector<std::string>{}, program);
  contender.credentials = grpc::InsecureChannelCredentials();
  return Begin(std::move(contender));
}

Contender Secured(std::string name, const std::string& parent, const std::string& program,
                  const Protection& has) {
  Contender contender;
  contender.name = std::move(name);
  const std::string data_dir = parent + "/" + contender.name;
  std::vector<std::string> flags;
  contender.credentials = grpc::InsecureChannelCredentials();
  if (has.tls) {
    contender.credentials = Certify(parent, contender.name);
    flags = {"--tls-cert", data_dir + ".crt", "--tls-key", data_dir + ".key"};
  }
  if (has.token) {
    flags.emplace_back("--auth");
    contender.token =
        LastLine(testing::RunProgram({program, "init", "--data-dir", data_dir}).output);
  }
  contender.server = std::make_unique<testing::ServerProcess>(data_dir, flags, program);
  return Begin(std::move(contender));
}

Contender Bare(const std::string& parent, const std::string& recorded, const Protection& has) {
  Contender contender;
  contender.name = "bare " + NameOf(has);
  contender.credentials = grpc::InsecureChannelCredentials();
  if (has.tls) contender.credentials = Certify(parent, contender.name);
  // As long as ours.
  if (has.token) contender.token = "cairn_" + std::string(16, '0') + "_" + std::string(64, '0');
  contender.bare = std::make_unique<BareServer>(
      CannedServerArguments(recorded, has.tls ? parent + "/" + contender.name : ""));
  if (contender.bare->address().empty()) std::exit(1);
  Connect(contender, contender.bare->address());
  contender.run = "experiments/0/runs/00000000000000000000000000000000";
  contender.experiment = "experiments/0";
  return contender;
}

void SetTurn(const Contender& contender) { TheTurn().Set(contender.token); }

}  // namespace cairn::bench
