#ifndef CAIRN_SERVER_VIEWS_VIEWS_H_
#define CAIRN_SERVER_VIEWS_VIEWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/v1/views.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"

namespace cairn::views {

// Use cases on views, the states of pages that people link to: reads at a snapshot, and plans of
// mutations for the Mutator. Pure but for reading. Errors are those of ViewService's methods of the
// same name.
//
// A view is named by its address, so keeping the same state twice is one view, and a link to it
// stays what it was. Besides its record it has an entry under its title, if it has one, and counts
// among those of its experiment; a commit that makes or deletes one requires that count as it was
// read, so there are never more than kMaxViews. The purge of an experiment removes them
// (server/tracking), and there are no events of them: nothing follows from a view.

// How many an experiment has at most.
inline constexpr int64_t kMaxViews = 10'000;
inline constexpr size_t kMaxAddressBytes = size_t{16} << 10;
inline constexpr size_t kMaxTitleBytes = 250;

// The last part of the name of the view of `address`: ten lower-case letters and digits 2 to 7, the
// first 50 bits of its SHA-256 in base 32.
std::string ViewId(std::string_view address);

// NOT_FOUND (VIEW_NOT_FOUND), also of an experiment that does not exist.
absl::StatusOr<cairn::v1::View> GetView(const storage::Snapshot& snapshot,
                                        const cairn::v1::GetViewRequest& request);

// One page of those that have a title, in the order of its bytes, then of the id.
absl::StatusOr<cairn::v1::ListViewsResponse> ListViews(const storage::Snapshot& snapshot,
                                                       const cairn::v1::ListViewsRequest& request);

// A view that is there already stays as it is but for its title: that of the request is taken if
// it has one, and nothing is written if it is the same. An address is none of this server's pages
// if a browser could take it for that of another server (`//`, `/\`), or if it has a fragment,
// which is not sent, a backslash or a control character; which pages there are, the web UI knows.
// INVALID_ARGUMENT (VALUE_INVALID) also for an address that has its id in common with one that is
// kept: it would be found under the name of the other.
absl::StatusOr<storage::Plan> PlanCreateView(const storage::Snapshot& snapshot,
                                             const cairn::v1::CreateViewRequest& request,
                                             const storage::Stamp& stamp);

// Answers Empty.
absl::StatusOr<storage::Plan> PlanDeleteView(const storage::Snapshot& snapshot,
                                             const cairn::v1::DeleteViewRequest& request);

}  // namespace cairn::views

#endif  // CAIRN_SERVER_VIEWS_VIEWS_H_
