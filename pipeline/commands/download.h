#ifndef CAIRN_PIPELINE_COMMANDS_DOWNLOAD_H_
#define CAIRN_PIPELINE_COMMANDS_DOWNLOAD_H_

#include <string>

#include "absl/status/status.h"

namespace cairn::pipeline {

// Downloads `address` (http or https) into the file `path`, with progress on standard error, by the
// program `curl`, which is searched for on PATH. It is a process of its own: linked, it would bring
// a second TLS library. Bytes come into `path`.part, and one that an earlier attempt left goes on
// where it stopped; the name is given when all is there. A failure that may pass is tried again a
// few times by curl itself.
//
// NOT_FOUND (FILE_ERROR): curl is not installed; UNAVAILABLE (SERVER_UNREACHABLE): it failed, with
// its exit code; what came so far stays in `path`.part.
absl::Status Download(const std::string& address, const std::string& path,
                      const std::string& program = "curl");

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_DOWNLOAD_H_
