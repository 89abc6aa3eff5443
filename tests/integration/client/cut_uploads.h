#ifndef CAIRN_TESTS_INTEGRATION_CLIENT_CUT_UPLOADS_H_
#define CAIRN_TESTS_INTEGRATION_CLIENT_CUT_UPLOADS_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace cairn::testing {

// What a series of cut uploads cost.
struct CutReport {
  int cuts = 0;                 // that came before the upload was over
  int client_kills = 0;         // of them, of the client's process; the others of the server's
  int64_t most_sent_again = 0;  // bytes, after one cut
};

// Uploads `uploads` files of noise, of 17 to 40 MiB, to a server of its own, half of them in
// chunks and half in one stream. Each is cut once, at random: the client's process or the
// server's is killed. Then the same file is uploaded by another process, and fetched.
//
// INTERNAL with what was wrong, the round and how to repeat it: more than 16 MiB were sent
// again, the upload did not succeed, or what was fetched is not what was sent.
absl::StatusOr<CutReport> CutUploads(uint64_t seed, int uploads);

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_INTEGRATION_CLIENT_CUT_UPLOADS_H_
