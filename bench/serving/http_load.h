#ifndef CAIRN_BENCH_SERVING_HTTP_LOAD_H_
#define CAIRN_BENCH_SERVING_HTTP_LOAD_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bench/serving/load.h"
#include "bench/serving/reads.h"

namespace cairn::bench {

// A load client for HTTP/1.1 that costs as little as one can: one thread, one epoll, requests that
// are sent as they are given, and of answers only the status and the length are looked at. What it
// measures is therefore the server and the kernel, not the client.

// A whole request as it goes over the wire: POST of `body` to `path`. `headers` are further lines,
// each with its end.
std::string PostOf(std::string_view path, std::string_view content_type, std::string_view body,
                   std::string_view headers = "");

// The request number `i`, from 0 on.
using MakeRequest = std::function<std::string(int64_t i)>;

// Keeps `connections` connections to `address` (HOST:PORT, an IPv4 address) busy for `seconds`, one
// request at a time on each. Ends the program with a message where an answer is not a 200 with a
// Content-Length, or a connection ends. `server` is the process whose processor time is counted.
ReadRate TimeHttp(const std::string& address, pid_t server, double seconds, int connections,
                  const MakeRequest& make);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_HTTP_LOAD_H_
