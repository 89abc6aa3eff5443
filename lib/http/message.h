#ifndef CAIRN_LIB_HTTP_MESSAGE_H_
#define CAIRN_LIB_HTTP_MESSAGE_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace cairn::http {

// A header field, a query parameter or a path parameter.
struct NameValue {
  std::string name;
  std::string value;
};

// Pairs in the order they arrived; names may repeat.
using NameValues = std::vector<NameValue>;

// Whether the header has this name, in any case.
bool IsHeader(const NameValue& header, std::string_view name);

// The value of the first pair named `name`, or null. Header names compare
// without regard to ASCII case, query and path parameters exactly. The pointer
// lives as long as the list is left alone.
const std::string* FindHeader(const NameValues& headers, std::string_view name);
const std::string* FindExact(const NameValues& values, std::string_view name);

// The name of the first header that says one thing only (Host, Authorization, Content-Type, …) and
// is there more than once; empty for none. Whoever stands in between may have looked at another
// one.
std::string_view RepeatedHeader(const NameValues& headers);

// Whether a line of a header begins with a blank and so goes on with the one before (RFC
// 9112, 5.2). Not every reader puts the two together, so two of them may see different headers.
bool HasFoldedLine(std::string_view head);

// Replaces every header named `name`, or adds one.
void SetHeader(NameValues& headers, std::string_view name, std::string_view value);

// One request as a handler sees it, complete in memory; for a StreamHandler without its body.
//
// A plain value: a handler may keep a copy, and const access is safe from any
// thread.
struct Request {
  std::string method;  // upper case as sent: "GET"
  std::string path;    // as sent, still percent-encoded, without the query
  NameValues params;   // from {name} in the route's pattern, decoded once
  NameValues query;    // decoded once, '+' is a blank
  NameValues headers;
  std::string body;
  std::string peer;         // the client's address, "127.0.0.1:40312"
  std::string certificate;  // whom the client's certificate names (tls::CertificateIdentity); or ""
  std::chrono::steady_clock::time_point began;     // when its head was complete
  std::chrono::steady_clock::time_point received;  // when all of it was

  // A path parameter; empty when the pattern has none of this name.
  std::string_view Param(std::string_view name) const;
  // The first query parameter of this name, or null.
  const std::string* Query(std::string_view name) const { return FindExact(query, name); }
  // The first header of this name, or null.
  const std::string* Header(std::string_view name) const { return FindHeader(headers, name); }
};

// What a handler answers.
//
// Content-Length, Connection, Date and the security headers are added by the
// server; a security header that the handler sets itself is kept. Header
// values must not hold control characters: such an answer becomes a 500.
struct Response {
  int status = 200;
  NameValues headers;
  std::string body;
  // Let go once the answer was written or dropped: what counts its bytes as held, for example.
  std::shared_ptr<void> held = nullptr;
};

// `body` with status 200 and the content type given.
Response TextResponse(std::string body,
                      std::string_view content_type = "text/plain; charset=utf-8");
Response JsonResponse(std::string json, int status = 200);

// The error body of this project over HTTP:
//
//   {"error": {"code": 404, "status": "NOT_FOUND", "message": "…"}}
//
// `message` must not repeat what the client sent.
Response ErrorResponse(int status, std::string_view message);

// As above with the HTTP status that belongs to the code of `error`.
// REQUIRES: !error.ok()
Response ErrorResponse(const absl::Status& error);

// The HTTP status for a canonical code: 404 for NOT_FOUND, 500 for INTERNAL.
int HttpStatus(absl::StatusCode code);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_MESSAGE_H_
