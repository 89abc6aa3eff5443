#include "lib/client/serving_reporter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The server takes 1,000; what Shortened puts on top needs the rest.
constexpr size_t kMaxDetailBytes = 900;
constexpr size_t kMaxConsumerNameBytes = 200;
constexpr int64_t kReportTimeoutMillis = 3000;

std::string TroubleText(const absl::Status& outcome) {
  if (absl::IsUnimplemented(outcome)) {
    return "the server is of a release that does not list who serves what";
  }
  return fmt::format("the server does not learn what is served here: {}",
                     std::string(outcome.message()));
}

// Whether the same may arrive in a moment. What is refused is tried at the pace of renewals: what
// stands in its way takes a person.
bool MayArriveSoon(const absl::Status& outcome) {
  return absl::IsUnavailable(outcome) || absl::IsDeadlineExceeded(outcome);
}

}  // namespace

ServingReporter::ServingReporter(ReporterOptions options, SendReport send)
    : options_(std::move(options)), send_(std::move(send)), thread_([this] { Run(); }) {}

ServingReporter::~ServingReporter() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
  }
  changed_.SignalAll();
  thread_.join();
}

absl::StatusOr<std::unique_ptr<ServingReporter>> ServingReporter::Connect(ConnectOptions server,
                                                                          ReporterOptions options) {
  CAIRN_RETURN_IF_ERROR(
      ValidateHumanName("consumer", options.consumer, kMaxConsumerNameBytes, true));
  server.call_timeout_millis = std::min(server.call_timeout_millis, kReportTimeoutMillis);
  server.backoff.max_attempts = 1;
  server.request_id.clear();
  CAIRN_ASSIGN_OR_RETURN(auto connected, Client::Connect(std::move(server)));
  const std::shared_ptr<Client> client = std::move(connected);
  return std::make_unique<ServingReporter>(
      std::move(options), [client](const v1::ReportServingRequest& request) {
        return client->registry().ReportServing(request).status();
      });
}

void ServingReporter::Report(v1::Consumer::State state, const ChannelHead& head,
                             std::string_view detail) {
  v1::ReportServingRequest request;
  v1::Consumer& consumer = *request.mutable_consumer();
  consumer.set_name(
      fmt::format("{}/consumers/{}", options_.channel, PercentEncode(options_.consumer)));
  consumer.set_state(state);
  consumer.set_version(head.version);
  consumer.set_epoch(head.epoch);
  consumer.set_detail(Shortened(detail, kMaxDetailBytes));
  consumer.set_address(options_.address);
  const int64_t millis = options_.validity.count();
  consumer.mutable_validity()->set_seconds(millis / 1000);
  consumer.mutable_validity()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  {
    MutexLock lock(&mutex_);
    report_ = std::move(request);
    due_ = Time();
  }
  changed_.SignalAll();
}

void ServingReporter::Run() {
  while (const auto request = Next()) Sent(send_(*request));
}

std::optional<v1::ReportServingRequest> ServingReporter::Next() {
  MutexLock lock(&mutex_);
  while (!ending_) {
    if (!report_) {
      changed_.Wait(&mutex_);
      continue;
    }
    const auto now = steady_clock::now();
    if (due_ <= now) break;
    (void)changed_.WaitFor(&mutex_, due_ - now);
  }
  if (ended_ || !report_) return std::nullopt;
  ended_ = ending_;
  if (ending_) {
    report_->mutable_consumer()->set_state(v1::Consumer::STOPPED);
    report_->mutable_consumer()->clear_detail();
  }
  // A report that comes while this one is sent is due at once, whatever Sent says of this one.
  due_ = Time::max();
  return report_;
}

void ServingReporter::Sent(const absl::Status& outcome) {
  milliseconds wait = options_.validity / 3;
  failures_ = outcome.ok() ? 0 : std::min(failures_ + 1, 30);
  if (MayArriveSoon(outcome)) {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    wait = std::min(wait, milliseconds(options_.backoff.WaitMillis(failures_, generator())));
  }
  {
    MutexLock lock(&mutex_);
    if (due_ == Time::max()) due_ = steady_clock::now() + wait;
    // The end is not the moment for complaints.
    if (ended_) return;
  }
  if (outcome.code() == told_) return;
  told_ = outcome.code();
  if (!outcome.ok() && options_.on_trouble) options_.on_trouble(TroubleText(outcome));
}

}  // namespace cairn::client
