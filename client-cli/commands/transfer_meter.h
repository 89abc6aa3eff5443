#ifndef CAIRN_CLIENT_CLI_COMMANDS_TRANSFER_METER_H_
#define CAIRN_CLIENT_CLI_COMMANDS_TRANSFER_METER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "client-cli/commands/session.h"
#include "lib/client/downloader.h"
#include "lib/client/transfer_progress.h"

namespace cairn::cli {

// Shows how far a transfer is, on the standard error: while it goes on, on a terminal, a
// line with bytes, rate, what is left and what need not travel; at its end one line that
// sums it up, wherever the standard error goes. With --quiet it says nothing.
//
// The callback may come from any thread, from one at a time; the rest is for one thread.
// The session must outlive the object, and the object the transfer.
class TransferMeter {
 public:
  // `verb` says what became of the bytes that travelled: "sent", "received".
  TransferMeter(const Session& session, std::string_view verb);
  // Wipes the line away when the transfer ended with an error.
  ~TransferMeter();
  TransferMeter(const TransferMeter&) = delete;
  TransferMeter& operator=(const TransferMeter&) = delete;

  client::ProgressCallback callback();

  // Says what was done. To be called once, when the transfer has succeeded.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  void Show();
  void Wipe();

  const std::string verb_;
  const bool quiet_;
  const bool live_;
  const Clock::time_point started_ = Clock::now();
  Clock::time_point shown_;  // when the line was last written
  bool line_stands_ = false;
  client::TransferProgress progress_;
};

// The line while a transfer goes on, `seconds` after its beginning: "12.0 MiB of 1.0 GiB,
// 3 of 20 files, 48.0 MiB/s, 21 s left, 40 % deduplicated".
std::string ProgressLine(const client::TransferProgress& progress, double seconds);

// The line at the end: "20 files, 1.0 GiB in 8.4 s (122.0 MiB/s): 600.0 MiB sent, 41.4 %
// deduplicated".
std::string SummaryLine(const client::TransferProgress& progress, double seconds,
                        std::string_view verb);

// How to fetch: with --cache, or where $CAIRN_CACHE_DIR is set, through the local cache.
// REQUIRES: the command has the flag kCache.
client::DownloadOptions FetchOptions(const Session& session);

// Of the commands that fetch files.
inline constexpr Flag kCache = {.name = "cache",
                                .kind = FlagKind::kSwitch,
                                .help =
                                    "keep fetched files in the local cache, and take them from "
                                    "there ($CAIRN_CACHE_DIR, which also turns it on)"};

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_TRANSFER_METER_H_
