#ifndef CAIRN_SERVER_ARTIFACTS_COLLECTION_WORK_H_
#define CAIRN_SERVER_ARTIFACTS_COLLECTION_WORK_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "server/artifacts/blob_leases.h"
#include "server/artifacts/pack_pool.h"
#include "server/operations/operation_runner.h"

namespace cairn::artifacts {

// What a collection works with; all of it belongs to the blob store and outlives it.
struct CollectionParts {
  PackPool& packs;
  BlobLeases& leases;
  // Gives up the uploads that nobody continued for long.
  std::function<absl::Status()> drop_old_uploads;
};

// The work of CollectGarbage (CollectGarbageMetadata). Removes what nothing refers to, in
// small commits beside everybody's:
//
//   1. marks what is referred to, and the chunks of that
//   2. condemns the other blobs, unless they are leased: from this commit on they are
//      missing for whoever wants to refer to them
//   3. marks again: a reference that came before its blob was condemned is seen now, and
//      later ones there are none
//   4. saves the condemned blobs that are marked, and deletes the others
//   5. gives up uploads that nobody continued; writes packs of which less than half is
//      live anew, and removes the old ones
//
// A flag is written with its whole entry, so on a volume that is nearly full blobs that stand in
// their entries are condemned a few at a time, in rounds of all steps: what is in packs goes first.
//
// Cut short anywhere it begins again: what is condemned is either saved or deleted by the
// next one, and readable until then. Steps 1 and 3 read at several snapshots; a reference
// they could miss by that was made after its blob was condemned, which is refused.
//
// Memory: 8 bytes for each blob that is referred to (16 while marking), and 20 to 40 for
// each that is condemned. 200,000 blobs: below 10 MiB.
std::unique_ptr<operations::Work> MakeCollectionWork(CollectionParts parts);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_COLLECTION_WORK_H_
