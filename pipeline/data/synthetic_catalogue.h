#ifndef CAIRN_PIPELINE_DATA_SYNTHETIC_CATALOGUE_H_
#define CAIRN_PIPELINE_DATA_SYNTHETIC_CATALOGUE_H_

// What the synthetic shop sells, to whom, and the randomness behind it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// SplitMix64 on a counter: the same numbers on every machine. A generator is named by the seed
// and up to three more numbers, so that any part of the data can be drawn without drawing what
// comes before it. Not thread-safe; cheap to make.
class SyntheticRandom {
 public:
  // Generators of different names are independent for all that matters here.
  explicit SyntheticRandom(uint64_t seed, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0);

  // All 64 bits are equally random.
  uint64_t Next();
  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // Uniform in 0 .. bound - 1; bound >= 1.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }
  // True with the given probability.
  bool Chance(double probability) { return Uniform() < probability; }

 private:
  uint64_t state_;
};

// How the customers of one planted segment behave. Values of the year as a whole; drift
// and season bend them.
struct SegmentTraits {
  std::string_view name;
  double share;           // Of all customers; the shares add up to 1.
  double visits_per_day;  // Before season and weekday.
  uint32_t lines;         // Mean lines of an invoice.
  uint32_t quantity;      // Mean pieces of a line.
  int weekday;            // Preferred, Monday = 0.
  int hour;               // Preferred.
  double cancel_chance;   // Per visit.
  double active_until;    // Last part of the period with visits, 0..1.
};

// The planted segments in the order of PlantedSegmentNames(). Lives as long as the
// process, as the next two do.
const std::vector<SegmentTraits>& PlantedSegments();

// Prices are whole cents, so that sums are exact on any machine.
struct Product {
  std::string stock_code;
  std::string description;  // As a CSV field: quoted where needed.
  int32_t price_cents = 0;
};

// The goods on sale, the same for every seed: about two thousand.
const std::vector<Product>& Catalogue();

// Lines that are no goods: POST, D, M, C2, DOT, BANK CHARGES, and two services with stock codes
// like goods.
const std::vector<Product>& ServiceLines();

// Name of the country of a customer, United Kingdom for nine in ten.
std::string_view PickCountry(SyntheticRandom& random);

// Factor on visits in a month, 1..12, with its peak in November.
double SeasonFactor(int month);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_SYNTHETIC_CATALOGUE_H_
