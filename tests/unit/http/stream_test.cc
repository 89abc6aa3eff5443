// Bodies and answers in pieces, and clients that leave; over plain TCP and TLS alike.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/http/http_server.h"
#include "lib/tls/tls_context.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"
#include "tests/unit/http/raw_client.h"

namespace cairn::http {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;
using testing::StatusIs;

// A value that another thread gives.
template <typename Value>
class Box {
 public:
  void Put(Value value) {
    const MutexLock lock(&mutex_);
    value_ = std::move(value);
    changed_.SignalAll();
  }
  // Takes it; fails the test after 20 s.
  Value Take() {
    const MutexLock lock(&mutex_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!value_.has_value()) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "nothing came";
        return Value();
      }
      changed_.WaitFor(&mutex_, std::chrono::seconds(1));
    }
    return *std::exchange(value_, std::nullopt);
  }
  bool empty() {
    const MutexLock lock(&mutex_);
    return !value_.has_value();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::optional<Value> value_ CAIRN_GUARDED_BY(mutex_);
};

using ExchangePtr = std::shared_ptr<Exchange>;
using Piece = absl::StatusOr<Exchange::Piece>;

std::string Chunk(std::string_view text) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + std::string(text) + "\r\n";
}

std::string ChunkedHead(std::string_view target, std::string_view further = "") {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
         std::string(further) + "Transfer-Encoding: chunked\r\n\r\n";
}

// Reads pieces until the body is over, then answers each of them twice.
void EchoTwice(const ExchangePtr& exchange, std::string all) {
  exchange->Read([exchange, all = std::move(all)](Piece piece) mutable {
    if (!piece.ok()) return exchange->Answer(ErrorResponse(piece.status()));
    if (piece->has_value()) return EchoTwice(exchange, std::move(all) + **piece);
    exchange->Begin(200, {{"Content-Type", "text/plain"}});
    exchange->Write(all, [exchange, all](const absl::Status& first) {
      EXPECT_THAT(first, IsOk());
      exchange->Write(all, [exchange](const absl::Status& second) {
        EXPECT_THAT(second, IsOk());
        exchange->End();
      });
    });
  });
}

class StreamTest : public ::testing::TestWithParam<bool> {
 protected:
  StreamTest() {
    authority_.Sign(testing::LocalServer()).Write(folder_.path(), "server");
    if (GetParam()) {
      tls_ = *tls::TlsContext::Load({.certificate_file = folder_ / "server.crt",
                                     .key_file = folder_ / "server.key",
                                     .client_ca_file = ""});
      client_context_.reset(SSL_CTX_new(TLS_client_method()));
    }
    Start({});
  }

  void Start(HttpLimits limits) {
    server_.reset();
    std::vector<Route> routes = {
        {"GET", "/quick", "test.read", [](const Request&) { return TextResponse("quick"); }}};
    routes.push_back(Stream("POST", "/echo", [](const Request&, const ExchangePtr& exchange) {
      EchoTwice(exchange, "");
    }));
    const StreamHandler hand_over = [this](const Request&, const ExchangePtr& exchange) {
      exchange_.Put(exchange);
    };
    routes.push_back(Stream("POST", "/hand", hand_over));
    routes.push_back(Stream("GET", "/hand", hand_over));
    routes.push_back(Stream("GET", "/never", [](const Request&, const ExchangePtr&) {}));
    routes.push_back(Stream("GET", "/throws", [](const Request&, const ExchangePtr&) {
      throw std::runtime_error("secret");
    }));
    routes.push_back(Stream("POST", "/small", [](const Request&, const ExchangePtr& exchange) {
      EchoTwice(exchange, "");
    }));
    routes.back().max_body_bytes = 10;
    routes.push_back({"GET", "/later", "test.read", nullptr});
    routes.back().async = [this](const Request&, const Responder& responder) {
      responder_.Put(responder);
    };
    HttpServerOptions options;
    options.threads = 2;
    options.limits = limits;
    options.tls = tls_.get();
    server_ = *HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
  }

  static Route Stream(std::string method, std::string pattern, StreamHandler handler) {
    Route route{std::move(method), std::move(pattern), "test.read", nullptr};
    route.stream = std::move(handler);
    return route;
  }

  std::unique_ptr<RawClient> Connect() {
    return std::make_unique<RawClient>(server_->port(), client_context_.get());
  }

  // The next piece that a handler reads.
  static Piece Next(const ExchangePtr& exchange) {
    auto box = std::make_shared<Box<std::shared_ptr<Piece>>>();
    exchange->Read([box](Piece piece) { box->Put(std::make_shared<Piece>(std::move(piece))); });
    const auto piece = box->Take();
    return piece == nullptr ? Piece(absl::UnknownError("nothing came")) : *piece;
  }
  static absl::Status Write(const ExchangePtr& exchange, std::string piece) {
    auto box = std::make_shared<Box<absl::Status>>();
    exchange->Write(std::move(piece), [box](absl::Status taken) { box->Put(std::move(taken)); });
    return box->Take();
  }

  testing::TempFolder folder_;
  testing::Authority authority_{"test root"};
  std::unique_ptr<tls::TlsContext> tls_;
  tls::SslContextPtr client_context_;
  Box<ExchangePtr> exchange_;
  Box<std::optional<Responder>> responder_;
  std::unique_ptr<HttpServer> server_;
};

INSTANTIATE_TEST_SUITE_P(Transports, StreamTest, ::testing::Bool(),
                         [](const auto& transport) { return transport.param ? "Tls" : "Plain"; });

TEST_P(StreamTest, AHandlerReadsPiecesAndAnswersInPieces) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/echo") + Chunk("one ") + Chunk("two") + Chunk("")));
  const auto head = client->Read();
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(*FindHeader(head->headers, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(FindHeader(head->headers, "Content-Length"), nullptr);
  EXPECT_NE(FindHeader(head->headers, "X-Content-Type-Options"), nullptr);
  EXPECT_EQ(client->ReadChunk(), "one two");
  EXPECT_EQ(client->ReadChunk(), "one two");
  EXPECT_EQ(client->ReadChunk(), "");
  EXPECT_EQ(client->Exchange(Get("/quick"))->body, "quick");  // the connection goes on
}

TEST_P(StreamTest, PipelinedRequestsBehindAStreamAreAnsweredInOrder) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Post("/echo", "[1]") + Get("/quick") + Post("/echo", "[2]")));
  for (const char* body : {"[1]", "[2]"}) {
    EXPECT_EQ(client->Read()->status, 200);
    EXPECT_EQ(client->ReadChunk(), body);
    EXPECT_EQ(client->ReadChunk(), body);
    EXPECT_EQ(client->ReadChunk(), "");
    if (std::string_view(body) == "[1]") {
      EXPECT_EQ(client->Read()->body, "quick");
    }
  }
}

TEST_P(StreamTest, APieceIsThereBeforeTheBodyIsOver) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/hand") + Chunk("first")));
  const ExchangePtr exchange = exchange_.Take();
  EXPECT_EQ(Next(exchange)->value(), "first");
  ASSERT_TRUE(client->Send(Chunk("second")));
  EXPECT_EQ(Next(exchange)->value(), "second");
  ASSERT_TRUE(client->Send(Chunk("")));
  EXPECT_FALSE(Next(exchange)->has_value());
  exchange->Answer(TextResponse("done"));
  EXPECT_EQ(client->Read()->body, "done");
}

TEST_P(StreamTest, AnAnswerBeginsBeforeItIsWhole) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {});
  EXPECT_EQ(client->Read()->status, 200);
  EXPECT_THAT(Write(exchange, "one"), IsOk());
  EXPECT_EQ(client->ReadChunk(), "one");
  EXPECT_THAT(Write(exchange, ""), IsOk());
  exchange->End();
  EXPECT_EQ(client->ReadChunk(), "");
  EXPECT_THAT(Write(exchange, "two"), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Next(exchange), StatusIs(absl::StatusCode::kCancelled));
}

TEST_P(StreamTest, WhoWaitsForContinueGetsItByTheFirstRead) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/hand", "Expect: 100-continue\r\n")));
  const ExchangePtr exchange = exchange_.Take();
  std::thread reader([&] { EXPECT_EQ(Next(exchange)->value(), "body"); });
  EXPECT_EQ(client->Read()->status, 100);
  ASSERT_TRUE(client->Send(Chunk("body")));
  reader.join();
  exchange->Answer(TextResponse("enough"));
  const auto answer = client->Read();
  EXPECT_EQ(answer->body, "enough");
  EXPECT_EQ(*FindHeader(answer->headers, "Connection"), "close") << "the body was not read";
}

TEST_P(StreamTest, AnAnswerWithoutReadingSparesTheBody) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/hand", "Expect: 100-continue\r\n")));
  exchange_.Take()->Answer(ErrorResponse(403, "no"));
  const auto answer = client->Read();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(*FindHeader(answer->headers, "Connection"), "close");
}

TEST_P(StreamTest, AClientIsMadeToWaitWhileNobodyReads) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  constexpr size_t kChunks = 1000;
  const std::string text(64 << 10, 'x');
  std::thread sender([&] {
    for (size_t i = 0; i < kChunks; ++i) ASSERT_TRUE(client->Send(Chunk(text)));
    ASSERT_TRUE(client->Send(Chunk("")));
  });
  size_t bytes = 0;
  size_t largest = 0;
  for (Piece piece = Next(exchange); piece.ok() && piece->has_value(); piece = Next(exchange)) {
    bytes += (*piece)->size();
    largest = std::max(largest, (*piece)->size());
  }
  sender.join();
  EXPECT_EQ(bytes, kChunks * text.size());
  EXPECT_LE(largest, size_t{32} << 10);
  exchange->Answer(TextResponse("done"));
  EXPECT_EQ(client->Read()->body, "done");
}

TEST_P(StreamTest, LargePiecesComeWhole) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {});
  EXPECT_EQ(client->Read()->status, 200);
  std::string text(3 << 20, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7);
  std::thread writer([&] {
    EXPECT_THAT(Write(exchange, text), IsOk());
    EXPECT_THAT(Write(exchange, text), IsOk());
    exchange->End();
  });
  EXPECT_EQ(client->ReadChunk(), text);
  EXPECT_EQ(client->ReadChunk(), text);
  EXPECT_EQ(client->ReadChunk(), "");
  writer.join();
}

TEST_P(StreamTest, AnAbortCutsTheAnswerWithoutAnEnd) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {});
  EXPECT_THAT(Write(exchange, "half"), IsOk());
  exchange->Abort();
  EXPECT_EQ(client->Read()->status, 200);
  EXPECT_EQ(client->ReadChunk(), "half");
  EXPECT_EQ(client->ReadChunk(), std::nullopt);
  EXPECT_TRUE(exchange->gone());
}

TEST_P(StreamTest, AnAnswerOfKnownLengthGoesWithoutChunks) {
  const auto client = Connect();
  for (int i = 0; i < 2; ++i) {  // on one connection
    ASSERT_TRUE(client->Send(Get("/hand")));
    const ExchangePtr exchange = exchange_.Take();
    exchange->Begin(200, {{"Content-Length", "8"}});
    EXPECT_THAT(Write(exchange, "half"), IsOk());
    EXPECT_THAT(Write(exchange, "next"), IsOk());
    exchange->End();
    const auto answer = client->Read();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, "halfnext");
    EXPECT_EQ(FindHeader(answer->headers, "Transfer-Encoding"), nullptr);
  }
}

TEST_P(StreamTest, AnAnswerOfKnownLengthThatIsAbortedIsNotWhole) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {{"Content-Length", "8"}});
  EXPECT_THAT(Write(exchange, "half"), IsOk());
  exchange->Abort();
  EXPECT_EQ(client->Read(), std::nullopt);
}

TEST_P(StreamTest, ToHttp10APlainBodyEndsByTheClose) {
  for (const bool whole : {true, false}) {
    const auto client = Connect();
    ASSERT_TRUE(client->Send("GET /hand HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const ExchangePtr exchange = exchange_.Take();
    exchange->Begin(200, {});
    EXPECT_THAT(Write(exchange, "text"), IsOk());
    const auto head = client->Read();
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(FindHeader(head->headers, "Transfer-Encoding"), nullptr);
    EXPECT_EQ(FindHeader(head->headers, "Connection"), nullptr);
    whole ? exchange->End() : exchange->Abort();
    bool clean = false;
    const std::string text = client->ReadToEnd(&clean);
    EXPECT_EQ(clean, whole);
    if (whole) {
      EXPECT_EQ(text, "text");
    }
  }
}

TEST_P(StreamTest, WithoutAnAnswerOrByAnExceptionItIsA500) {
  const auto client = Connect();
  EXPECT_EQ(client->Exchange(Get("/never"))->status, 500);
  const auto thrown = client->Exchange(Get("/throws"));
  EXPECT_EQ(thrown->status, 500);
  EXPECT_EQ(thrown->body.find("secret"), std::string::npos);
  EXPECT_EQ(client->Exchange(Get("/quick"))->body, "quick");
}

TEST_P(StreamTest, LettingGoInTheMiddleCutsTheAnswer) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  exchange_.Take()->Begin(200, {});
  EXPECT_EQ(client->Read()->status, 200);
  EXPECT_EQ(client->ReadChunk(), std::nullopt);
}

TEST_P(StreamTest, AMalformedHeaderMakesItA500) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {{"X-Bad", "a\r\nb"}});
  EXPECT_THAT(Write(exchange, "lost"), StatusIs(absl::StatusCode::kCancelled));
  exchange->End();
  EXPECT_EQ(client->Read()->status, 500);
}

TEST_P(StreamTest, ABadOrTooLargeBodyIsToldToTheReader) {
  const auto bad = Connect();
  ASSERT_TRUE(bad->Send(ChunkedHead("/echo") + "zz\r\n"));
  EXPECT_EQ(bad->Read()->status, 400);
  EXPECT_EQ(bad->ReadToEnd(), "");
  const auto endless = Connect();
  ASSERT_TRUE(endless->Send(ChunkedHead("/echo") + "1;" + std::string(40'000, 'x')));
  EXPECT_EQ(endless->Read()->status, 400);
  const auto large = Connect();
  ASSERT_TRUE(large->Send(ChunkedHead("/small") + Chunk("12345") + Chunk("123456")));
  EXPECT_EQ(large->Read()->status, 400);
  EXPECT_EQ(Connect()->Exchange(Post("/small", "12345678901"))->status, 413);
}

TEST_P(StreamTest, WhoSendsNoPieceInTimeIsGivenUp) {
  HttpLimits limits;
  limits.idle_timeout = milliseconds(50);
  Start(limits);
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/echo") + Chunk("one")));
  EXPECT_EQ(client->Read()->status, 504);
}

TEST_P(StreamTest, WhoTakesNothingIsCut) {
  HttpLimits limits;
  limits.write_timeout = milliseconds(50);
  Start(limits);
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/hand")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {});
  EXPECT_THAT(Write(exchange, std::string(64 << 20, 'x')), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(exchange->gone());
}

TEST_P(StreamTest, AClientThatLeavesIsNoticedWhileNothingIsWritten) {
  for (const bool reset : {false, true}) {
    const auto client = Connect();
    ASSERT_TRUE(client->Send(Get("/hand")));
    const ExchangePtr exchange = exchange_.Take();
    Box<bool> left;
    exchange->Begin(200, {});
    exchange->OnGone([&] { left.Put(true); });
    EXPECT_EQ(client->Read()->status, 200);
    EXPECT_FALSE(exchange->gone());
    client->Close(reset);
    EXPECT_TRUE(left.Take());
    EXPECT_TRUE(exchange->gone());
  }
}

TEST_P(StreamTest, AClientThatLeavesWhileAHandlerWorksIsNoticed) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/later")));
  const auto responder = responder_.Take();
  ASSERT_TRUE(responder.has_value());
  Box<bool> left;
  responder->OnGone([&] { left.Put(true); });
  EXPECT_FALSE(responder->gone());
  client->Close();
  EXPECT_TRUE(left.Take());
  EXPECT_TRUE(responder->gone());
  responder->Answer(TextResponse("late"));
}

TEST_P(StreamTest, AClientThatLeavesInTheMiddleOfItsBodyIsToldToTheReader) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(ChunkedHead("/hand") + Chunk("one")));
  const ExchangePtr exchange = exchange_.Take();
  EXPECT_EQ(Next(exchange)->value(), "one");
  client->Close();
  EXPECT_THAT(Next(exchange), StatusIs(absl::StatusCode::kCancelled));
}

TEST_P(StreamTest, WhoHasSentAllAndClosesHisHalfGetsHisAnswers) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send(Get("/quick") + Get("/quick")));
  client->FinishSending();
  EXPECT_EQ(client->Read()->body, "quick");
  EXPECT_EQ(client->Read()->body, "quick");
  EXPECT_EQ(client->ReadToEnd(), "");
}

TEST_P(StreamTest, AStopWaitsForAStreamAndCutsItAfterTheDrain) {
  const auto ending = Connect();
  ASSERT_TRUE(ending->Send(Get("/hand")));
  ExchangePtr ends = exchange_.Take();
  ends->Begin(200, {});
  EXPECT_EQ(ending->Read()->status, 200);
  const auto staying = Connect();
  ASSERT_TRUE(staying->Send(Get("/hand")));
  ExchangePtr stays = exchange_.Take();
  Box<bool> cut;
  stays->OnGone([&] { cut.Put(true); });
  std::thread stop([this] { server_->Stop(milliseconds(200)); });
  ends->End();
  EXPECT_EQ(ending->ReadChunk(), "");
  EXPECT_TRUE(cut.Take());
  EXPECT_EQ(staying->ReadToEnd(), "");
  ends.reset();
  stays.reset();
  stop.join();
}

TEST_P(StreamTest, HeadHasNoBodyWhateverIsWritten) {
  const auto client = Connect();
  ASSERT_TRUE(client->Send("HEAD /hand HTTP/1.1\r\nHost: localhost\r\n\r\n" + Get("/quick")));
  const ExchangePtr exchange = exchange_.Take();
  exchange->Begin(200, {});
  EXPECT_THAT(Write(exchange, "text"), IsOk());
  exchange->End();
  EXPECT_EQ(client->Read(/*has_body=*/false)->status, 200);
  EXPECT_EQ(client->Read()->body, "quick");
}

}  // namespace
}  // namespace cairn::http
