#ifndef CAIRN_LIB_CLIENT_SERVING_REPORTER_H_
#define CAIRN_LIB_CLIENT_SERVING_REPORTER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/mutex.h"
#include "lib/base/retry.h"
#include "lib/client/follow_state.h"
#include "lib/client/transport.h"

namespace cairn::client {

// Who reports, and how. Value type.
struct ReporterOptions {
  std::string channel;   // `models/M/channels/C`
  std::string consumer;  // what it is called there, in plain text: 1 to 200 bytes
  std::string address;   // where it serves, for people; may be empty
  // After how much silence the server takes the consumer for gone: from 10 s to 24 h. A report is
  // renewed every third of it, whole milliseconds.
  std::chrono::milliseconds validity{120'000};
  // How long to wait before a report that did not arrive is sent again; there is no last attempt.
  BackoffPolicy backoff{.max_attempts = 0, .initial_millis = 1000, .max_millis = 30'000};
  // Told once why reports do not arrive, and again after they did or for another reason. From a
  // thread of the reporter; may be empty.
  std::function<void(std::string_view)> on_trouble;
};

// Sends one report; may take its time. Called from one thread.
using SendReport = std::function<absl::Status(const v1::ReportServingRequest&)>;

// Tells the registry what a program serves of a channel, for as long as the object lives: whoever
// asks ListConsumers sees it, and with what lag. The end is reported as STOPPED.
//
//   CAIRN_ASSIGN_OR_RETURN(auto reporter, ServingReporter::Connect(client->options(), {...}));
//   reporter->Report(v1::Consumer::LOADED, model.head);
//
// A thread of its own sends the newest report and repeats it, so that nobody who serves ever waits.
// That a server is away, refuses, or is too old to know the method ends nothing: it is said once,
// and tried again. Safe to call from any thread.
class ServingReporter {
 public:
  ServingReporter(ReporterOptions options, SendReport send);
  // Sends the last report, if there was any before: what is under way and this one may take the
  // sender's time each.
  ~ServingReporter();
  ServingReporter(const ServingReporter&) = delete;
  ServingReporter& operator=(const ServingReporter&) = delete;

  // Reports over a connection of its own, which outlives a Client::Cancel of the others and gives
  // up a call after 3 s. INVALID_ARGUMENT (NAME_INVALID) for a consumer that cannot be called so;
  // else errors as Client::Connect.
  static absl::StatusOr<std::unique_ptr<ServingReporter>> Connect(ConnectOptions server,
                                                                  ReporterOptions options);

  // From now on this is what is served, or was tried. Never waits for the server; one that was not
  // sent yet is passed over. Of a detail above 900 bytes beginning and end are told.
  void Report(v1::Consumer::State state, const ChannelHead& head, std::string_view detail = "")
      CAIRN_EXCLUDES(mutex_);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Run() CAIRN_EXCLUDES(mutex_);
  // What to send next, once it is due; nothing after the end.
  std::optional<v1::ReportServingRequest> Next() CAIRN_EXCLUDES(mutex_);
  // Sets when the next one is due, and tells of trouble.
  void Sent(const absl::Status& outcome) CAIRN_EXCLUDES(mutex_);

  const ReporterOptions options_;
  const SendReport send_;
  Mutex mutex_;
  CondVar changed_;
  std::optional<v1::ReportServingRequest> report_ CAIRN_GUARDED_BY(mutex_);  // the newest
  Time due_ CAIRN_GUARDED_BY(mutex_);  // when it is sent; the past for at once
  bool ending_ CAIRN_GUARDED_BY(mutex_) = false;
  bool ended_ CAIRN_GUARDED_BY(mutex_) = false;  // STOPPED was handed out
  // Of the thread.
  int failures_ = 0;
  absl::StatusCode told_ = absl::StatusCode::kOk;
  std::thread thread_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_SERVING_REPORTER_H_
