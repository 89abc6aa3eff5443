#include "lib/model/model_file.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_error.h"

namespace cairn::model {
namespace {

constexpr size_t kHeaderBytes = 16;
constexpr size_t kTrailerBytes = 32;

void AppendU32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8) {
    out->push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

uint32_t ReadU32(std::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[offset + i])) << (8 * i);
  }
  return value;
}

std::string RawSha256(std::string_view bytes) {
  const Digest digest = DigestOf(bytes);
  return {reinterpret_cast<const char*>(digest.sha256.data()), digest.sha256.size()};
}

// Map entries in key order, so that equal models give equal bytes.
absl::Status CheckFrame(std::string_view bytes) {
  if (bytes.size() > kMaxModelFileBytes) {
    return ModelError(kModelKindTooLarge, fmt::format("the file has {} bytes, the limit is {}",
                                                      bytes.size(), kMaxModelFileBytes))
        .With("size", std::to_string(bytes.size()));
  }
  const std::string_view head = bytes.substr(0, kModelMagic.size());
  if (head != kModelMagic.substr(0, head.size()) || head.empty()) {
    return ModelError(kModelKindMagic, "not a segmentation model: it does not begin with CAIRNSEG");
  }
  if (bytes.size() < kHeaderBytes) {
    return ModelError(kModelKindTruncated,
                      fmt::format("the file ends after {} bytes, inside its header", bytes.size()));
  }
  const uint32_t version = ReadU32(bytes, 8);
  if (version != kModelFormatVersion) {
    return ModelError(kModelKindNewerVersion,
                      fmt::format("format version {} is not known to this release, which reads {}",
                                  version, kModelFormatVersion))
        .With("version", std::to_string(version));
  }
  const uint64_t expected = kHeaderBytes + uint64_t{ReadU32(bytes, 12)} + kTrailerBytes;
  if (bytes.size() != expected) {
    return ModelError(
               bytes.size() < expected ? kModelKindTruncated : kModelKindTrailingBytes,
               fmt::format("the file has {} bytes and says it has {}", bytes.size(), expected))
        .With("size", std::to_string(bytes.size()))
        .With("expected", std::to_string(expected));
  }
  const std::string_view covered = bytes.substr(0, bytes.size() - kTrailerBytes);
  if (RawSha256(covered) != bytes.substr(covered.size())) {
    return ModelError(kModelKindDigestMismatch,
                      "the file is damaged: its content does not match the SHA-256 at its end");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> SerializeModel(const SegmentationModel& model) {
  CAIRN_RETURN_IF_ERROR(ValidateModel(model));
  const std::string message = DeterministicBytes(model);
  if (message.size() > kMaxModelFileBytes - kHeaderBytes - kTrailerBytes) {
    return ModelError(kModelKindTooLarge, fmt::format("the model has {} bytes, the limit is {}",
                                                      message.size(), kMaxModelFileBytes))
        .ToStatus();
  }
  std::string out(kModelMagic);
  out.reserve(kHeaderBytes + message.size() + kTrailerBytes);
  AppendU32(kModelFormatVersion, &out);
  AppendU32(static_cast<uint32_t>(message.size()), &out);
  out += message;
  out += RawSha256(out);
  return out;
}

absl::StatusOr<SegmentationModel> ParseModel(std::string_view bytes) {
  CAIRN_RETURN_IF_ERROR(CheckFrame(bytes));
  const std::string_view message =
      bytes.substr(kHeaderBytes, bytes.size() - kHeaderBytes - kTrailerBytes);
  SegmentationModel model;
  if (!model.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return ModelError(kModelKindMessage, "the message inside does not parse").ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(ValidateModel(model));
  return model;
}

}  // namespace cairn::model
