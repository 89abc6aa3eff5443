#ifndef CAIRN_LIB_BASE_FLAG_VALUES_H_
#define CAIRN_LIB_BASE_FLAG_VALUES_H_

#include <functional>
#include <span>
#include <string_view>

#include "absl/status/status.h"

namespace cairn {

// A check of a command line before a parser sees it that takes whatever comes after a flag for
// its value: there `--out --force` is a folder named "--force", and nothing is forced.
//
// INVALID_ARGUMENT (CONFIG_INVALID) for the first flag that is followed by a word with "--" in
// front; it names the flag, without dashes, and the word. `--out=--force` says that it is meant.
// `words` come without the program's name; what stands behind a lone `--` is not looked at.
// `takes_value` says of "--out" whether the flag has a value; of unknown flags, false.
absl::Status CheckFlagValues(std::span<const char* const> words,
                             const std::function<bool(std::string_view)>& takes_value);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_FLAG_VALUES_H_
