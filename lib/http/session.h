#ifndef CAIRN_LIB_HTTP_SESSION_H_
#define CAIRN_LIB_HTTP_SESSION_H_

// Internal to lib/http: shows Boost. Include http_server.h.

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/shared_budget.h"
#include "lib/http/departure.h"
#include "lib/http/dispatcher.h"
#include "lib/http/http_server.h"
#include "lib/http/session_registry.h"
#include "lib/http/transport.h"

namespace cairn::http {

// What all sessions of one server share. Thread-safe.
struct SessionContext {
  SessionContext(HttpLimits l, bool t, Dispatcher d, Observer o, boost::asio::thread_pool& w)
      : limits(l),
        tls(t),
        dispatcher(std::move(d)),
        observe(std::move(o)),
        worker(w),
        large_bodies(static_cast<std::int64_t>(l.max_large_bytes),
                     static_cast<std::int64_t>(l.max_large_share)) {}

  const HttpLimits limits;
  const bool tls;
  const Dispatcher dispatcher;
  const Observer observe;
  boost::asio::thread_pool& worker;      // one thread, for slow routes; outlives the sessions
  std::atomic<std::size_t> waiting = 0;  // requests that are there, running or not
  SharedBudget large_bodies;             // outlives the sessions too
  SessionRegistry registry;
  std::atomic<bool> draining = false;  // no further requests are wanted
  std::atomic<bool> refusing = false;  // nor the rest of those that have begun
};

// Calls when a time is over, unless it was disarmed or armed again. Of one strand.
class Watch {
 public:
  explicit Watch(const Transport::Socket::executor_type& executor) : timer_(executor) {}
  template <typename Session>
  void Arm(std::chrono::milliseconds limit, std::shared_ptr<Session> session,
           void (Session::*late)()) {
    timer_.expires_after(limit);
    timer_.async_wait([this, session = std::move(session), late,
                       armed = ++armed_](const boost::system::error_code& error) {
      if (!error && armed == armed_) ((*session).*late)();
    });
  }
  void Disarm() {
    ++armed_;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  std::uint64_t armed_ = 0;  // an older one must not fire
};

// One connection: handshake, then wait → read header → read body → handler → write, again. A
// route with a StreamHandler is called after the header; its body and answer go through an
// Exchange (session_stream.cc).
//
// The socket is watched for reading nearly always, so that a client that leaves is noticed; while
// a request is worked on a little is read ahead. Lives as long as an operation of it is pending.
// All members are used on the transport's strand only; Start, Drain, StopReceiving and Abort may be
// called from any thread, as GiveWay.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `place` is let go when the connection is closed.
  Session(std::shared_ptr<Transport> transport, std::shared_ptr<SessionContext> context,
          std::shared_ptr<void> place = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start(bool rejected);  // serves requests, or answers 503 and closes
  void Drain();               // closes if idle; REQUIRES: the context is draining
  void StopReceiving();       // refuses what has not arrived; REQUIRES: the context is refusing
  void Abort();               // closes now
  void GiveWay();             // closes unless it has a request, to make room for another

 private:
  friend class SessionExchange;
  static constexpr std::size_t kReadBytes = 16 << 10;  // at once, and ahead
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  enum class Phase : std::uint8_t { kHandshake, kIdle, kHeader, kBody, kWorking, kLinger, kClosed };

  // The way of a request.
  void OnHandshake(ErrorCode error);
  void WaitForRequest();
  void BeginRequest();
  void ParseHeader();
  void OnHeader();
  bool AdmitBody();
  static std::string BodyTooLarge(std::size_t limit);
  bool CheckCoding();
  bool CheckExpect();
  void ArmForBody();
  void ParseBody();
  void BeginRest();
  void ReadRest();
  std::string TakePiece(ErrorCode& error);
  // From here on the request is somebody's, who is told when the client leaves.
  void BeginWork();
  void Handle();
  Dispatcher::Done MakeDone();
  void HandleOnWorker(Request request, Dispatcher::Done done);
  void Answer(Dispatcher::Result result);
  void OnParseError(ErrorCode error);
  void Reject(int status, std::string_view message);
  void Reject(Response response);
  // As the route words it; else with `status`.
  void Refuse(int status, const absl::Status& why);
  void WriteWhole(Response response, bool keep_alive);
  void EndAnswer(ErrorCode error);
  void Linger();
  void OnLate();
  void Close() { CloseBy(/*reset=*/false); }
  // So that a client does not take what it has for a whole answer.
  void Reset() { CloseBy(/*reset=*/true); }
  void CloseBy(bool reset);
  void EndAll();

  // Reading: one wait at a time, whoever asked.
  void ReadMore();
  void ReadAhead();
  void OnReadable(ErrorCode error);
  void OnReadEnd(ErrorCode error);

  // Writing: one after the other.
  struct Output {
    std::string head;
    std::string body;
    Transport::Ready sent;
  };
  void Send(Output output);
  void SendNext();
  void OnSent(ErrorCode error);

  // The exchange of a stream.
  void BeginStream();
  void StreamRead(Exchange::OnPiece next);
  void DeliverPiece();
  void GivePiece(absl::StatusOr<Exchange::Piece> piece);
  void OnPieceLate();
  void StreamAnswer(Response response);
  void StreamBegin(int status, NameValues headers);
  void StreamWrite(std::string piece, Exchange::OnTaken taken);
  void StreamEnd();
  void StreamAbort();
  void StreamAbandon();

  const std::shared_ptr<void> place_;  // goes after the connection
  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<SessionContext> context_;
  const std::string peer_;
  Phase phase_ = Phase::kHandshake;
  bool rejected_ = false;  // too many connections
  bool awaiting_ = false;  // a wait for reading is under way
  bool ended_ = false;     // the client sends nothing more
  Watch read_watch_;
  Watch write_watch_;

  boost::beast::flat_buffer buffer_;  // received, not yet parsed; pipelined requests wait here
  std::deque<Output> outputs_;        // the first is under way
  bool sending_ = false;

  // Of one request.
  std::uint64_t number_ = 0;  // on the connection
  std::optional<Parser> parser_;
  const Route* route_ = nullptr;  // null: there is none
  Request request_;
  std::size_t body_left_ = 0;  // to be read past the parser
  SharedCharge large_body_;
  std::chrono::steady_clock::time_point latest_;                   // when the body must be there
  std::optional<std::chrono::steady_clock::time_point> deadline_;  // as the route says
  unsigned version_ = 11;                                          // 10 or 11
  bool expects_ = false;       // the client waits for 100 Continue
  bool keep_alive_ = true;     // what the client wants, then whether it is so
  bool begun_ = false;         // an answer
  bool streaming_ = false;     // it goes in pieces and has not ended
  bool chunked_ = false;       // it goes in chunks
  bool drops_pieces_ = false;  // it has no body, whatever is written
  bool body_failed_ = false;   // nothing more is to be read of it
  Exchange::OnPiece wanted_;
  std::shared_ptr<void> held_;  // of the answer that is being written
  std::shared_ptr<Departure> departure_;
  RequestRecord record_;
  std::chrono::steady_clock::time_point received_;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_SESSION_H_
