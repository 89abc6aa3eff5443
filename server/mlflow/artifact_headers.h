#ifndef CAIRN_SERVER_MLFLOW_ARTIFACT_HEADERS_H_
#define CAIRN_SERVER_MLFLOW_ARTIFACT_HEADERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/v1/artifacts.pb.h"
#include "lib/http/message.h"

namespace cairn::mlflow {

// What a download says of itself. Pure.

// The media type by the end of the name, as MLflow's server guesses it: all that people read is
// text/plain, which no browser runs; what is not known is application/octet-stream.
std::string_view MediaTypeOf(std::string_view path);

// A part of a file.
struct ByteRange {
  int64_t begin = 0;
  int64_t size = 0;
};

// What a request asks for of a file of `size_bytes`, by its header Range. Plain values.
struct RangeAnswer {
  int status = 200;  // or 206, or 416 for a range outside of the file
  ByteRange range;   // of 416 nothing
};

// One range of bytes is understood. Anything else, several ranges among it, is the whole file, as
// HTTP allows; so is one for another content (If-Range) than `etag` names.
RangeAnswer RangeOf(const http::Request& request, int64_t size_bytes, std::string_view etag);

// The strong name of what a file holds, in quotes.
std::string EtagOf(const v1::ArtifactFile& file);

// All headers: it is an attachment whatever it holds, and within a browser it may do nothing.
http::NameValues DownloadHeaders(const v1::ArtifactFile& file, const RangeAnswer& answer);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_ARTIFACT_HEADERS_H_
