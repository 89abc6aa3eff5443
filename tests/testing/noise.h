#ifndef CAIRN_TESTS_TESTING_NOISE_H_
#define CAIRN_TESTS_TESTING_NOISE_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace cairn::testing {

// Bytes that do not shrink when they are compressed; the same ones every time. Pure.
inline std::string Noise(size_t bytes) {
  std::string noise(bytes, '\0');
  uint64_t state = 1;
  for (char& byte : noise) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
  return noise;
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_NOISE_H_
