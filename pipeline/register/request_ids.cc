#include "pipeline/register/request_ids.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "lib/base/digest.h"
#include "lib/base/ids.h"

namespace cairn::pipeline {

std::string RequestIdFor(std::string_view sweep_key, std::string_view step,
                         const google::protobuf::Message& request) {
  std::string text = fmt::format("cairn.request.v1\n{}\n{}\n", sweep_key, step);
  {
    google::protobuf::io::StringOutputStream stream(&text);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  return Uuid4OfHex(Sha256Hex(text).substr(0, 32));
}

}  // namespace cairn::pipeline
