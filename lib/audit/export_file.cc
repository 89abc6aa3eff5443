#include "lib/audit/export_file.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::audit {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kMaxPartBytes = size_t{1} << 20;

absl::Status NoExport(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::AUDIT_CHAIN_BROKEN,
               std::string("the file is no export of an audit: ") + std::string(what))
      .ToStatus();
}

}  // namespace

std::string EncodePart(const v1::AuditPart& part) {
  const std::string bytes = part.SerializeAsString();
  std::string encoded;
  for (int shift = 24; shift >= 0; shift -= 8) {
    encoded.push_back(static_cast<char>(bytes.size() >> shift));
  }
  return encoded + bytes;
}

absl::Status ForEachPart(std::string_view file,
                         const std::function<absl::Status(v1::AuditPart)>& take) {
  if (!file.starts_with(kExportHeader)) return NoExport("it does not begin like one");
  file.remove_prefix(kExportHeader.size());
  while (!file.empty()) {
    if (file.size() < kLengthBytes) return NoExport("it ends within a part");
    size_t length = 0;
    for (size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | static_cast<uint8_t>(file[i]);
    file.remove_prefix(kLengthBytes);
    if (length > kMaxPartBytes) return NoExport("a part is too large");
    if (length > file.size()) return NoExport("it ends within a part");
    v1::AuditPart part;
    if (!part.ParseFromArray(file.data(), static_cast<int>(length))) {
      return NoExport("a part cannot be read");
    }
    file.remove_prefix(length);
    CAIRN_RETURN_IF_ERROR(take(std::move(part)));
  }
  return absl::OkStatus();
}

}  // namespace cairn::audit
