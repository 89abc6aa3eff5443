#ifndef CAIRN_PIPELINE_STAGES_SPELLING_H_
#define CAIRN_PIPELINE_STAGES_SPELLING_H_

#include <string>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// The known word that `word` was probably meant to be: the nearest by edit distance if that is
// at most a third of the word's length (and at least one edit is allowed), else empty. The first
// of equally near ones. Pure.
std::string NearestWord(std::string_view word, const std::vector<std::string>& known);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SPELLING_H_
