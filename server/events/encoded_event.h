#ifndef CAIRN_SERVER_EVENTS_ENCODED_EVENT_H_
#define CAIRN_SERVER_EVENTS_ENCODED_EVENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cairn/v1/events.pb.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// An event as it is told: its bytes are those of a cairn.v1.Event, made once for all
// who hear of it. The resource and the kind stand beside the bytes because filters look
// at them.
struct EncodedEvent {
  std::string resource;
  v1::Event::Kind kind = v1::Event::KIND_UNSPECIFIED;
  std::string bytes;
};

// The events of one commit, in their order; there may be none. Immutable once made.
// Shared by the ring and by all who read it.
struct ToldCommit {
  storage::Revision revision = 0;
  std::vector<EncodedEvent> events;

  // What it takes in memory, about. Goes over the events; asked once when it comes in
  // and once when it goes.
  int64_t bytes() const;
};

// Adds to the stored event what its revision determines, the etag of its image among
// it. Pure. The image itself is not parsed: its bytes are appended as they were stored.
EncodedEvent EncodeEvent(storage::Revision revision, const storage::Event& event);

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_ENCODED_EVENT_H_
