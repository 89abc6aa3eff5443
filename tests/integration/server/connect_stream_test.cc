// Streams over HTTP as Connect has them, with the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/watch.pb.h"
#include "google/protobuf/util/json_util.h"
#include "lib/base/digest.h"
#include "lib/http/gzip.h"
#include "tests/testing/connect_call.h"
#include "tests/testing/eventually.h"
#include "tests/testing/noise.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::protobuf::Message;
using testing::ConnectCall;
using testing::EnvelopeOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Noise;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kWrite = "/cairn.v1.ArtifactService/Write";
constexpr const char* kRead = "/cairn.v1.ArtifactService/Read";
constexpr const char* kWatch = "/cairn.v1.WatchService/Watch";
constexpr const char* kLog = "/cairn.v1.TrackingService/LogMetrics";
constexpr const char* kCurve = "/cairn.v1.TrackingService/ReadMetrics";
constexpr const char* kJson = "application/connect+json";
constexpr const char* kProto = "application/connect+proto";

std::string Encoded(const Message& message, const std::string& type) {
  if (type == kProto) return message.SerializeAsString();
  std::string json;
  EXPECT_THAT(google::protobuf::util::MessageToJsonString(message, &json), IsOk());
  return json;
}

void Decode(const ConnectCall::Message& from, const std::string& type, Message& message) {
  http::GunzipLimits limits;
  limits.max_ratio = 2000;
  const std::string bytes =
      (from.flags & 1) != 0 ? http::Gunzip(from.bytes, limits).value() : from.bytes;
  if (type == kProto) {
    EXPECT_TRUE(message.ParseFromString(bytes));
  } else {
    EXPECT_THAT(google::protobuf::util::JsonStringToMessage(bytes, &message), IsOk()) << bytes;
  }
}

// The code of the error in the end of a stream; "" for a good end, "none" without an end.
std::string CodeOf(const std::optional<ConnectCall::Message>& end) {
  if (!end.has_value() || !end->ends()) return "none";
  const Json json = Json::parse(end->bytes, nullptr, /*allow_exceptions=*/false);
  return json.contains("error") ? json["error"]["code"].get<std::string>() : "";
}

class ConnectStreamTest : public ::testing::Test {
 protected:
  ConnectStreamTest() : server_(folder_ / "store", {"--drain-millis", "500"}) {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  const std::string& address() const { return server_.http_address(); }

  // A call that sends all of its request at once.
  std::unique_ptr<ConnectCall> Call(const std::string& path, const std::string& body,
                                    const std::string& type = kJson,
                                    const std::string& headers = "") const {
    auto call = std::make_unique<ConnectCall>(address(), path, type, headers);
    call->Send(body);
    call->End();
    return call;
  }

  // How a call that has no answers ends.
  std::string CodeOfCall(const std::string& path, const std::string& body,
                         const std::string& headers = "") const {
    const auto call = Call(path, body, kJson, headers);
    EXPECT_EQ(call->Status(), 200) << call->head();
    std::string code = CodeOf(call->Next());
    EXPECT_EQ(call->Rest(), "");
    EXPECT_TRUE(call->whole());
    return code;
  }

  std::string Unary(const std::string& path, const std::string& body) const {
    ConnectCall call(address(), path, "application/json");
    call.Send(body);
    call.End();
    EXPECT_EQ(call.Status(), 200);
    return call.Rest();
  }

  std::string NewRun() const {
    return Json::parse(Unary("/cairn.v1.TrackingService/CreateRun",
                             R"({"parent": "experiments/0", "run": {}})"))["name"];
  }

  // Uploads `data` with messages of 1 MiB.
  v1::WriteResponse Upload(const std::string& data, const std::string& type) const {
    const Digest digest = DigestOf(data);
    ConnectCall call(address(), kWrite, type);
    for (size_t at = 0; at < data.size(); at += 1 << 20) {
      v1::WriteRequest part;
      if (at == 0) {
        part.set_resource_name("uploads/0b5d2f6a-6f0c-4a58-9d0e-0123456789ab/blobs/" +
                               digest.Hex() + "/" + std::to_string(data.size()));
      }
      part.set_write_offset(static_cast<int64_t>(at));
      part.set_data(data.substr(at, 1 << 20));
      part.set_finish_write(at + (1 << 20) >= data.size());
      EXPECT_TRUE(call.Send(EnvelopeOf(Encoded(part, type))));
    }
    call.End();
    EXPECT_EQ(call.Status(), 200);
    v1::WriteResponse response;
    const auto message = call.Next();
    EXPECT_TRUE(message.has_value() && !message->ends()) << (message ? message->bytes : "");
    if (message.has_value() && !message->ends()) Decode(*message, type, response);
    EXPECT_EQ(CodeOf(call.Next()), "");
    return response;
  }

  static v1::ReadRequest ReadOf(const std::string& data) {
    v1::ReadRequest request;
    request.mutable_digest()->set_sha256(Sha256Hex(data));
    request.mutable_digest()->set_size_bytes(static_cast<int64_t>(data.size()));
    return request;
  }

  std::string Metrics() const { return testing::HttpGet(address(), "/metrics"); }

  // Metrics are what tells how many there are.
  void WaitUntilCallsInFlight(int calls) const {
    const std::string line = "\ncairn_calls_in_flight " + std::to_string(calls) + "\n";
    EXPECT_TRUE(testing::Eventually([&] { return Metrics().find(line) != std::string::npos; }))
        << calls << " calls in flight are awaited";
  }

  const TempFolder folder_;
  ServerProcess server_;
};

TEST_F(ConnectStreamTest, BlobsGoUpAndDownInBothCodecs) {
  std::string data = Noise(20 << 20);
  for (const std::string type : {kProto, kJson}) {
    data[0] = type == kProto ? 'p' : 'j';  // another blob
    EXPECT_EQ(Upload(data, type).committed_size_bytes(), static_cast<int64_t>(data.size()));
    const auto call = Call(kRead, EnvelopeOf(Encoded(ReadOf(data), type)), type);
    EXPECT_EQ(call->Status(), 200);
    EXPECT_THAT(call->head(), HasSubstr("Content-Type: " + type));
    std::string read;
    auto message = call->Next();
    for (; message.has_value() && !message->ends(); message = call->Next()) {
      v1::ReadResponse part;
      Decode(*message, type, part);
      read += part.data();
    }
    EXPECT_EQ(CodeOf(message), "");
    EXPECT_EQ(call->Rest(), "");
    EXPECT_TRUE(call->whole());
    EXPECT_TRUE(read == data) << read.size();
  }
}

TEST_F(ConnectStreamTest, MessagesAreCompressedWhereThatHelps) {
  const std::string text(3 << 20, 'x');
  const std::string noise = Noise(3 << 20);
  const auto packed_of = [this](const std::string& data) {
    EXPECT_EQ(Upload(data, kProto).committed_size_bytes(), static_cast<int64_t>(data.size()));
    const std::string request = http::Gzip(ReadOf(data).SerializeAsString());
    const auto call = Call(kRead, EnvelopeOf(request, 1), kProto,
                           "Connect-Content-Encoding: gzip\r\nConnect-Accept-Encoding: gzip\r\n");
    EXPECT_EQ(call->Status(), 200);
    EXPECT_THAT(call->head(), HasSubstr("Connect-Content-Encoding: gzip"));
    std::string read;
    int packed = 0;
    auto message = call->Next();
    for (; message.has_value() && !message->ends(); message = call->Next()) {
      v1::ReadResponse part;
      Decode(*message, kProto, part);
      read += part.data();
      packed += message->flags & 1;
    }
    EXPECT_EQ(CodeOf(message), "");
    EXPECT_TRUE(read == data);
    return packed;
  };
  EXPECT_GT(packed_of(text), 10);
  EXPECT_EQ(packed_of(noise), 0);
}

TEST_F(ConnectStreamTest, AWatchTellsOfCommitsAndEndsWithTheServer) {
  const auto call = Call(kWatch, EnvelopeOf(""), kProto);
  v1::WatchResponse told;
  const auto begin = call->Next();
  ASSERT_TRUE(begin.has_value() && !begin->ends());
  const std::string run = NewRun();
  while (told.events_size() == 0) {
    const auto message = call->Next();
    ASSERT_TRUE(message.has_value() && !message->ends());
    Decode(*message, kProto, told);
  }
  EXPECT_EQ(told.events(0).resource(), run);
  EXPECT_EQ(server_.Stop(), 0);
  auto end = call->Next();
  while (end.has_value() && !end->ends()) end = call->Next();
  EXPECT_EQ(CodeOf(end), "unavailable");
  EXPECT_EQ(call->Rest(), "");
  EXPECT_TRUE(call->whole());
}

TEST_F(ConnectStreamTest, AStopEndsCallsThatWaitForTheirClients) {
  const std::string data = Noise(20 << 20);
  Upload(data, kProto);
  ConnectCall upload(address(), kWrite, kJson);
  upload.Send(EnvelopeOf(std::string(100'000, 'x')).substr(0, 90'000));
  ConnectCall log(address(), kLog, kJson);
  ConnectCall batch(address(), "/cairn.v1.ArtifactService/BatchUpdateBlobs", "application/json");
  batch.Send("{");
  const auto read = Call(kRead, EnvelopeOf(Encoded(ReadOf(data), kJson)));
  EXPECT_EQ(read->Status(), 200);
  WaitUntilCallsInFlight(4);
  EXPECT_EQ(server_.Stop(), 0);
  read->Rest();
  EXPECT_FALSE(read->whole());
}

TEST_F(ConnectStreamTest, ADeadlineEndsAStreamInTheMiddle) {
  const auto call = Call(kWatch, EnvelopeOf("{}"), kJson, "Connect-Timeout-Ms: 300\r\n");
  const auto begin = call->Next();
  ASSERT_TRUE(begin.has_value() && !begin->ends());
  EXPECT_EQ(CodeOf(call->Next()), "deadline_exceeded");
  // Also one that waits for its client.
  ConnectCall upload(address(), kWrite, kJson, "Connect-Timeout-Ms: 300\r\n");
  upload.Send(EnvelopeOf("{}").substr(0, 3));
  EXPECT_EQ(CodeOf(upload.Next()), "deadline_exceeded");
  ConnectCall log(address(), kLog, kJson, "Connect-Timeout-Ms: 300\r\n");
  EXPECT_EQ(CodeOf(log.Next()), "deadline_exceeded");
  WaitUntilCallsInFlight(0);
}

TEST_F(ConnectStreamTest, AClientThatLeavesEndsItsCall) {
  const std::string data = Noise(8 << 20);
  Upload(data, kProto);
  std::vector<std::unique_ptr<ConnectCall>> calls;
  calls.push_back(Call(kWatch, EnvelopeOf("{}")));
  calls.push_back(Call(kRead, EnvelopeOf(Encoded(ReadOf(data), kJson))));
  for (const auto& call : calls) EXPECT_EQ(call->Status(), 200);
  calls.push_back(std::make_unique<ConnectCall>(address(), kLog, kJson));
  calls.push_back(std::make_unique<ConnectCall>(address(), kWrite, kJson));
  calls.back()->Send(EnvelopeOf(std::string(100'000, 'x')).substr(0, 90'000));
  WaitUntilCallsInFlight(4);
  for (const auto& call : calls) call->Leave();
  WaitUntilCallsInFlight(0);
  const std::string metrics = Metrics();
  for (const char* method : {kWatch, kRead, kLog, kWrite}) {
    EXPECT_THAT(metrics, HasSubstr("cairn_calls_total{method=\"" + std::string(method).substr(1) +
                                   "\",code=\"CANCELLED\"} 1"));
  }
}

TEST_F(ConnectStreamTest, ReadersThatTakeNothingHoldLittle) {
  const std::string data = Noise(20 << 20);
  Upload(data, kProto);
  const int64_t before = testing::PeakResidentBytes(server_.pid());
  std::vector<std::unique_ptr<ConnectCall>> stalled;
  for (int i = 0; i < 40; ++i) {
    stalled.push_back(Call(kRead, EnvelopeOf(Encoded(ReadOf(data), kJson))));
    EXPECT_EQ(stalled.back()->Status(), 200);
  }
  // Others are answered meanwhile.
  EXPECT_THAT(NewRun(), HasSubstr("experiments/0/runs/"));
  EXPECT_LT(testing::PeakResidentBytes(server_.pid()) - before, int64_t{160} << 20);
  // They get the rest when they take it.
  auto message = stalled[0]->Next();
  while (message.has_value() && !message->ends()) message = stalled[0]->Next();
  EXPECT_EQ(CodeOf(message), "");
  stalled.clear();
  WaitUntilCallsInFlight(0);
}

TEST_F(ConnectStreamTest, MetricsAreAcknowledgedAtTheEnd) {
  const std::string run = NewRun();
  const auto batch = [&run](int number) {
    const Json columns = {{"key", "loss"}, {"steps", {std::to_string(number)}}, {"values", {0.5}}};
    return EnvelopeOf(Json{
        {"run", run}, {"batchNumber", std::to_string(number)}, {"metrics", Json::array({columns})}}
                          .dump());
  };
  std::string body;
  for (int i = 1; i <= 100; ++i) body += batch(i);
  const auto good = Call(kLog, body);
  auto message = good->Next();
  ASSERT_TRUE(message.has_value() && !message->ends()) << message->bytes;
  EXPECT_EQ(Json::parse(message->bytes)["acknowledgedBatchNumber"], "100");
  EXPECT_EQ(CodeOf(good->Next()), "");

  // What was stored before an error is acknowledged too.
  const auto bad = Call(kLog, batch(101) + batch(7));
  message = bad->Next();
  ASSERT_TRUE(message.has_value() && !message->ends());
  EXPECT_EQ(Json::parse(message->bytes)["acknowledgedBatchNumber"], "101");
  EXPECT_EQ(CodeOf(bad->Next()), "invalid_argument");

  const auto curve = Call(kCurve, EnvelopeOf(Json{{"run", run}, {"key", "loss"}}.dump()));
  message = curve->Next();
  ASSERT_TRUE(message.has_value() && !message->ends());
  EXPECT_EQ(Json::parse(message->bytes)["columns"]["steps"].size(), 101u);
}

// As a browser reads them; a curve of many buckets is still one message.
TEST_F(ConnectStreamTest, CurvesOfManyRunsComeInOrderEachInOneMessage) {
  constexpr const char* kCurves = "/cairn.v1.TrackingService/ReadCurves";
  Json request = {{"keys", Json::array({"loss"})}, {"maxBuckets", 10'000}};
  for (int r = 0; r < 3; ++r) {
    request["runs"].push_back(NewRun());
    if (r == 1) continue;
    Json columns = {{"key", "loss"}};
    for (int i = 0; i < 20'000; ++i) {
      columns["steps"].push_back(i);
      columns["values"].push_back(0.5 * i + r);
    }
    Unary("/cairn.v1.TrackingService/LogBatch",
          Json{{"run", request["runs"][r]}, {"metrics", Json::array({columns})}}.dump());
  }
  v1::ReadCurvesRequest message;
  ASSERT_THAT(google::protobuf::util::JsonStringToMessage(request.dump(), &message), IsOk());
  for (const char* type : {kJson, kProto}) {
    const auto call = Call(kCurves, EnvelopeOf(Encoded(message, type)), type);
    for (const int r : {0, 2}) {
      const auto part = call->Next();
      ASSERT_TRUE(part.has_value() && !part->ends()) << type;
      v1::ReadCurvesResponse curve;
      Decode(*part, type, curve);
      EXPECT_EQ(curve.run(), message.runs(r));
      EXPECT_EQ(curve.point_count(), 20'000);
      ASSERT_EQ(curve.min_values().size(), 10'000 * sizeof(double));
      double second = 0;
      std::memcpy(&second, curve.min_values().data() + sizeof(double), sizeof(second));
      EXPECT_EQ(second, 1.0 + r);
    }
    EXPECT_EQ(CodeOf(call->Next()), "");
  }
  message.add_runs("experiments/0/runs/00000000000000000000000000000000");
  EXPECT_EQ(CodeOfCall(kCurves, EnvelopeOf(Encoded(message, kJson))), "not_found");
  message.clear_keys();
  EXPECT_EQ(CodeOfCall(kCurves, EnvelopeOf(Encoded(message, kJson))), "invalid_argument");
}

TEST_F(ConnectStreamTest, ErrorsStandInTheEndOfTheStream) {
  EXPECT_EQ(
      CodeOfCall(
          kCurve,
          EnvelopeOf(
              R"({"run": "experiments/0/runs/00000000000000000000000000000000", "key": "k"})")),
      "not_found");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{\"run\": ")), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, ""), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}") + EnvelopeOf("{}")), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}").substr(0, 6)), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}", 4)), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}", 1)), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}", 1), "Connect-Content-Encoding: gzip\r\n"),
            "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}"), "Connect-Content-Encoding: br\r\n"),
            "unimplemented");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}"), "Connect-Protocol-Version: 2\r\n"),
            "invalid_argument");
  EXPECT_EQ(CodeOfCall(kCurve, EnvelopeOf("{}"), "Connect-Timeout-Ms: 0\r\n"), "deadline_exceeded");
  for (const char* path : {kCurve, kWrite, kLog}) {
    EXPECT_EQ(CodeOfCall(path, EnvelopeOf(std::string((4 << 20) + 1, ' '))), "resource_exhausted")
        << path;
  }
  EXPECT_EQ(CodeOfCall(kWrite, ""), "invalid_argument");
  EXPECT_EQ(CodeOfCall(kLog, ""), "");
  EXPECT_EQ(Call(kCurve, "{}", "application/json")->Status(), 415);
}

}  // namespace
}  // namespace cairn
