#ifndef CAIRN_SERVER_STORAGE_STAMP_H_
#define CAIRN_SERVER_STORAGE_STAMP_H_

#include <cstdint>
#include <string>
#include <utility>

namespace cairn::storage {

// When something is done and by whom, as records say it. Value type. Use cases get it
// as an argument and read no clock, so that a plan that is made again says the same.
struct Stamp {
  int64_t unix_nanos = 0;
  // The principal of the call; `local` where the server asks nobody who they are.
  std::string principal = "local";

  // At a time, by the local caller.
  Stamp(int64_t nanos) : unix_nanos(nanos) {}  // NOLINT(google-explicit-constructor)
  Stamp(int64_t nanos, std::string by) : unix_nanos(nanos), principal(std::move(by)) {}
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_STAMP_H_
