#ifndef CAIRN_LIB_HTTP_RESPONDER_H_
#define CAIRN_LIB_HTTP_RESPONDER_H_

#include <functional>
#include <memory>

#include "lib/http/departure.h"
#include "lib/http/message.h"

namespace cairn::http {

// The right to answer one request, for a handler that answers later and from any thread.
//
// Copies belong to the same request, and the first answer is the one that counts. A request
// whose last copy goes without an answer is answered with 500, so that no connection waits for
// ever. When the connection ended meanwhile the answer is dropped: nobody has to ask first.
// Thread-safe. The server does not stop before all its requests are answered, so it outlives
// every responder that still may answer.
class Responder {
 public:
  using Send = std::function<void(Response)>;
  using Gone = std::shared_ptr<Departure>;

  // Calls `send` exactly once, in the thread that answers. Null `gone`: the client never goes.
  explicit Responder(Send send, Gone gone = nullptr);

  // What happens to the request itself is over when this returns; the client has the answer later.
  void Answer(Response response) const;

  // The client left (Departure), so long work may stop. An answer is to be given all the same.
  bool gone() const;

  // As Departure::lost: the answer did not arrive, and nobody else has it.
  bool lost() const;

  // As Departure::OnGone.
  void OnGone(std::function<void()> left) const;

 private:
  struct State;

  std::shared_ptr<State> state_;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_RESPONDER_H_
