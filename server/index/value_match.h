#ifndef CAIRN_SERVER_INDEX_VALUE_MATCH_H_
#define CAIRN_SERVER_INDEX_VALUE_MATCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "server/core/run_filter.h"

namespace cairn::index {

// Conditions on single values, taken out of a run: what core::RunFilter::Matches
// decides for a whole one. The differential test holds the two together. All
// functions are pure.

// What the texts of a column are.
enum class TextKind {
  kValue,      // a parameter or tag: a text that may be a number
  kName,       // display name, uid, user; a run without one matches nothing
  kState,      // the name of a state
  kDataset,    // all inputs of a run, as EncodeInputs writes them
  kParentRun,  // the resource name of a run
  kOutput,     // all outputs of a run, as EncodeOutputs writes them
};

// True if a run with the value `text` satisfies the comparison or bare word `p`; a list
// of values is value_set.h's. REQUIRES: `p` compares a field whose column has texts of
// this kind.
bool TextMatches(const core::RunPredicate& p, TextKind kind, std::string_view text);

// True if a run without the value does: only a bare word of wildcards.
bool AbsentMatches(const core::RunPredicate& p);

// Every input of a run in one text; empty if there are none. For each input its
// version's name and its SHA-256, each ended by a zero byte, in the order of the run.
// As one text it has one code in the column, and most runs of an experiment share it.
std::string EncodeInputs(const google::protobuf::RepeatedPtrField<cairn::v1::RunInput>& inputs);
// One input of such a text. Views of it.
struct InputTexts {
  std::string_view version;
  std::string_view sha256;
};
// Takes the first input off the front; all of what EncodeInputs did not write. REQUIRES: it is not
// empty.
InputTexts TakeInput(std::string_view& encoded);
// The same of its outputs. The names of the resources, each ended by a zero byte.
std::string EncodeOutputs(const google::protobuf::RepeatedPtrField<cairn::v1::RunOutput>& outputs);

// The stored words (words.h) that satisfy a comparison of a metric or time.
struct WordRange {
  uint64_t lo = 1;
  uint64_t hi = 0;       // below `lo`: no word
  bool negated = false;  // the words outside the range, but for "no value"

  bool Contains(uint64_t word) const {
    const bool inside = lo <= word && word <= hi;
    return negated ? word != 0 && !inside : inside;
  }
};
// Empty for a comparison that no value can satisfy, such as `<` with NaN. A bare field
// ("present") is every word but "no value". REQUIRES: `p` compares such a field by
// anything but IN.
WordRange RangeOf(const core::RunPredicate& p);

// A text that two predicates share only if they mean the same for every run, so that
// caches may use it as a key; a long list is told by its SHA-256. What is written in
// another order has another text, which costs a look-up.
std::string PredicateKey(const core::RunPredicate& p);

// True if the condition looks at metrics anywhere.
bool UsesMetrics(const core::RunPredicate& p);
// Latest, smallest or greatest value of a metric.
bool IsMetricField(core::RunField field);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_VALUE_MATCH_H_
