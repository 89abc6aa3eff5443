#ifndef CAIRN_PIPELINE_SERVING_NUMBER_TEXT_H_
#define CAIRN_PIPELINE_SERVING_NUMBER_TEXT_H_

#include <cstddef>
#include <string>

namespace cairn::pipeline::serving {

// How much room WriteNumber wants; it writes less, but may write over the rest.
inline constexpr size_t kNumberTextRoom = 48;

// Writes the shortest decimal of a finite number that reads back as the same, of several the
// nearest one: what std::to_chars writes, byte for byte. Returns its end. REQUIRES:
// kNumberTextRoom.
//
// Numbers from 2^-7 to below 2^52 are turned into digits here, in exact arithmetic, which is faster
// than std::to_chars; that has the rest.
char* WriteNumber(double value, char* at);

// The same at the end of `out`.
inline void AppendNumber(double value, std::string* out) {
  char text[kNumberTextRoom];
  out->append(text, WriteNumber(value, text));
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_NUMBER_TEXT_H_
