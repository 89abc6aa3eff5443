#ifndef CAIRN_CLIENT_CLI_CLI_SUGGEST_H_
#define CAIRN_CLIENT_CLI_CLI_SUGGEST_H_

#include <string>
#include <string_view>
#include <vector>

namespace cairn::cli {

// The number of insertions, deletions, replacements and swaps of neighbours
// that lead from one text to the other. Pure; bytes, not characters.
size_t EditDistance(std::string_view from, std::string_view to);

// The candidate a person who wrote `word` probably meant: the nearest within a
// third of its length and half of the longer one's, or one that begins with it. Empty when nothing
// is near.
std::string Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

// The one of `names` that is nearest to `word` as Nearest has it, upper and lower case alike, and
// is not it; empty if none is near. Pure.
std::string NearestOf(std::string_view word, const std::vector<std::string>& names);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_SUGGEST_H_
