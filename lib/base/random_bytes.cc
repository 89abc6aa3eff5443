#include "lib/base/random_bytes.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace cairn {

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  const int done =
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count));
  if (done != 1) std::abort();
  return bytes;
}

}  // namespace cairn
