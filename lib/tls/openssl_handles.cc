#include "lib/tls/openssl_handles.h"

#include <openssl/err.h>

namespace cairn::tls {

std::string TakeOpenSslError(std::string_view otherwise) {
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_peek_last_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string text(reason == nullptr ? otherwise : reason);
  if (reason != nullptr && data != nullptr && (flags & ERR_TXT_STRING) != 0 && *data != '\0') {
    text += std::string(": ") + data;
  }
  ERR_clear_error();
  return text;
}

BioPtr ReadOnlyBio(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace cairn::tls
