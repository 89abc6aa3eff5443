#ifndef CAIRN_LIB_BASE_NEAREST_H_
#define CAIRN_LIB_BASE_NEAREST_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// Which of some names a person meant: what every "did you mean" says. All are pure.

// The number of insertions, deletions, replacements and swaps of neighbours that lead from one
// text to the other (optimal string alignment). Bytes, not characters.
size_t EditDistance(std::string_view from, std::string_view to);

// The candidate that whoever wrote `word` probably meant: the nearest within a third of the word's
// length (at least one edit) and half of the longer one's, else the first that begins with the
// word. Empty when nothing is near, and for a word of more than 64 bytes. A view of the candidate.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

// The one of `names` that is nearest to `word`, upper and lower case alike, and is not it; empty if
// none is near.
std::string NearestOf(std::string_view word, const std::vector<std::string>& names);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_NEAREST_H_
