#ifndef CAIRN_TESTS_INTEGRATION_SERVER_MLFLOW_REPLY_H_
#define CAIRN_TESTS_INTEGRATION_SERVER_MLFLOW_REPLY_H_

#include <nlohmann/json.hpp>
#include <string>

#include "tests/testing/server_process.h"

namespace cairn {

// What a server answers a client of MLflow; status 0 for what is no answer of HTTP.
struct MlflowReply {
  int status = 0;
  std::string headers;
  std::string body;

  // Discarded (nlohmann's word) if the body is no JSON.
  nlohmann::json json() const {
    return nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  }
  std::string code() const { return json().value("error_code", ""); }
  std::string message() const { return json().value("message", ""); }
};

inline MlflowReply ReplyOf(const std::string& text) {
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos || text.size() < 12) return {};
  return {std::stoi(text.substr(9, 3)), text.substr(0, end), text.substr(end + 4)};
}

// One request on a connection of its own. `headers` are whole lines, each with its end.
inline MlflowReply Ask(const std::string& address, const std::string& verb,
                       const std::string& target, const std::string& body,
                       const std::string& headers = "Content-Type: application/json\r\n") {
  return ReplyOf(testing::HttpExchange(
      address, verb + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                   headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
}

}  // namespace cairn

#endif  // CAIRN_TESTS_INTEGRATION_SERVER_MLFLOW_REPLY_H_
