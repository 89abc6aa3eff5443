#include "pipeline/register/request_ids.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "lib/base/digest.h"

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
  std::string hex = Sha256Hex(text).substr(0, 32);
  hex[12] = '4';                                                                // The version.
  hex[16] = "89ab"[(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10) & 3];  // The variant.
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

}  // namespace cairn::pipeline
