#include "lib/promotion/verdict.h"

namespace cairn::promotion {
namespace {

bool IsError(Verdict v) {
  return v != Verdict::PASS && v != Verdict::FAIL && v != Verdict::INCONCLUSIVE &&
         v != Verdict::SKIPPED;
}

// How bad a verdict is; SKIPPED says nothing at all.
int Badness(Verdict v) {
  if (IsError(v)) return 4;
  if (v == Verdict::FAIL) return 3;
  if (v == Verdict::INCONCLUSIVE) return 2;
  return v == Verdict::PASS ? 1 : 0;
}

}  // namespace

Verdict And(Verdict a, Verdict b) { return Worst(a, b); }

Verdict Or(Verdict a, Verdict b) {
  if (IsError(a) || IsError(b)) return Verdict::ERROR;
  if (a == Verdict::SKIPPED) return b;
  if (b == Verdict::SKIPPED) return a;
  return Badness(a) <= Badness(b) ? a : b;
}

Verdict Not(Verdict a) {
  if (IsError(a)) return Verdict::ERROR;
  if (a == Verdict::PASS) return Verdict::FAIL;
  if (a == Verdict::FAIL) return Verdict::PASS;
  return a;
}

Verdict Worst(Verdict a, Verdict b) {
  const Verdict worst = Badness(a) >= Badness(b) ? a : b;
  return IsError(worst) ? Verdict::ERROR : worst;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::PASS:
      return "PASS";
    case Verdict::FAIL:
      return "FAIL";
    case Verdict::INCONCLUSIVE:
      return "INCONCLUSIVE";
    case Verdict::SKIPPED:
      return "SKIPPED";
    default:
      return "ERROR";
  }
}

}  // namespace cairn::promotion
