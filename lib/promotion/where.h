#ifndef CAIRN_LIB_PROMOTION_WHERE_H_
#define CAIRN_LIB_PROMOTION_WHERE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/promotion/evidence.h"
#include "lib/promotion/verdict.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// The condition of `candidates.where`, which selects versions:
//
//   age <= duration('30d') && param('k') in ['4', '5'] && tag('team') == 'crm'
//
// A small language in which every text ends: no loops, no functions of one's own. A comparison has
// a field on its left and values on its right. The fields are a closed set:
//
//   state      'READY', 'ARCHIVED'                  == != in
//   run.state  a word of Run.State, or 'DELETED'    == != in
//   age        duration('30d'), of d, h, m, s       < <= > >=
//   tag('t')   a text                               == != in
//   param('p') a text; a number without quotes      == != in; and < <= > >=
//
// They are joined by &&, ||, ! and parentheses, by strong Kleene logic: a comparison with what is
// not there, such as a tag that the version lacks, is INCONCLUSIVE, and only PASS selects.

// A node of the condition. A plain value; a default one is the condition that is not there.
struct Where {
  enum class Kind { kNone, kAnd, kOr, kNot, kCompare };
  enum class Field { kState, kRunState, kAge, kTag, kParam };
  enum class Op { kEqual, kUnequal, kLess, kAtMost, kGreater, kAtLeast, kIn };

  Kind kind = Kind::kNone;
  std::vector<Where>
      parts;  // of kAnd and kOr at least two, none of them of the same kind; of kNot one

  // What follows is of kCompare.
  Field field = Field::kState;
  std::string key;  // of a tag or parameter
  Op op = Op::kEqual;
  std::vector<std::string> texts;  // one, or those of kIn; empty where a number or duration stands
  double number = 0;
  int64_t seconds = 0;  // of a duration

  bool empty() const { return kind == Kind::kNone; }
  friend bool operator==(const Where&, const Where&) = default;
};

// POLICY_INVALID at the field, with the byte that is at fault: not this language, a comparison that
// a field does not have, a word that a field never has, or more than the limits of limits.h.
absl::StatusOr<Where> ReadWhere(const YamlField& field);

// The condition in its one form; ReadWhere's inverse. Empty for none.
std::string WhereText(const Where& where);

// What time says about versions: for each comparison of an age in `where`, as WhereText writes it,
// the numbers of the versions for which it holds at `now_unix_nanos`: "3..7,9". So a decision can
// be made again without a clock, and asking twice within a while gives equal facts.
std::map<std::string, std::string> AgeFacts(const Where& where,
                                            const std::vector<VersionRead>& versions,
                                            int64_t now_unix_nanos);

// Whether the condition selects the version: PASS, FAIL or INCONCLUSIVE. PASS for an empty one.
// Ages are looked up in `time_facts`: INCONCLUSIVE where those lack one. Pure.
Verdict EvaluateWhere(const Where& where, const VersionRead& version,
                      const std::map<std::string, std::string>& time_facts);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_WHERE_H_
