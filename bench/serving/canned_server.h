#ifndef CAIRN_BENCH_SERVING_CANNED_SERVER_H_
#define CAIRN_BENCH_SERVING_CANNED_SERVER_H_

#include <string>
#include <vector>

#include "bench/serving/bare_server.h"
#include "bench/serving/load.h"

namespace cairn::bench {

inline constexpr const char* kCannedServerFlag = "--canned-server";

// A gRPC server in a process of its own that answers with bytes a real one answered before: what
// gRPC and its own TLS leave of plain calls, with the real server's clients and sizes. It neither
// reads requests nor writes messages.
//
// - GetRun: the recorded run.
// - SearchRuns: the recorded pages, one after the other, whoever asks.
// - Write takes the messages of an upload of 64 MiB, and answers then.
// - Read sends 64 MiB in parts of 256 KiB, as the server does to who takes them quickly.
//
// A token is one more header for it, which it does not look at.

// Asks the server of `stub` for what the canned one is to answer, and keeps it in `folder`.
void RecordAnswers(Stub& stub, const std::string& run, const std::string& experiment,
                   const std::string& folder);

// The arguments of a BareServer that answers with what `folder` keeps. With TLS if `certificate` is
// not empty: then `certificate`.crt and .key are what it shows.
std::vector<std::string> CannedServerArguments(const std::string& folder,
                                               const std::string& certificate);

// What the program does in that process, if these are its arguments. Does not return then.
void RunIfCannedServer(int argc, char** argv);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_CANNED_SERVER_H_
