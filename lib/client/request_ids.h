#ifndef CAIRN_LIB_CLIENT_REQUEST_IDS_H_
#define CAIRN_LIB_CLIENT_REQUEST_IDS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lib/base/ids.h"
#include "lib/base/mutex.h"

namespace cairn::client {

// The ids by which a server knows that a request is one it answered already. Safe to call from any
// thread.
//
// Without a base each is drawn anew: repetitions within one call are safe, a program that is
// started again makes new requests. With one, ids follow from it: a program that is started again
// with the same base and makes the same calls sends the same ids, so that what the first took is
// not done twice. An id depends on the method and on how many calls of it came before, not on what
// they hold: a base that is used for something else is refused by the server
// (REQUEST_ID_REUSED) instead of doing the other thing.
class RequestIds {
 public:
  // `base` is a UUID4 or empty. `ids` must outlive this.
  RequestIds(IdSource& ids, std::string base);

  // The id of the next request of `method` ("/cairn.v1.TrackingService/CreateRun"), a UUID4.
  std::string Next(std::string_view method);

 private:
  IdSource& ids_;
  const std::string base_;
  Mutex mutex_;
  std::map<std::string, uint64_t, std::less<>> counts_ CAIRN_GUARDED_BY(mutex_);
};

// The UUID4 that stands for the call number `count` of `method` under `base`: the first 16 bytes
// of SHA-256 over `base LF method LF count`, with the bits of the version and variant set. Pure.
std::string DeriveRequestId(std::string_view base, std::string_view method, uint64_t count);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_REQUEST_IDS_H_
