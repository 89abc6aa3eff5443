#include "pipeline/data/synthetic_catalogue.h"

#include "fmt/format.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

constexpr uint64_t kCatalogueSeed = 20'101'201;
constexpr uint32_t kProducts = 2000;

uint64_t Scramble(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9;
  x ^= x >> 27;
  x *= 0x94d049bb133111eb;
  return x ^ x >> 31;
}

constexpr std::string_view kColours[] = {"WHITE", "RED",   "PINK",   "BLUE",    "GREEN",
                                         "IVORY", "BLACK", "SILVER", "VINTAGE", "RETROSPOT"};
constexpr std::string_view kKinds[] = {"HANGING", "WOODEN",  "METAL", "GLASS", "PAPER",
                                       "KNITTED", "CERAMIC", "JUMBO", "MINI",  "PARTY"};
constexpr std::string_view kThings[] = {"HEART T-LIGHT HOLDER",
                                        "LANTERN",
                                        "LUNCH BAG",
                                        "CAKESTAND, 3 TIER",
                                        "HOT WATER BOTTLE",
                                        "UNION FLAG",
                                        "DOORMAT",
                                        "6\" RULER",
                                        "CANDLE STICK",
                                        "BUNTING",
                                        "JAM JAR",
                                        "SET OF 12 SPOONS",
                                        "BIRDHOUSE",
                                        "TEA TOWEL"};

// Some names need work: lower case, doubled blanks, a blank at the end, a pound sign.
std::string Describe(SyntheticRandom& random) {
  const std::string_view colour = kColours[random.Below(std::size(kColours))];
  const std::string_view kind = kKinds[random.Below(std::size(kKinds))];
  const std::string_view thing = kThings[random.Below(std::size(kThings))];
  switch (random.Below(40)) {
    case 0:
      return fmt::format("{}  {} {}", colour, kind, thing);
    case 1:
      return fmt::format("{} {} {} ", colour, kind, thing);
    case 2:
      return fmt::format("{} {} {} \xc2\xa3", colour, kind, thing);
    case 3:
      return fmt::format("{} {} for {}", colour, kind, thing);
    default:
      return fmt::format("{} {} {}", colour, kind, thing);
  }
}

Product MakeProduct(uint32_t number) {
  SyntheticRandom random(kCatalogueSeed, number);
  Product product;
  product.stock_code = fmt::format("{}", 20'000 + number * 7);
  if (random.Chance(0.15)) product.stock_code.push_back(static_cast<char>('A' + random.Below(6)));
  AppendCsvField(Describe(random), &product.description);
  // A product of two uniforms leans to the cheap side.
  product.price_cents =
      19 + static_cast<int32_t>(random.Below(40)) * static_cast<int32_t>(random.Below(40));
  return product;
}

}  // namespace

SyntheticRandom::SyntheticRandom(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
    : state_(Scramble(Scramble(Scramble(Scramble(seed + 0x9e3779b97f4a7c15) + a) + b) + c)) {}

uint64_t SyntheticRandom::Next() {
  state_ += 0x9e3779b97f4a7c15;
  return Scramble(state_);
}

const std::vector<SegmentTraits>& PlantedSegments() {
  static const auto& segments = *new std::vector<SegmentTraits>{
      {"frequent_big", 0.10, 0.120, 26, 14, 3, 10, 0.08, 1.0},
      {"regular", 0.30, 0.035, 15, 6, 1, 12, 0.03, 1.0},
      {"occasional", 0.35, 0.008, 7, 3, 6, 14, 0.01, 1.0},
      {"lapsed", 0.25, 0.025, 10, 5, 2, 16, 0.005, 0.4},
  };
  return segments;
}

const std::vector<Product>& Catalogue() {
  static const auto& products = *[] {
    auto* list = new std::vector<Product>();
    for (uint32_t i = 0; i < kProducts; ++i) list->push_back(MakeProduct(i));
    return list;
  }();
  return products;
}

const std::vector<Product>& ServiceLines() {
  static const auto& lines = *new std::vector<Product>{
      {"POST", "POSTAGE", 1800},
      {"D", "Discount", 500},
      {"M", "Manual", 125},
      {"C2", "CARRIAGE", 5000},
      {"DOT", "DOTCOM POSTAGE", 3000},
      {"BANK CHARGES", "Bank Charges", 1500},
      {"23444", "Next Day Carriage", 1500},
      {"23574", "High Resolution Image", 0},
  };
  return lines;
}

std::string_view PickCountry(SyntheticRandom& random) {
  constexpr std::string_view kOthers[] = {"Germany",     "France",  "EIRE",     "Spain",
                                          "Netherlands", "Belgium", "Portugal", "Australia"};
  if (random.Chance(0.9)) return "United Kingdom";
  return kOthers[random.Below(std::size(kOthers))];
}

double SeasonFactor(int month) {
  constexpr double kFactors[] = {0.75, 0.7, 0.8, 0.8, 0.9, 0.9, 0.85, 0.9, 1.2, 1.4, 1.7, 1.1};
  return kFactors[month - 1];
}

}  // namespace cairn::pipeline
