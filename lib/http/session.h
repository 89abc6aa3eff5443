#ifndef CAIRN_LIB_HTTP_SESSION_H_
#define CAIRN_LIB_HTTP_SESSION_H_

// Internal to lib/http: the one header that shows Boost. Include http_server.h.

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/memory_budget.h"
#include "lib/base/mutex.h"
#include "lib/http/dispatcher.h"
#include "lib/http/http_server.h"

namespace cairn::http {

class Session;

// The sessions that are open, so that the server can count and stop them.
// Thread-safe; outlives every session (each holds it through SessionContext).
class SessionRegistry {
 public:
  void Add(const std::shared_ptr<Session>& session);
  void Remove(const Session* session);
  std::size_t size() const;
  std::vector<std::shared_ptr<Session>> All() const;
  // Waits until none is left, at most `timeout`; false when some are.
  bool WaitUntilEmpty(std::chrono::milliseconds timeout);

 private:
  mutable Mutex mutex_;
  CondVar empty_;
  std::map<const Session*, std::weak_ptr<Session>> sessions_ CAIRN_GUARDED_BY(mutex_);
};

// What all sessions of one server share. Thread-safe.
struct SessionContext {
  SessionContext(HttpLimits l, Dispatcher d, Observer o, boost::asio::thread_pool& w)
      : limits(l),
        dispatcher(std::move(d)),
        observe(std::move(o)),
        worker(w),
        large_bodies(static_cast<std::int64_t>(l.max_large_bytes)) {}

  const HttpLimits limits;
  const Dispatcher dispatcher;
  const Observer observe;
  boost::asio::thread_pool& worker;      // one thread, for slow routes; outlives the sessions
  std::atomic<std::size_t> waiting = 0;  // requests that are there, running or not
  MemoryBudget large_bodies;             // outlives the sessions too
  SessionRegistry registry;
  std::atomic<bool> draining = false;  // no further requests are wanted
};

// One connection: wait → read header → read body → dispatch → write, again.
//
// Lives as long as an operation of it is pending. All members are used on the
// socket's strand only; the public methods may be called from any thread.
//
// The timer is the session's own, not Beast's: Beast closes the socket when
// time is up, and then a slow client could not be told 408.
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `socket` must have a strand as its executor.
  Session(boost::asio::ip::tcp::socket socket, std::shared_ptr<SessionContext> context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void Start();          // serves requests
  void StartRejected();  // answers 503 and closes
  void Drain();          // closes if idle; REQUIRES: the context is draining
  void Abort();          // closes now

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::parser<true, boost::beast::http::string_body>;
  using Message = boost::beast::http::response<boost::beast::http::string_body>;

  void WaitForRequest();
  void ReadHeader();
  void OnHeader(ErrorCode error);
  bool AdmitBody();
  void SendContinue();
  void ReadBody();
  void OnBody(ErrorCode error);
  Dispatcher::Done MakeDone(bool keep_alive);
  void HandleOnWorker(Request request, Dispatcher::Done done);
  void Answer(Dispatcher::Result result, bool keep_alive);
  void OnReadError(ErrorCode error);
  void Reject(int status, std::string_view message);
  void Write(Response response, bool keep_alive);
  void OnWritten(ErrorCode error);
  void Linger();
  void DiscardInput();
  void Close();

  // Cancels the pending socket operation after `limit` unless disarmed before.
  void Arm(std::chrono::milliseconds limit);
  // Ends the watch; true if the time was up.
  bool Disarm();

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<SessionContext> context_;
  std::string peer_;

  boost::beast::flat_buffer buffer_;  // received, not yet parsed; pipelined requests wait here
  std::optional<Parser> parser_;
  const Route* route_ = nullptr;    // of the request; null: there is none
  MemoryCharge large_body_;         // of the request
  std::optional<Message> message_;  // being written
  std::shared_ptr<void> held_;      // of the answer that is being written
  unsigned version_ = 11;           // of the request: 10 or 11
  RequestRecord record_;
  std::chrono::steady_clock::time_point received_;

  std::uint64_t armed_ = 0;  // which Arm is in force: an older timer must not fire
  bool timed_out_ = false;
  bool idle_ = false;  // waiting for the first byte of a request
  // Shared with those who may answer later.
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_SESSION_H_
