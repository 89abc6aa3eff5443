// Who calls, as a handler of gRPC learns it: the acceptor in front of gRPC, with real clients.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/server.grpc.pb.h"
#include "lib/tls/tls_context.h"
#include "server/front/acceptor.h"
#include "server/front/peers.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn {
namespace {

using testing::Authority;
using testing::Identity;
using testing::IsOk;

// Answers who calls, in the field for the version.
class WhoCalls final : public v1::AdminService::Service {
 public:
  grpc::Status GetServerInfo(grpc::ServerContext* context, const v1::GetServerInfoRequest*,
                             v1::ServerInfo* info) override {
    const auto peer = front::PeerOf(context->peer());
    info->set_version(peer == nullptr      ? "unknown"
                      : !peer->certificate ? "nobody at " + peer->address
                                           : peer->certificate->principal);
    return grpc::Status::OK;
  }
};

class PeerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.own().Write(folder_.path(), "ca");
    authority_.Sign(testing::LocalServer()).Write(folder_.path(), "server");
    auto tls = tls::TlsContext::Load({.certificate_file = folder_ / "server.crt",
                                      .key_file = folder_ / "server.key",
                                      .client_ca_file = folder_ / "ca.crt",
                                      .client_certificate_required = false});
    ASSERT_THAT(tls, IsOk());
    tls_ = *std::move(tls);
    front::AcceptorOptions options;
    options.address = "127.0.0.1:0";
    options.limits = {100, 100};
    options.tls = tls_.get();
    auto bound = front::Acceptor::Bind(std::move(options));
    ASSERT_THAT(bound, IsOk());
    acceptor_ = *std::move(bound);
    grpc::ServerBuilder builder;
    external_ = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    acceptor_->Start([this](int fd) {
      grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
      connection.fd = fd;
      external_->HandleNewConnection(&connection);
    });
  }
  void TearDown() override {
    acceptor_->Stop();
    server_->Shutdown();
  }

  std::shared_ptr<grpc::Channel> Connect(const Identity* identity) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority_.own().CertificatePem();
    if (identity != nullptr) {
      options.pem_cert_chain = identity->CertificatePem();
      options.pem_private_key = identity->KeyPem();
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(acceptor_->port()),
                                     grpc::SslCredentials(options), arguments);
  }
  static std::string Ask(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::ServerInfo info;
    const grpc::Status status =
        v1::AdminService::NewStub(channel)->GetServerInfo(&context, {}, &info);
    return status.ok() ? info.version() : status.error_message();
  }

  testing::TempFolder folder_;
  Authority authority_{"root"};
  std::unique_ptr<tls::TlsContext> tls_;
  std::unique_ptr<front::Acceptor> acceptor_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> external_;
  WhoCalls service_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(PeerTest, AHandlerLearnsWhoEachOfManyConnectionsIsOf) {
  const Identity ann = authority_.Sign({.common_name = "ann", .alternative_names = ""});
  const Identity worker =
      authority_.Sign({.common_name = "w", .alternative_names = "URI:spiffe://test/worker"});
  const auto as_ann = Connect(&ann);
  const auto as_worker = Connect(&worker);
  const auto as_nobody = Connect(nullptr);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Ask(as_ann), "cn:ann");
    EXPECT_EQ(Ask(as_worker), "uri:spiffe://test/worker");
    EXPECT_EQ(Ask(as_nobody).substr(0, 20), "nobody at 127.0.0.1:");
  }
}

}  // namespace
}  // namespace cairn
