#ifndef CAIRN_BENCH_PROMOTION_POLICY_CHECKS_H_
#define CAIRN_BENCH_PROMOTION_POLICY_CHECKS_H_

#include <cstdint>
#include <string>

#include "fmt/format.h"

namespace cairn::bench {

// The end of a policy with so many checks, each on a metric of its own, `m0` and on, which it
// declares: two thirds are gates and one third compares with the champion. `choose` ranks by `m0`.
inline std::string PolicyChecks(int64_t checks) {
  std::string metrics = "  metrics:\n";
  std::string gates = "  gates:\n";
  std::string compare;
  for (int64_t i = 0; i < checks; ++i) {
    metrics += fmt::format("    m{}: {{direction: higher}}\n", i);
    if (i % 3 < 2) {
      gates += fmt::format("    - {{id: g{0}, metric: m{0}, pass: '>= 0.3'}}\n", i);
    } else {
      compare += fmt::format(
          "    - {{id: c{0}, role: guardrail, metric: m{0}, maxLoss: {{relative: 0.5}}}}\n", i);
    }
  }
  if (!compare.empty()) compare = "  compare:\n" + compare;
  return metrics + gates + compare + "  choose: {order: [{metric: m0}]}\n";
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_PROMOTION_POLICY_CHECKS_H_
