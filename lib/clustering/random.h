// Random numbers that are the same everywhere: MT19937 exactly as NumPy's legacy
// `RandomState(seed)` produces it, and the derivation of independent streams from one seed.
//
// The standard library's distributions are implementation-defined, so none of them is used here.
// A Mt19937 belongs to one thread at a time; it has value semantics (a copy continues from the same
// state on its own).

#ifndef CAIRN_LIB_CLUSTERING_RANDOM_H_
#define CAIRN_LIB_CLUSTERING_RANDOM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace cairn::clustering {

class Mt19937 {
 public:
  // Seeds with init_genrand: the stream of `numpy.random.RandomState(seed)`.
  explicit Mt19937(std::uint32_t seed);

  // The next 32 tempered bits.
  std::uint32_t NextUint32();

  // `random_sample()`: a double in [0, 1) with 53 random bits, made from two 32-bit draws.
  double NextDouble();

  // `uniform(low, high)`: low + (high - low) * NextDouble().
  double NextUniform(double low, double high);

  // `randint(bound)` for 1 <= bound <= 2^32: an integer in [0, bound) by masked rejection. A bound
  // of 1 draws nothing and returns 0, as NumPy does.
  std::uint64_t NextBounded(std::uint64_t bound);

  // `permutation(size)`: Fisher-Yates from the top, with the draws of the legacy shuffle.
  std::vector<std::int64_t> Permutation(std::size_t size);

  // `choice(size, p=uniform)`: one index by searching a draw in the cumulative probabilities,
  // which is how scikit-learn picks the first centre when all weights are equal. size >= 1.
  std::size_t Choice(std::size_t size);

  // `choice(size, count, replace=False, p=uniform)`: `count` different indices, in the order in
  // which NumPy returns them. Requires count <= size.
  std::vector<std::size_t> ChoiceWithoutReplacement(std::size_t size, std::size_t count);

 private:
  void Refill();

  static constexpr std::size_t kWords = 624;
  std::array<std::uint32_t, kWords> state_;
  std::size_t next_ = kWords;
};

// One step of the splitmix64 finaliser: a bijection of 64-bit values that spreads every input bit
// over the whole output.
std::uint64_t SplitMix64(std::uint64_t value);

// A 32-bit seed for the stream named by `parts` under `seed`. The same names give the same seed on
// every machine; different names give unrelated ones. This is what makes starts shareable: start j
// of a fit depends on (seed, init, k, j) alone, never on how many starts came before it.
std::uint32_t DeriveSeed(std::uint64_t seed, std::initializer_list<std::uint64_t> parts);

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_RANDOM_H_
