#ifndef CAIRN_BENCH_SERVING_HAMMER_H_
#define CAIRN_BENCH_SERVING_HAMMER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/serving/load.h"
#include "grpcpp/support/byte_buffer.h"

namespace cairn::bench {

// Callers that want more than a server can do: each always has one call under way, and
// tries a call that was refused again, with the bytes it had.
//
// Requests are bytes, so that the callers take as little as possible of the processors that
// they share with the server. Connections have at most 200 calls each: a server lets no
// more than 256 through, and the rest would wait here instead of there.

// One kind of call: its full method, "/cairn.v1.TrackingService/LogBatch", and its
// request number `i`, called from several threads.
struct KindOfCall {
  std::string name;
  std::string method;
  std::function<grpc::ByteBuffer(int64_t i)> request;
  std::vector<int> in_flight;  // where its peak is looked for
  // For so long it is called before anything counts, until what it leaves to be done later
  // has grown as large as it may: a peak that the server owes is none.
  double settle_seconds = 0;
};

enum class Manners {
  kPolite,    // waits as long as RetryInfo asks
  kImpolite,  // tries again at once
};

struct HammerResult {
  double goodput = 0;   // calls a second that succeeded within their deadline
  double refusals = 0;  // RESOURCE_EXHAUSTED, a second
  double failures = 0;  // everything else, a second
  Latencies accepted;
  Latencies refused;
};

// `callers` for `seconds`, each attempt with a deadline of `deadline_seconds`. What is
// answered in the first fifth of the time is not counted.
HammerResult Hammer(const std::string& address, const KindOfCall& kind, int callers, double seconds,
                    Manners manners, double deadline_seconds);

// The bytes of a message.
template <typename Message>
grpc::ByteBuffer BytesOf(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_HAMMER_H_
