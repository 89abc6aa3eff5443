// TLS with the real server and clients, over real sockets.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cairn/v1/server.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/tls/openssl_handles.h"
#include "tests/integration/server/connections.h"
#include "tests/testing/eventually.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::Authority;
using testing::Eventually;
using testing::FloodConnection;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    authority_.own().Write(folder_.path(), "ca");
    authority_.Sign(testing::LocalServer()).Write(folder_.path(), "server");
    authority_.Sign({.common_name = "ann", .alternative_names = "URI:spiffe://test/ann"})
        .Write(folder_.path(), "client");
  }

  void Start(std::vector<std::string> flags = {}) {
    flags.insert(flags.end(),
                 {"--tls-cert", folder_ / "server.crt", "--tls-key", folder_ / "server.key"});
    server_ = std::make_unique<ServerProcess>(folder_ / "store", flags);
    ASSERT_TRUE(server_->Start());
  }

  // mlctl with the authority that the server's certificate is of.
  ProgramResult Mlctl(std::vector<std::string> words, const std::string& authority = "ca.crt") {
    words.insert(words.begin(), ProgramPath("mlctl"));
    words.insert(words.end(), {"--server", "https://" + server_->grpc_address(), "--tls-ca",
                               folder_ / authority});
    return RunProgram(words);
  }
  std::vector<std::string> AsClient(std::vector<std::string> words) {
    words.insert(words.end(),
                 {"--tls-cert", folder_ / "client.crt", "--tls-key", folder_ / "client.key"});
    return words;
  }

  std::shared_ptr<grpc::Channel> Channel() {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = authority_.own().CertificatePem();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->grpc_address(), grpc::SslCredentials(options),
                                     arguments);
  }
  static bool Calls(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    v1::ServerInfo info;
    return v1::AdminService::NewStub(channel)->GetServerInfo(&context, {}, &info).ok();
  }

  // What the HTTP port answers over TLS; `as_client` shows the client's certificate.
  std::string HttpsExchange(const std::string& request, bool as_client = false) {
    const tls::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    if (as_client) {
      SSL_CTX_use_certificate_file(context.get(), (folder_ / "client.crt").c_str(),
                                   SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context.get(), (folder_ / "client.key").c_str(),
                                  SSL_FILETYPE_PEM);
    }
    const FloodConnection connection(server_->http_address());
    const tls::SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), connection.fd());
    if (SSL_connect(ssl.get()) != 1) return "";
    SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
    std::string answer;
    char buffer[4096];
    for (int n = 0; (n = SSL_read(ssl.get(), buffer, sizeof(buffer))) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
    return answer;
  }

  // The name in the certificate that a new connection to the gRPC or the HTTP port gets.
  std::string NameOfServer(bool http = false) {
    const tls::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    const FloodConnection connection(http ? server_->http_address() : server_->grpc_address());
    const tls::SslPtr ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), connection.fd());
    if (SSL_connect(ssl.get()) != 1) return "";
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl.get())),
                              NID_commonName, name, sizeof(name));
    return name;
  }
  void ReplaceServer(const std::string& name) {
    authority_.Sign({.common_name = name, .alternative_names = "DNS:localhost,IP:127.0.0.1"})
        .Write(folder_.path(), "server");
  }

  TempFolder folder_;
  Authority authority_{"test root"};
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(TlsTest, CallsAndLargeFilesGoThroughAndComeBackTheSame) {
  Start();
  EXPECT_EQ(Mlctl({"ping"}).exit_code, 0);
  ASSERT_EQ(Mlctl({"create", "experiment", "e"}).exit_code, 0);
  const ProgramResult run = Mlctl({"run", "start", "-e", "e", "-q"});
  ASSERT_EQ(run.exit_code, 0) << run.output;
  const std::string id = run.output.substr(0, run.output.find('\n'));
  std::string bytes(100 << 20, '\0');
  uint64_t state = 1;
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    bytes.replace(i, 8, reinterpret_cast<const char*>(&state), 8);
  }
  std::ofstream(folder_ / "large.bin") << bytes;
  const ProgramResult up = Mlctl({"log", "artifact", id, folder_ / "large.bin"});
  ASSERT_EQ(up.exit_code, 0) << up.output;
  const ProgramResult down = Mlctl({"fetch", "run:" + id, "-o", folder_ / "back"});
  ASSERT_EQ(down.exit_code, 0) << down.output;
  const ProgramResult same =
      RunProgram({"/usr/bin/cmp", folder_ / "back/large.bin", folder_ / "large.bin"});
  EXPECT_EQ(same.exit_code, 0) << same.output;
}

TEST_F(TlsTest, ManyConnectionsAtOnceAreServed) {
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> served{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) served += Calls(Channel()) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 200);
}

TEST_F(TlsTest, AReloadReachesNewConnectionsAndLeavesTheOthers) {
  Start();
  const auto old = Channel();
  ASSERT_TRUE(Calls(old));
  // A stream that is open all the time.
  grpc::ClientContext context;
  const auto runs = v1::TrackingService::NewStub(old);
  const auto stream = runs->LogMetrics(&context);
  EXPECT_EQ(NameOfServer(), "cairnd");
  ReplaceServer("by signal");
  ::kill(server_->pid(), SIGHUP);
  EXPECT_TRUE(Eventually([&] { return NameOfServer() == "by signal"; }));
  ReplaceServer("by file");
  EXPECT_TRUE(Eventually([&] { return NameOfServer() == "by file"; }));
  std::ofstream(folder_ / "server.crt") << "rubbish";
  ::kill(server_->pid(), SIGHUP);
  EXPECT_EQ(NameOfServer(), "by file");
  ReplaceServer("after rubbish");
  EXPECT_TRUE(Eventually([&] { return NameOfServer() == "after rubbish"; }));
  stream->WritesDone();
  EXPECT_THAT(stream->Finish(), IsOk());
  EXPECT_TRUE(Calls(old));
}

TEST_F(TlsTest, AReloadReachesTheHttpPort) {
  Start();
  EXPECT_EQ(NameOfServer(/*http=*/true), "cairnd");
  ReplaceServer("by signal");
  ::kill(server_->pid(), SIGHUP);
  EXPECT_TRUE(Eventually([&] { return NameOfServer(/*http=*/true) == "by signal"; }));
  ReplaceServer("by file");
  EXPECT_TRUE(Eventually([&] { return NameOfServer(/*http=*/true) == "by file"; }));
}

TEST_F(TlsTest, TheHttpPortSpeaksTlsAndTellsPlainTextSo) {
  Start();
  EXPECT_THAT(HttpsExchange("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              HasSubstr("{\"status\":\"ok\"}"));
  EXPECT_THAT(testing::HttpGet(server_->http_address(), "/health"),
              HasSubstr("this port speaks TLS, use https"));
}

TEST_F(TlsTest, OverHttpAClientsCertificateSaysWhoCallsUnlessATokenDoes) {
  Start({"--auth", "--tls-client-ca", folder_ / "ca.crt", "--tls-client-cert", "optional"});
  const auto who = [](const std::string& headers) {
    return "POST /cairn.v1.AuthService/WhoAmI HTTP/1.1\r\nHost: localhost\r\n" + headers +
           "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  };
  const std::string ann = HttpsExchange(who(""), /*as_client=*/true);
  EXPECT_THAT(ann, HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(ann, HasSubstr("\"uri:spiffe://test/ann\""));
  EXPECT_THAT(HttpsExchange(who("")), HasSubstr("HTTP/1.1 401"));
  EXPECT_THAT(HttpsExchange(who("Authorization: Bearer nonsense\r\n"), /*as_client=*/true),
              HasSubstr("HTTP/1.1 401"));
}

TEST_F(TlsTest, WhoDoesNotTrustTheServerIsToldWhy) {
  Start();
  const Authority stranger("stranger");
  stranger.own().Write(folder_.path(), "stranger");
  const ProgramResult result = Mlctl({"ping"}, "stranger.crt");
  EXPECT_EQ(result.exit_code, 4) << result.output;
  EXPECT_THAT(result.output, HasSubstr("is not trusted: unable to get local issuer certificate"));
  const ProgramResult named = Mlctl({"ping", "--tls-server-name", "other.example"});
  EXPECT_EQ(named.exit_code, 4) << named.output;
  EXPECT_THAT(named.output, HasSubstr("hostname mismatch"));
}

TEST_F(TlsTest, AServerDoesNotStartWithAnExpiredCertificateOrAnOpenKey) {
  const auto start = [&] {
    return RunProgram({ProgramPath("cairnd"), "--in-memory", "--grpc-address", "127.0.0.1:0",
                       "--http-address", "127.0.0.1:0", "--tls-cert", folder_ / "server.crt",
                       "--tls-key", folder_ / "server.key"});
  };
  ::chmod((folder_ / "server.key").c_str(), 0644);
  EXPECT_THAT(start().output, HasSubstr("TLS_KEY_OPEN"));
  authority_.Sign({.common_name = "cairnd", .alternative_names = "", .ends_in_seconds = -1})
      .Write(folder_.path(), "server");
  const ProgramResult expired = start();
  EXPECT_EQ(expired.exit_code, 1);
  EXPECT_THAT(expired.output, HasSubstr("the certificate expired at"));
}

TEST_F(TlsTest, ARequiredCertificateKeepsOthersOut) {
  Start({"--tls-client-ca", folder_ / "ca.crt"});
  EXPECT_EQ(Mlctl(AsClient({"ping"})).exit_code, 0);
  const ProgramResult without = Mlctl({"ping"});
  EXPECT_EQ(without.exit_code, 4) << without.output;
  EXPECT_THAT(without.output, HasSubstr("certificate required"));
  const Authority stranger("stranger");
  stranger.Sign({.common_name = "eve", .alternative_names = ""}).Write(folder_.path(), "client");
  const ProgramResult eve = Mlctl(AsClient({"ping"}));
  EXPECT_EQ(eve.exit_code, 4) << eve.output;
  EXPECT_THAT(eve.output, HasSubstr("does not let this client in"));
}

TEST_F(TlsTest, AnOptionalCertificateMayBeMissingButNotWrong) {
  Start({"--tls-client-ca", folder_ / "ca.crt", "--tls-client-cert", "optional"});
  EXPECT_EQ(Mlctl({"ping"}).exit_code, 0);
  EXPECT_EQ(Mlctl(AsClient({"ping"})).exit_code, 0);
  const Authority stranger("stranger");
  stranger.Sign({.common_name = "eve", .alternative_names = ""}).Write(folder_.path(), "client");
  EXPECT_EQ(Mlctl(AsClient({"ping"})).exit_code, 4);
}

TEST_F(TlsTest, WhoSpeaksPlainTextToItIsTold) {
  Start();
  const ProgramResult plain =
      RunProgram({ProgramPath("mlctl"), "ping", "--server", server_->grpc_address()});
  EXPECT_EQ(plain.exit_code, 2) << plain.output;
  EXPECT_THAT(plain.output, HasSubstr("speaks TLS: write https://"));
  EXPECT_THAT(testing::HttpGet(server_->grpc_address(), "/"),
              HasSubstr("this port speaks TLS, use https"));
}

TEST_F(TlsTest, WhoSpeaksTlsToAServerWithoutItIsTold) {
  server_ = std::make_unique<ServerProcess>(folder_ / "store");
  ASSERT_TRUE(server_->Start());
  const ProgramResult result = Mlctl({"ping"});
  EXPECT_EQ(result.exit_code, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("does not speak TLS"));
}

TEST_F(TlsTest, SlowHandshakesKeepNobodyOut) {
  Start();
  std::vector<FloodConnection> slow;
  for (int i = 0; i < 1500; ++i) {
    slow.emplace_back(server_->grpc_address());
    // The head of a record that never comes.
    slow.back().Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  }
  const auto begin = steady_clock::now();
  EXPECT_TRUE(Calls(Channel()));
  EXPECT_LT(steady_clock::now() - begin, seconds(5));
}

TEST_F(TlsTest, FloodsAreCutThroughTls) {
  Start();
  const tls::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  const FloodConnection connection(server_->grpc_address());
  const tls::SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), connection.fd());
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  ASSERT_EQ(SSL_connect(ssl.get()), 1);
  std::string flood = testing::Http2Hello();
  for (int i = 0; i < 1000; ++i) {
    flood += testing::Frame(testing::kSettingsFrame, testing::kNoFlags, 0);
  }
  SSL_write(ssl.get(), flood.data(), static_cast<int>(flood.size()));
  std::string answer;
  char buffer[4096];
  for (int n = 0; (n = SSL_read(ssl.get(), buffer, sizeof(buffer))) > 0;) answer.append(buffer, n);
  EXPECT_THAT(answer, HasSubstr("too many settings"));
  EXPECT_TRUE(Calls(Channel()));
}

}  // namespace
}  // namespace cairn
