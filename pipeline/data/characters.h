#ifndef CAIRN_PIPELINE_DATA_CHARACTERS_H_
#define CAIRN_PIPELINE_DATA_CHARACTERS_H_

namespace cairn::pipeline {

// ASCII whatever the locale, unlike the C library's. False for every byte of a
// character beyond ASCII.
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_CHARACTERS_H_
