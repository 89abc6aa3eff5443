#ifndef CAIRN_LIB_AUDIT_EXPORT_FILE_H_
#define CAIRN_LIB_AUDIT_EXPORT_FILE_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cairn/v1/audit.pb.h"

namespace cairn::audit {

// An export of an audit as a file: a line that says what it is, and the parts of the stream that
// ExportAudit answers with, each behind its length (4 bytes, big-endian). Pure.

// What a file begins with.
inline constexpr std::string_view kExportHeader = "cairn audit export 1\n";

// A part as it stands in a file.
std::string EncodePart(const v1::AuditPart& part);

// Hands each part of `file` to `take`, in order, until one is refused; that is the answer then.
// DATA_LOSS (AUDIT_CHAIN_BROKEN) for bytes that are no export or end within a part.
absl::Status ForEachPart(std::string_view file,
                         const std::function<absl::Status(v1::AuditPart)>& take);

}  // namespace cairn::audit

#endif  // CAIRN_LIB_AUDIT_EXPORT_FILE_H_
