#ifndef CAIRN_SERVER_REGISTRY_CONSUMERS_H_
#define CAIRN_SERVER_REGISTRY_CONSUMERS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/clock.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::registry {

// Consumers: who serves a channel right now, by what each of them said last. A record for each,
// which the next report replaces. Nothing is decided by them. Pure but for reading; time is an
// argument.
//
// A consumer that has been silent for longer than its validity is stale: only the reader's clock
// tells, so nothing is written then and no event says it.

// Of one channel. First reports that come at the same moment do not see each other and may pass it
// by as many: what is wanted is a bound, and that no report ever fails for another one.
inline constexpr int kMaxConsumers = 1000;
inline constexpr size_t kMaxConsumerIdBytes = 200;
inline constexpr size_t kMaxConsumerDetailBytes = 1000;
inline constexpr size_t kMaxConsumerAddressBytes = 250;

inline constexpr int64_t kDefaultValidityNanos = 120 * kNanosPerSecond;
inline constexpr int64_t kMinValidityNanos = 10 * kNanosPerSecond;
inline constexpr int64_t kMaxValidityNanos = 86'400 * kNanosPerSecond;

// A report that says nothing new is not written when the one before is younger than this and than
// a third of the validity: so one that comes every third of it is never taken for silence.
inline constexpr int64_t kMergeNanos = 10 * kNanosPerSecond;

// How long after it became stale a consumer is still told, unless room is needed: names with the
// number of a process never come back, and would fill the list.
inline constexpr int64_t kForgetNanos = 24 * 3600 * kNanosPerSecond;

// Notes what a consumer says, over what it said before, whatever its epoch. Writes nothing where
// the report is merged with the one before; emits CONSUMER_REPORTED where state, version or epoch
// changed. The first report of a consumer removes those that are to be forgotten, and with
// kMaxConsumers all that are stale; it guards them, for they may report meanwhile. Errors are those
// of RegistryService.ReportServing.
absl::StatusOr<storage::Plan> PlanReportServing(const storage::Snapshot& snapshot,
                                                const cairn::v1::ReportServingRequest& request,
                                                const storage::Stamp& stamp);

// One page of a channel's consumers, by name, as they stand at `now_unix_nanos`. NOT_FOUND
// (CHANNEL_NOT_FOUND).
absl::StatusOr<cairn::v1::ListConsumersResponse> ListConsumers(
    const storage::Snapshot& snapshot, const cairn::v1::ListConsumersRequest& request,
    int64_t now_unix_nanos);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_CONSUMERS_H_
