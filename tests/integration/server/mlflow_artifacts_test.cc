// Files of MLflow's clients, through the proxy for artifacts of the real server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "tests/integration/server/mlflow_reply.h"
#include "tests/testing/raw_call.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::ServerProcess;
using testing::TempFolder;
using Json = nlohmann::json;

constexpr const char* kProxy = "/api/2.0/mlflow-artifacts/artifacts/";

// Bytes that no two places share.
std::string NoiseOf(size_t size) {
  std::string bytes(size, '\0');
  uint64_t state = 88172645463325252u;
  for (char& c : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return bytes;
}

class MlflowArtifactsTest : public ::testing::Test {
 protected:
  MlflowArtifactsTest() : server_(folder_ / "store") {}

  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    experiment_ = Post("experiments/create", {{"name", "files"}}).value("experiment_id", "");
    run_ = NewRun();
    ASSERT_EQ(run_.size(), 32u);
  }

  MlflowReply Send(const std::string& verb, const std::string& target, const std::string& body,
                   const std::string& headers = "") const {
    return Ask(server_.http_address(), verb, target, body, headers);
  }
  Json Post(const std::string& path, const Json& body) const {
    return Send("POST", "/api/2.0/mlflow/" + path, body.dump(),
                "Content-Type: application/json\r\n")
        .json();
  }
  std::string NewRun() const {
    return Post("runs/create", {{"experiment_id", experiment_}})["run"]["info"].value("run_id", "");
  }
  std::string Root() const { return experiment_ + "/" + run_ + "/artifacts"; }
  std::string FileAt(const std::string& path) const { return kProxy + Root() + "/" + path; }

  MlflowReply Put(const std::string& path, const std::string& body) const {
    return Send("PUT", FileAt(path), body, "Content-Type: application/octet-stream\r\n");
  }
  MlflowReply Get(const std::string& path, const std::string& headers = "") const {
    return Send("GET", FileAt(path), "", headers);
  }
  // What a presigned URL has behind the server's address.
  std::string Presigned(const std::string& path) const {
    const MlflowReply made =
        Send("GET", "/api/2.0/mlflow-artifacts/presigned/" + Root() + "/" + path, "");
    EXPECT_EQ(made.status, 200) << made.body;
    const std::string url = made.json().value("url", "");
    const std::string server = "http://localhost";  // the host that Ask names
    EXPECT_EQ(url.substr(0, server.size() + 1), server + "/");
    return url.substr(server.size());
  }
  Json List(const std::string& path) const {
    return Send("GET", "/api/2.0/mlflow-artifacts/artifacts?path=" + Root() + path, "").json();
  }

  const TempFolder folder_;
  ServerProcess server_;
  std::string experiment_;
  std::string run_;
};

TEST_F(MlflowArtifactsTest, AFileComesBackAsItWasSent) {
  const MlflowReply put = Put("plots/a%20b.html", "<script>1</script>");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.body, "");
  const MlflowReply got = Get("plots/a%20b.html");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "<script>1</script>");
  EXPECT_THAT(got.headers, HasSubstr("Content-Length: 18\r\n"));
  EXPECT_THAT(got.headers, HasSubstr("Content-Disposition: attachment; filename=\"a b.html\""));
  EXPECT_THAT(got.headers, HasSubstr("X-Content-Type-Options: nosniff"));
  EXPECT_THAT(got.headers, HasSubstr("Content-Security-Policy: sandbox"));
  EXPECT_EQ(Send("GET", "/get-artifact?path=plots/a%20b.html&run_id=" + run_, "").body, got.body);
  EXPECT_EQ(
      Send("GET", "/ajax-api/2.0/mlflow-artifacts/artifacts/" + Root() + "/plots/a%20b.html", "")
          .body,
      got.body);

  EXPECT_EQ(Put("empty", "").status, 200);
  const MlflowReply empty = Get("empty");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
}

TEST_F(MlflowArtifactsTest, AChunkedBodyReplacesWhatStoodThere) {
  ASSERT_EQ(Put("model/MLmodel", "old").status, 200);
  const MlflowReply put = ReplyOf(testing::HttpExchange(
      server_.http_address(), "PUT " + FileAt("model/MLmodel") +
                                  " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nnew\r\n5\r\n text\r\n0\r\n\r\n"));
  EXPECT_EQ(put.status, 200) << put.body;
  const MlflowReply got = Get("model/MLmodel");
  EXPECT_EQ(got.body, "new text");
  EXPECT_THAT(got.headers, HasSubstr("Content-Type: text/plain"));
}

TEST_F(MlflowArtifactsTest, AHundredMebibytesGoThroughLittleMemory) {
  const std::string bytes = NoiseOf(size_t{100} << 20);
  const int64_t before = testing::PeakResidentBytes(server_.pid());
  ASSERT_GT(before, 0);
  const MlflowReply put = Put("large.bin", bytes);
  ASSERT_EQ(put.status, 200) << put.body;
  const MlflowReply got = Get("large.bin");
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.body == bytes);
  EXPECT_THAT(got.headers, HasSubstr("Content-Length: 104857600\r\n"));
  EXPECT_LT(testing::PeakResidentBytes(server_.pid()) - before, int64_t{48} << 20);

  const MlflowReply part = Get("large.bin", "Range: bytes=52428799-52428809\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, bytes.substr(52428799, 11));
  EXPECT_THAT(part.headers, HasSubstr("Content-Range: bytes 52428799-52428809/104857600"));
  const MlflowReply behind = Get("large.bin", "Range: bytes=104857600-\r\n");
  EXPECT_EQ(behind.status, 416);
  EXPECT_THAT(behind.headers, HasSubstr("Content-Range: bytes */104857600"));
}

TEST_F(MlflowArtifactsTest, DirectoriesAreListedByName) {
  for (const char* path : {"a.txt", "a/b.txt", "a/c/d.txt", "a-z.txt"}) {
    ASSERT_EQ(Put(path, "12345").status, 200) << path;
  }
  const Json file = {{"path", "a.txt"}, {"is_dir", false}, {"file_size", 5}};
  EXPECT_EQ(List("")["files"], (Json{{{"path", "a"}, {"is_dir", true}},
                                     {{"path", "a-z.txt"}, {"is_dir", false}, {"file_size", 5}},
                                     file}));
  EXPECT_EQ(List("/a")["files"], (Json{{{"path", "b.txt"}, {"is_dir", false}, {"file_size", 5}},
                                       {{"path", "c"}, {"is_dir", true}}}));
  EXPECT_EQ(List("/a.txt"), Json::object());
  EXPECT_EQ(List("/none"), Json::object());
  const Json whole = Send("GET", "/api/2.0/mlflow/artifacts/list?path=a&run_id=" + run_, "").json();
  EXPECT_EQ(whole["files"][0]["path"], "a/b.txt");
  EXPECT_EQ(whole["files"][1], (Json{{"path", "a/c"}, {"is_dir", true}}));
  EXPECT_EQ(whole["files"].size(), 2u);
  // Clients of version 3 ask this first.
  EXPECT_EQ(Post("logged-models/search", {{"experiment_ids", {experiment_}}}), Json::object());
}

TEST_F(MlflowArtifactsTest, WhatIsNotThereIsSaidAtOnce) {
  EXPECT_EQ(Get("none").status, 404);
  EXPECT_EQ(Get("none").code(), "RESOURCE_DOES_NOT_EXIST");
  const std::string other = Post("experiments/create", {{"name", "other"}})["experiment_id"];
  ASSERT_EQ(Put("a.txt", "1").status, 200);
  const std::string moved = kProxy + other + "/" + run_ + "/artifacts/a.txt";
  EXPECT_EQ(Send("GET", moved, "").status, 404);
  EXPECT_EQ(Send("PUT", moved, "1").code(), "RESOURCE_DOES_NOT_EXIST");
  EXPECT_EQ(
      Send("PUT", kProxy + experiment_ + "/" + std::string(32, '0') + "/artifacts/a", "1").code(),
      "RESOURCE_DOES_NOT_EXIST");
}

TEST_F(MlflowArtifactsTest, FilesAndTreesAreDeletedAndRootsAreNot) {
  for (const char* path : {"a/b", "a/c", "d"}) ASSERT_EQ(Put(path, "1").status, 200);
  EXPECT_EQ(Send("DELETE", kProxy + Root(), "").status, 400);
  EXPECT_EQ(Send("DELETE", FileAt("."), "").status, 400);
  EXPECT_EQ(Send("DELETE", FileAt("%252e"), "").status, 400);
  EXPECT_EQ(List("")["files"].size(), 2u);
  EXPECT_EQ(Send("DELETE", FileAt("a"), "").status, 200);
  EXPECT_EQ(List("/a"), Json::object());
  EXPECT_EQ(Send("DELETE", FileAt("d"), "").body, "{}");
  EXPECT_EQ(Send("DELETE", FileAt("d"), "").status, 200);
  EXPECT_EQ(List(""), Json::object());
}

TEST_F(MlflowArtifactsTest, PathsThatLeadElsewhereAreRefused) {
  const std::vector<std::string> reaching = {
      "%252e%252e/a",
      "%25252e%25252e%25252fa",
      "..%2fa",
      "a%2f..%2fb",
      "a%5cb",
      "a%23b",
      "a%3fb",
      "a;b",
      "C:/a",
      "%2fetc",
      "a%2500b",
      "%c0%ae%c0%ae/a",
      "%252fetc%252fpasswd",
      "..%255cetc",
      "a%25c2%2585b",
      "file:a",
  };
  for (const std::string& path : reaching) {
    for (const char* verb : {"GET", "PUT", "DELETE"}) {
      const MlflowReply reply = Send(verb, FileAt(path), "");
      EXPECT_EQ(reply.status, 400) << verb << " " << path << " " << reply.body;
      EXPECT_EQ(reply.code(), "INVALID_PARAMETER_VALUE") << path;
      EXPECT_EQ(reply.json().value("message", ""), "Invalid path") << path;
    }
    const std::string query = "path=" + path + "&run_id=" + run_;
    EXPECT_EQ(Send("GET", "/get-artifact?" + query, "").status, 400) << path;
    EXPECT_EQ(Send("GET", "/api/2.0/mlflow/artifacts/list?" + query, "").status, 400) << path;
  }
  // These do not get past the HTTP server.
  for (const std::string path : {"../a", "%2e%2e/a", "a/%2E%2e/b", "a%00b", "a%0ab"}) {
    EXPECT_EQ(Send("GET", FileAt(path), "").status, 400) << path;
    EXPECT_EQ(Send("PUT", FileAt(path), "1").status, 400) << path;
  }
  EXPECT_EQ(Put("a//b", "1").status, 404);
  EXPECT_EQ(List(""), Json::object());
}

// The name that log_image of MLflow 2 makes of key, step, time and an id has escapes in it that
// nobody meant; clients escape it once more.
TEST_F(MlflowArtifactsTest, AnEscapeOfAControlCharacterStays) {
  const std::string name = "img%step%3%timestamp%1796116811%17ab.png";
  const std::string sent = "images/img%25step%253%25timestamp%251796116811%2517ab.png";
  ASSERT_EQ(Put(sent, "picture").status, 200);
  EXPECT_EQ(List("/images")["files"][0]["path"], name);
  EXPECT_EQ(Get(sent).body, "picture");
  EXPECT_EQ(Send("DELETE", FileAt(sent), "").status, 200);
  EXPECT_EQ(Get(sent).status, 404);
}

TEST_F(MlflowArtifactsTest, HalfAnUploadLeavesNothing) {
  const sockaddr_in target = testing::SocketAddress(server_.http_address());
  for (const std::string framing : {"Content-Length: 3000000", "Transfer-Encoding: chunked"}) {
    const bool chunked = framing.back() == 'd';
    const std::string text = "PUT " + FileAt("half.bin") + " HTTP/1.1\r\nHost: localhost\r\n" +
                             framing + "\r\n\r\n" + (chunked ? "200000\r\n" : "") +
                             NoiseOf(1'500'000);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&target), sizeof(target)), 0);
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      ASSERT_GT(n, 0);
      sent += static_cast<size_t>(n);
    }
    ::shutdown(fd, SHUT_WR);
    // The end of the connection is the end of the call.
    std::string answer;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;) {
      answer.append(buffer, static_cast<size_t>(n));
    }
    ::close(fd);
    EXPECT_EQ(answer.find(" 200 "), std::string::npos) << answer;
    EXPECT_EQ(List(""), Json::object());
  }
}

TEST_F(MlflowArtifactsTest, ClientsSendAndGetInOnePieceUnlessTheyAreTold) {
  const Json info = Send("GET", "/api/3.0/mlflow/server-info", "").json();
  EXPECT_EQ(info["multipart_uploads_enabled"], false);
  EXPECT_EQ(info["multipart_downloads_enabled"], false);
}

TEST_F(MlflowArtifactsTest, APresignedUrlGivesAnyRangeOfTheFile) {
  const std::string bytes = NoiseOf(3'000'000);
  ASSERT_EQ(Put("a%20dir/model.bin", bytes).status, 200);
  const MlflowReply made =
      Send("GET", "/api/2.0/mlflow-artifacts/presigned/" + Root() + "/a%20dir/model.bin", "");
  EXPECT_EQ(made.json()["file_size"], 3'000'000);
  EXPECT_EQ(made.json()["headers"], Json::object());
  const std::string target = Presigned("a%20dir/model.bin");
  EXPECT_EQ(Send("GET", target, "", "").body, bytes);

  // The ranges that a client asks for at once.
  constexpr size_t kPart = 700'000;
  std::string all;
  std::vector<std::future<MlflowReply>> parts;
  for (size_t begin = 0; begin < bytes.size(); begin += kPart) {
    const size_t last = std::min(begin + kPart, bytes.size()) - 1;
    parts.push_back(std::async(std::launch::async, [this, target, begin, last] {
      return Send("GET", target, "", fmt::format("Range: bytes={}-{}\r\n", begin, last));
    }));
  }
  for (auto& part : parts) {
    const MlflowReply answer = part.get();
    EXPECT_EQ(answer.status, 206) << answer.headers;
    all += answer.body;
  }
  EXPECT_TRUE(all == bytes);
  EXPECT_EQ(Send("GET", target, "", "Range: bytes=3000000-\r\n").status, 416);
}

TEST_F(MlflowArtifactsTest, APresignedUrlIsForOneFileAndForReading) {
  ASSERT_EQ(Put("a.bin", "mine").status, 200);
  ASSERT_EQ(Put("b.bin", "yours").status, 200);
  const std::string target = Presigned("a.bin");
  EXPECT_EQ(Send("PUT", target, "other").code(), "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(Send("DELETE", target, "").code(), "ENDPOINT_NOT_FOUND");
  std::string other = target;
  other.replace(other.find("/a.bin"), 6, "/b.bin");
  const MlflowReply refused = Send("GET", other, "", "");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.message(), HasSubstr("signature"));
  EXPECT_EQ(Send("GET", target.substr(0, target.find('?')), "", "").status, 400);
  EXPECT_EQ(Send("GET", target.substr(0, target.size() - 1), "", "").status, 403);
  EXPECT_EQ(Send("GET", target, "", "").body, "mine");
}

TEST_F(MlflowArtifactsTest, APresignedUrlIsOfOneContentAndEndsWithTheFile) {
  ASSERT_EQ(Put("a.bin", "before").status, 200);
  const std::string target = Presigned("a.bin");
  ASSERT_EQ(Put("a.bin", "behind").status, 200);
  // Ranges of two contents would be put together to a file that never was.
  EXPECT_EQ(Send("GET", target, "", "").body, "before");
  EXPECT_EQ(Send("GET", Presigned("a.bin"), "", "").body, "behind");
  ASSERT_EQ(Send("DELETE", FileAt("a.bin"), "").status, 200);
  EXPECT_EQ(Send("GET", target, "", "").status, 404);
  EXPECT_EQ(Send("GET", "/api/2.0/mlflow-artifacts/presigned/" + Root() + "/a.bin", "", "").status,
            404);
}

TEST_F(MlflowArtifactsTest, ARestartEndsPresignedUrls) {
  ASSERT_EQ(Put("a.bin", "mine").status, 200);
  const std::string target = Presigned("a.bin");
  server_.Stop();
  ASSERT_TRUE(server_.Start());
  EXPECT_EQ(Send("GET", target, "", "").status, 403);
  EXPECT_EQ(Send("GET", Presigned("a.bin"), "", "").body, "mine");
}

TEST_F(MlflowArtifactsTest, APresignedUrlHasTheSchemeOfTheProxyBefore) {
  ASSERT_EQ(Put("a.bin", "mine").status, 200);
  const MlflowReply made = Send("GET", "/api/2.0/mlflow-artifacts/presigned/" + Root() + "/a.bin",
                                "", "X-Forwarded-Proto: https\r\n");
  EXPECT_EQ(made.json().value("url", "").substr(0, 18), "https://localhost/");
}

}  // namespace
}  // namespace cairn
