#ifndef CAIRN_SERVER_ARTIFACTS_SCRUB_WORK_H_
#define CAIRN_SERVER_ARTIFACTS_SCRUB_WORK_H_

#include <memory>

#include "server/artifacts/pack_pool.h"
#include "server/operations/operation_runner.h"

namespace cairn::artifacts {

// The work of ScrubBlobs (ScrubBlobsMetadata). Reads every blob, about 32 MiB a step:
// first those in one piece, then the lists of chunks of the others; then it looks whether the
// index has everything that artifacts and versions refer to, and at last at the framing of
// the packs, also where it is nobody's any more.
//
// A blob that is damaged is put in quarantine and reported; one that is in quarantine and
// reads right again (its disk came back, or its chunk was sent again) is taken out. An entry
// that cannot be read is reported and stepped over, and so is a part of the index, which counts
// as one; blobs in it are named if something refers to them. What is wrong with a pack where no
// blob is concerned is logged.
//
// Cut short it begins again at the first blob. The packs must outlive it.
std::unique_ptr<operations::Work> MakeScrubWork(const PackPool& packs);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_SCRUB_WORK_H_
