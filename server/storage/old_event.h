#ifndef CAIRN_SERVER_STORAGE_OLD_EVENT_H_
#define CAIRN_SERVER_STORAGE_OLD_EVENT_H_

#include "cairn/internal/storage.pb.h"
#include "server/storage/write_set.h"

namespace cairn::storage {

// An event as stores held it before kinds had numbers: the kind was a name, and only
// two kinds had something to say beside it, each in a form of its own. What it tells
// now is the same, without a principal and a time. A kind that nobody knows becomes
// KIND_UNSPECIFIED. Pure. Such events are never written any more and go with the event
// log's retention.
Event FromOldEvent(const internal::EventRecord& record);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_OLD_EVENT_H_
