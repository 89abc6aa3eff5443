// Any bytes as a token or an authorization header: no crash, and what is read as a token is written
// back as the bytes that were read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/auth/patterns.h"
#include "server/auth/token_text.h"

namespace {

namespace auth = cairn::auth;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto parts = auth::ParseToken(bytes)) {
    Require(auth::FormatToken({std::string(parts->id), std::string(parts->secret)}) == bytes);
  }
  if (const auto bearer = auth::BearerOf(bytes)) Require(bytes.ends_with(*bearer));
  // The one spelling of a name is its own.
  if (const auto name = auth::CanonicalName(bytes)) {
    Require(auth::CanonicalName(*name) == name);
    Require(auth::Covers(auth::PrefixOf(*name), *name));
  }
  return 0;
}
