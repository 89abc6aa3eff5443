#ifndef CAIRN_BENCH_SERVING_BARE_CALLS_H_
#define CAIRN_BENCH_SERVING_BARE_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "bench/serving/load.h"

namespace cairn::bench {

// What the figures of a server are compared with in the same run: the disk, and gRPC
// that carries the same bytes to or from a server that does nothing (bare_server.h).
// Each starts a server of its own where it needs one, and ends the program with a
// message where something fails. Repeats for `seconds` unless it says otherwise.

// Appends of `bytes`, each synced, to a file below the directory `parent`.
Rate BareAppends(const std::string& parent, double seconds, size_t bytes);

// Unary calls that send `request`, one after the other.
Latencies TimeBareBatches(double seconds, const v1::LogBatchRequest& request);

// Unary calls that are answered with `bytes`, one after the other.
Latencies TimeBareAnswers(double seconds, int64_t bytes);

// Streams that are answered with `messages` messages of `bytes` in all.
Latencies TimeBareStreams(double seconds, int64_t messages, int64_t bytes);

// The plan's messages to a server that acknowledges them when it has read them.
IngestResult IngestBare(const IngestPlan& plan);

// The median of comparing each of `rows` doubles in memory with one number, in
// milliseconds: what a search without an index has to do at least.
double BareScanMillis(int64_t rows);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_BARE_CALLS_H_
