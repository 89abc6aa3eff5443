#ifndef CAIRN_SERVER_DATASETS_VERSION_DIFF_H_
#define CAIRN_SERVER_DATASETS_VERSION_DIFF_H_

#include "cairn/v1/datasets.pb.h"

namespace cairn::datasets {

// What is different in two versions, complete but for rows, which the server does not
// compare. What does not fit into 3 MiB is left out, and `truncated` says so. Pure.
// `from` is the older one by convention only; what is added is in `to` and not in
// `from`.
cairn::v1::DatasetDiff DiffVersions(const cairn::v1::DatasetVersion& from,
                                    const cairn::v1::DatasetVersion& to);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_VERSION_DIFF_H_
