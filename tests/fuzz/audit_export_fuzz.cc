// Any bytes as an export of an audit, as a signed note and as a key: no crash, what is read as a
// key is written back as the bytes that were read, and nothing is verified that no key signed.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "lib/audit/export_file.h"
#include "lib/audit/signed_note.h"
#include "lib/audit/verifier.h"

namespace {

namespace audit = cairn::audit;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const audit::VerifierKey key{"k", std::string(32, '\x01')};
  audit::Verifier verifier(key);
  const auto take = [&](cairn::v1::AuditPart part) { return verifier.Take(std::move(part)); };
  if (audit::ForEachPart(bytes, take).ok()) Require(!verifier.Finish().ok());
  if (const auto read = audit::ParseVerifierKey(bytes)) {
    Require(audit::FormatVerifierKey(*read) == bytes);
  }
  if (const auto note = audit::ParseCheckpoint(bytes)) {
    Require(bytes.starts_with(note->text));
    Require(!audit::IsSignedBy(*note, key));
  }
  return 0;
}
