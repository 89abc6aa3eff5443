#include "lib/clustering/kernels.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/clustering/row_blocks.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cairn::clustering {
namespace {

// Two lanes per register: SSE2 on x86-64, whatever the compiler makes of it elsewhere.
#define CAIRN_VARIANT portable
#define CAIRN_VARIANT_NAME "portable"
#define CAIRN_TARGET
#define CAIRN_VECTOR_BYTES 16
#define CAIRN_SQRT(v) (Vec{std::sqrt((v)[0]), std::sqrt((v)[1])})
#include "lib/clustering/kernels_variant.inc"

#if defined(__x86_64__)

#define CAIRN_VARIANT avx2
#define CAIRN_VARIANT_NAME "avx2"
#define CAIRN_TARGET __attribute__((target("avx2")))
#define CAIRN_VECTOR_BYTES 32
#define CAIRN_SQRT(v) (reinterpret_cast<Vec>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(v))))
#include "lib/clustering/kernels_variant.inc"

// The zero-masked form of the root: GCC 12 takes the plain one for a use of uninitialised memory.
#define CAIRN_VARIANT avx512
#define CAIRN_VARIANT_NAME "avx512f"
#define CAIRN_TARGET __attribute__((target("avx512f")))
#define CAIRN_VECTOR_BYTES 64
#define CAIRN_SQRT(v) \
  (reinterpret_cast<Vec>(_mm512_maskz_sqrt_pd(0xff, reinterpret_cast<__m512d>(v))))
#include "lib/clustering/kernels_variant.inc"

#endif

std::vector<const Kernels*> FindSupported() {
  std::vector<const Kernels*> found{&portable::kKernels};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) found.push_back(&avx2::kKernels);
  if (__builtin_cpu_supports("avx512f")) found.push_back(&avx512::kKernels);
#endif
  return found;
}

}  // namespace

std::span<const Kernels* const> SupportedKernels() {
  static const std::vector<const Kernels*> supported = FindSupported();
  return supported;
}

const Kernels& ActiveKernels() { return *SupportedKernels().back(); }

}  // namespace cairn::clustering
