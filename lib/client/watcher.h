#ifndef CAIRN_LIB_CLIENT_WATCHER_H_
#define CAIRN_LIB_CLIENT_WATCHER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/watch.pb.h"
#include "lib/client/message_stream.h"
#include "lib/client/reconnecting_stream.h"

namespace cairn::client {

// What a Watcher tells at a time. Value type.
struct WatchBatch {
  // Everything up to here was told: a watch that begins at the next one goes on after this batch.
  int64_t revision = 0;
  // What happened, whole revisions in their order; none where there is only progress to tell.
  std::vector<v1::Event> events;
  // Set when events were lost before they could be told, for the server keeps them no more: read
  // what you follow once more, now. What happens after `revision` is told by the next batches.
  // It is the oldest revision that the server had still.
  std::optional<int64_t> lost_before;
};

// What messages mean for a watch that is taken up again whenever its stream breaks: which revision
// to ask for, what was told already, what must wait for its other half. Pure; a property test
// feeds it with streams that break anywhere. Not thread-safe.
class WatchState {
 public:
  // From which revision on to tell; 0 is what comes after the first message.
  explicit WatchState(int64_t start_revision) : start_(start_revision) {}

  // A new stream begins: what has come of a revision of which more was to follow is forgotten, for
  // it comes again. The revision to ask for.
  int64_t Begin();

  // What a message tells. Nothing if there is nothing new in it.
  std::optional<WatchBatch> Take(v1::WatchResponse message);

 private:
  int64_t start_;
  std::vector<v1::Event> half_;         // of one revision whose end is to come
  std::optional<int64_t> lost_before_;  // to be told with the first message of the next stream
};

// What to watch. Value type.
struct WatchOptions {
  // As in WatchRequest.
  int64_t start_revision = 0;
  std::vector<std::string> resources;
  std::vector<v1::Event::Kind> kinds;
  StreamPatience patience;
};

// Follows what changes on a server, across restarts and broken connections: every event that the
// filter lets through once, in the order of revisions, none left out; those of one revision
// together. See watch.proto.
//
//   Watcher watcher(client.watch(), {.resources = {"models/segments"}});
//   while (true) {
//     CAIRN_ASSIGN_OR_RETURN(const auto batch, watcher.Next(std::chrono::seconds(10)));
//     if (batch && batch->lost_before) ReadEverythingAgain();
//     if (batch) for (const v1::Event& event : batch->events) Use(event);
//   }
//
// Makes no thread; while nobody asks, the server waits. Not thread-safe; Client::Cancel ends Next
// at once, from any thread.
class Watcher {
 public:
  // `source` is Client::watch() and must outlive the object.
  Watcher(WatchSource& source, const WatchOptions& options);

  // The next batch; nothing if there was none for `at_most`. The first one comes when the watch has
  // begun, usually without events. Errors end the watch, and Next gives them again:
  //
  // - CANCELLED (CALL_ENDED): the client was cancelled.
  // - UNAUTHENTICATED, PERMISSION_DENIED, and INVALID_ARGUMENT as WatchService.Watch documents;
  //   the last also when the server lost revisions that it had told.
  absl::StatusOr<std::optional<WatchBatch>> Next(std::chrono::milliseconds at_most);

  // Hands every batch to `on_batch` until that returns false; the errors of Next.
  absl::Status Run(const std::function<bool(const WatchBatch&)>& on_batch);

 private:
  WatchSource& source_;
  WatchState state_;
  ReconnectingStream<v1::WatchResponse> stream_;
  absl::Status ended_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_WATCHER_H_
