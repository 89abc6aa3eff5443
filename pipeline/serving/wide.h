#ifndef CAIRN_PIPELINE_SERVING_WIDE_H_
#define CAIRN_PIPELINE_SERVING_WIDE_H_

// Internal to pipeline/serving: functions that are compiled twice, for every processor and for
// those with AVX2. Both give the same bits, because nothing is fused or reordered.

#if defined(__x86_64__)
#include <immintrin.h>
// Marks the outer function, which may be called only if HasWide().
#define CAIRN_WIDE __attribute__((target("avx2")))
#else
#define CAIRN_WIDE
#endif
// Marks what both are made of, which has to be compiled within them.
#define CAIRN_INLINE inline __attribute__((always_inline))

namespace cairn::pipeline::serving {

inline bool HasWide() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2");
  return has;
#else
  return false;
#endif
}

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_WIDE_H_
