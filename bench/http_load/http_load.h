#ifndef CAIRN_BENCH_HTTP_LOAD_HTTP_LOAD_H_
#define CAIRN_BENCH_HTTP_LOAD_HTTP_LOAD_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::bench {

// A load client for HTTP/1.1 on kept connections that costs as little as one can: one thread, one
// epoll, requests that are sent as they are given, and of answers only the status and the length
// are looked at. What it measures is the server and the kernel, as far as that is possible on one
// machine. Ends the program with a message where an answer is not a 200 with a Content-Length, or a
// connection ends.

// A whole request as it goes over the wire: `body` sent to `path`. `headers` are further lines,
// each with its end.
std::string RequestOf(std::string_view method, std::string_view path, std::string_view content_type,
                      std::string_view body, std::string_view headers = "");
std::string PostOf(std::string_view path, std::string_view content_type, std::string_view body,
                   std::string_view headers = "");

// The request number `i`, from 0 on. It is kept until its answer is there and not copied.
using MakeRequest = std::function<std::shared_ptr<const std::string>(int64_t i)>;

// The same request always, or some in turn.
MakeRequest InTurn(std::vector<std::string> requests);

// Whom, how long and how.
struct HttpLoad {
  std::string address;  // HOST:PORT, an IPv4 address
  pid_t server = 0;     // whose processor time is counted; 0: nobody's
  int connections = 1;  // one request at a time on each
  double seconds = 1;   // a fifth of it more before, so that caches are warm and threads are there
  // 0: as many as the server answers. Else so many at even distances, whatever becomes of those
  // before (open loop). One whose turn comes while all connections are busy waits for one, and its
  // latency counts that too.
  double per_second = 0;
};

// What a run gave. Latencies are from when a request was due to when its answer was there whole.
struct HttpRate {
  double per_second = 0;  // answers
  std::vector<double> millis;
  double server_micros = 0;  // processor time of a request, in the server
  double client_micros = 0;  // and here, in all threads of this program

  // The latency that a share `q` (0 to 1) does not exceed; 0 if there are none.
  double Quantile(double q) const;
};

// One call after the other on a connection of its own, for what a load needs before it begins and
// for calls that depend on the answer before. Ends the program where RunHttpLoad does.
class HttpCaller {
 public:
  explicit HttpCaller(const std::string& address);
  ~HttpCaller();

  // The body of the answer.
  std::string Call(const std::string& request);
  // How many bytes it has; they are not kept.
  size_t Fetch(const std::string& request);

 private:
  struct Wire;
  const std::unique_ptr<Wire> wire_;
};

HttpRate RunHttpLoad(const HttpLoad& load, const MakeRequest& make);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_HTTP_LOAD_HTTP_LOAD_H_
