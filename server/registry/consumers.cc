#include "server/registry/consumers.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/channel_change.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::ConsumerRecord;
using cairn::v1::Consumer;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

struct ConsumerRef {
  ChannelRef channel;
  std::string consumer;
};

absl::StatusOr<ConsumerRef> ParseConsumerName(std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(
      auto ids, ParseResourceName("consumer.name", name, "models/*/channels/*/consumers/*"));
  CAIRN_RETURN_IF_ERROR(ValidateHumanName("consumer.name", ids[2], kMaxConsumerIdBytes, true));
  return ConsumerRef{{std::move(ids[0]), std::move(ids[1])}, std::move(ids[2])};
}

absl::Status CheckServingState(const Consumer& reported) {
  const Consumer::State state = reported.state();
  if (state == Consumer::STATE_UNSPECIFIED) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "consumer.state", "",
                        "must be PREPARING, LOADED, FAILED or STOPPED")
        .ToStatus();
  }
  if (Consumer::State_IsValid(state)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "consumer.state", std::to_string(state),
                      "must be PREPARING, LOADED, FAILED or STOPPED")
      .ToStatus();
}

// The version in its canonical spelling, of this model; empty only where nothing is served.
absl::StatusOr<std::string> ServedVersionName(const ChannelRef& channel, const Consumer& reported) {
  const std::string& name = reported.version();
  if (name.empty()) {
    if (reported.state() == Consumer::STOPPED) return std::string();
    return InvalidField(ErrorReason::FIELD_REQUIRED, "consumer.version", name,
                        "must name a version unless the consumer stopped")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const VersionName version,
                         ParseModelVersionName("consumer.version", name));
  if (version.parent_id != channel.model) {
    return InvalidField(ErrorReason::VALUE_INVALID, "consumer.version", name,
                        fmt::format("must be a version of {}", ModelName(channel.model)))
        .ToStatus();
  }
  return ModelVersionName(version.parent_id, version.version);
}

absl::StatusOr<int64_t> ValidityNanosOf(const Consumer& reported) {
  if (!reported.has_validity()) return kDefaultValidityNanos;
  const auto& validity = reported.validity();
  const bool whole = validity.nanos() >= 0 && validity.nanos() < kNanosPerSecond;
  // Compared as seconds first: a product of any 64-bit number might overflow.
  if (whole && validity.seconds() >= 0 &&
      validity.seconds() <= kMaxValidityNanos / kNanosPerSecond) {
    const int64_t nanos = validity.seconds() * kNanosPerSecond + validity.nanos();
    if (nanos >= kMinValidityNanos && nanos <= kMaxValidityNanos) return nanos;
  }
  return InvalidField(ErrorReason::VALUE_INVALID, "consumer.validity",
                      fmt::format("{}s {}ns", validity.seconds(), validity.nanos()),
                      "must be between 10 s and 24 h")
      .ToStatus();
}

absl::Status CheckServingTexts(const Consumer& reported) {
  if (reported.epoch() < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "consumer.epoch",
                        std::to_string(reported.epoch()), "must not be below 0")
        .ToStatus();
  }
  if (reported.detail().size() > kMaxConsumerDetailBytes) {
    return InvalidField(ErrorReason::VALUE_INVALID, "consumer.detail", reported.detail(),
                        fmt::format("must have at most {} bytes", kMaxConsumerDetailBytes))
        .ToStatus();
  }
  if (reported.address().empty()) return absl::OkStatus();
  return ValidateHumanName("consumer.address", reported.address(), kMaxConsumerAddressBytes, true);
}

// What is stored of a report.
absl::StatusOr<Consumer> ConsumerOf(const ConsumerRef& ref, const Consumer& reported,
                                    const storage::Stamp& stamp) {
  CAIRN_RETURN_IF_ERROR(CheckServingState(reported));
  CAIRN_RETURN_IF_ERROR(CheckServingTexts(reported));
  CAIRN_ASSIGN_OR_RETURN(const int64_t validity, ValidityNanosOf(reported));
  Consumer consumer;
  CAIRN_ASSIGN_OR_RETURN(*consumer.mutable_version(), ServedVersionName(ref.channel, reported));
  consumer.set_name(ResourceName(
      {"models", ref.channel.model, "channels", ref.channel.channel, "consumers", ref.consumer}));
  consumer.set_state(reported.state());
  consumer.set_epoch(reported.epoch());
  consumer.set_detail(reported.detail());
  consumer.set_address(reported.address());
  consumer.mutable_validity()->set_seconds(validity / kNanosPerSecond);
  consumer.mutable_validity()->set_nanos(static_cast<int32_t>(validity % kNanosPerSecond));
  *consumer.mutable_report_time() = ToTimestamp(stamp.unix_nanos);
  consumer.set_principal(stamp.principal);
  return consumer;
}

// Of a stored consumer, when its report ends to hold.
int64_t EndNanosOf(const Consumer& consumer) {
  return ToUnixNanos(consumer.report_time()) + consumer.validity().seconds() * kNanosPerSecond +
         consumer.validity().nanos();
}

bool ServesTheSame(const Consumer& a, const Consumer& b) {
  return a.state() == b.state() && a.version() == b.version() && a.epoch() == b.epoch();
}

// Whether a report need not be written, because all that it adds to the one before is a little
// time.
bool IsMerged(const Consumer& before, const Consumer& reported) {
  const bool same = ServesTheSame(before, reported) && before.detail() == reported.detail() &&
                    before.address() == reported.address() &&
                    before.principal() == reported.principal() &&
                    before.validity().seconds() == reported.validity().seconds() &&
                    before.validity().nanos() == reported.validity().nanos();
  const int64_t at = ToUnixNanos(before.report_time());
  const int64_t age = ToUnixNanos(reported.report_time()) - at;
  // A clock that went back begins anew.
  return same && age >= 0 && age < std::min(kMergeNanos, (EndNanosOf(before) - at) / 3);
}

// The consumer with what depends on the moment.
Consumer Told(Consumer consumer, int64_t head_epoch, int64_t now_unix_nanos) {
  consumer.set_stale(now_unix_nanos > EndNanosOf(consumer));
  consumer.set_lag(head_epoch - consumer.epoch());
  return consumer;
}

// Adds to `write_set` what has to go before one more consumer is noted.
absl::Status MakeRoomForConsumer(const Snapshot& snapshot, const ChannelRef& ref,
                                 int64_t now_unix_nanos, WriteSet& write_set) {
  struct Stale {
    storage::Key key;
    storage::Revision revision = 0;
    bool forgotten = false;
  };
  const storage::Key prefix = storage::ConsumerPrefix(ref.model, ref.channel);
  std::vector<Stale> stale;
  int count = 0;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ConsumerRecord>(
      snapshot, KeyRange::Prefix(prefix), ScanOrder::kAscending,
      [&](std::string_view key, const auto& stored) {
        ++count;
        const int64_t end = EndNanosOf(stored.value.consumer());
        if (now_unix_nanos > end) {
          stale.push_back({{prefix.family, std::string(key)},
                           stored.mod_revision,
                           now_unix_nanos - end > kForgetNanos});
        }
        return true;
      }));
  const bool full = count >= kMaxConsumers;
  if (full && stale.empty()) {
    const std::string channel = ChannelName(ref.model, ref.channel);
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("{} has {} consumers, which is the most, and none of them is stale",
                             channel, count))
        .With("channel", channel)
        .With("max", std::to_string(kMaxConsumers));
  }
  for (Stale& one : stale) {
    if (!full && !one.forgotten) continue;
    write_set.RequireRevision(one.key, one.revision).Delete(std::move(one.key));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> PlanReportServing(const Snapshot& snapshot,
                                       const cairn::v1::ReportServingRequest& request,
                                       const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(const ConsumerRef ref, ParseConsumerName(request.consumer().name()));
  const ChannelRef& channel = ref.channel;
  CAIRN_ASSIGN_OR_RETURN(Consumer consumer, ConsumerOf(ref, request.consumer(), stamp));
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state,
                         ReadChannel(snapshot, ChannelName(channel.model, channel.channel)));
  const storage::Key key = storage::ConsumerKey(channel.model, channel.channel, ref.consumer);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<ConsumerRecord>(snapshot, key));
  const int64_t head_epoch = state.channel.epoch();
  const bool changed = !stored.has_value() || !ServesTheSame(stored->value.consumer(), consumer);
  if (stored.has_value() && IsMerged(stored->value.consumer(), consumer)) {
    return storage::AnswerOnly(Told(stored->value.consumer(), head_epoch, stamp.unix_nanos));
  }
  *consumer.mutable_change_time() =
      changed ? consumer.report_time() : stored->value.consumer().change_time();
  WriteSet write_set;
  if (!stored.has_value()) {
    CAIRN_RETURN_IF_ERROR(MakeRoomForConsumer(snapshot, channel, stamp.unix_nanos, write_set));
  }
  ConsumerRecord record;
  *record.mutable_consumer() = consumer;
  write_set.PutRecord(key, record.SerializeAsString());
  if (changed) write_set.Emit(cairn::v1::Event::CONSUMER_REPORTED, consumer);
  return storage::MakePlan(std::move(write_set),
                           Told(std::move(consumer), head_epoch, stamp.unix_nanos));
}

absl::StatusOr<cairn::v1::ListConsumersResponse> ListConsumers(
    const Snapshot& snapshot, const cairn::v1::ListConsumersRequest& request,
    int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("parent", request.parent()));
  CAIRN_ASSIGN_OR_RETURN(const ChannelState state, ReadChannel(snapshot, request.parent()));
  cairn::v1::ListConsumersResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<ConsumerRecord>(
          snapshot, request, KeyRange::Prefix(storage::ConsumerPrefix(ref.model, ref.channel)),
          ScanOrder::kAscending, {}, [&](std::string_view, auto stored) {
            *response.add_consumers() = Told(std::move(*stored.value.mutable_consumer()),
                                             state.channel.epoch(), now_unix_nanos);
            return true;
          }));
  return response;
}

}  // namespace cairn::registry
