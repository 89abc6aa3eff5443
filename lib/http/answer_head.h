#ifndef CAIRN_LIB_HTTP_ANSWER_HEAD_H_
#define CAIRN_LIB_HTTP_ANSWER_HEAD_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "lib/http/message.h"

namespace cairn::http {

// How an answer stands on the wire. All functions are pure but for the clock of the Date header.

// What goes in front of a body. Plain values.
struct AnswerHead {
  int status = 200;
  unsigned version = 11;  // of the request: 10 or 11
  bool keep_alive = true;
  bool chunked = false;                    // the length is not known yet
  std::optional<std::size_t> length = {};  // of the body; nullopt: no Content-Length
};

// Whether the status forbids a body (and a length).
inline bool HasNoBody(int status) { return status == 204 || status == 304; }

// Whether an answer with this status and these headers may stand on the wire: names and values hold
// what HTTP allows there.
bool IsSendable(int status, const NameValues& headers);

// Status line and headers with the blank line behind them. Headers of `headers` that say how the
// body is framed or what becomes of the connection are left out: that is said by `head`.
// REQUIRES: IsSendable
std::string RenderHead(const AnswerHead& head, const NameValues& headers);

// A piece of a chunked body as it stands on the wire; the end of it for an empty one.
std::string RenderChunk(std::string_view piece);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_ANSWER_HEAD_H_
