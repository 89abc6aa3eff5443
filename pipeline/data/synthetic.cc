#include "pipeline/data/synthetic.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/synthetic_catalogue.h"

namespace cairn::pipeline {
namespace {

constexpr int32_t kFirstCustomer = 12'346;
constexpr int64_t kMostCustomers = 50'000'000;
constexpr size_t kFlushBytes = size_t{1} << 20;

// Names of the independent streams of random numbers.
enum Stream : uint64_t { kPerson = 1, kVisit = 2, kBasket = 3 };

// What is drawn once per customer.
struct Person {
  int32_t id;
  uint8_t segment;
  bool outlier;
  float rate;          // Factor on visits, 0.6 .. 1.4.
  int32_t sure_visit;  // Day of the period with a visit whatever else is drawn.
  std::string_view country;
};

struct Visit {
  int64_t time;
  int32_t person;   // -1: a guest without id.
  uint64_t number;  // Names the visit's random numbers; unique within its day.
};

absl::Status CheckOptions(const SyntheticOptions& o) {
  const auto refuse = [](std::string_view name, std::string_view range) {
    return InputError(absl::StatusCode::kInvalidArgument, kOptionOutOfRange,
                      fmt::format("{} must be {}", name, range), name);
  };
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (o.customers < 1 || o.customers > 10'000'000) return refuse("customers", "1..10000000");
  if (!within(o.scale, 0.001, 10'000.0)) return refuse("scale", "0.001..10000");
  if (o.scale * o.customers > static_cast<double>(kMostCustomers)) {
    return refuse("customers", "at most 50000000 after scaling");
  }
  if (!within(o.drift, 0.0, 1.0)) return refuse("drift", "0..1");
  if (o.days < 1 || o.days > 3660) return refuse("days", "1..3660");
  if (o.first_day < 0 || o.first_day > 100'000) return refuse("first_day", "0..100000");
  if (!within(o.outlier_share, 0.0, 0.5)) return refuse("outlier_share", "0..0.5");
  const std::pair<std::string_view, double> shares[] = {
      {"missing_customer_share", o.missing_customer_share},
      {"missing_description_share", o.missing_description_share},
      {"duplicate_share", o.duplicate_share},
      {"service_share", o.service_share},
      {"zero_price_share", o.zero_price_share}};
  for (const auto& [name, value] : shares) {
    if (!within(value, 0.0, 0.9)) return refuse(name, "0..0.9");
  }
  return absl::OkStatus();
}

class Generator {
 public:
  Generator(const SyntheticOptions& options, const ByteSink& sink)
      : options_(options), sink_(sink) {}

  absl::StatusOr<SyntheticSummary> Run() {
    MakePeople();
    Put("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    for (int32_t day = 0; day < options_.days; ++day) {
      PlanDay(day);
      for (const Visit& visit : visits_) {
        WriteVisit(visit, day);
        if (buffer_.size() >= kFlushBytes) CAIRN_RETURN_IF_ERROR(Flush());
      }
    }
    CAIRN_RETURN_IF_ERROR(Flush());
    return std::move(summary_);
  }

 private:
  void MakePeople() {
    const double total = std::max(1.0, std::floor(options_.customers * options_.scale));
    const auto count = static_cast<int32_t>(total);
    people_.reserve(static_cast<size_t>(count));
    summary_.customers.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; ++i) {
      SyntheticRandom random(options_.seed, kPerson, static_cast<uint64_t>(i));
      Person person;
      person.id = kFirstCustomer + i;
      person.segment = static_cast<uint8_t>(PickSegment(random.Uniform()));
      person.outlier = random.Chance(options_.outlier_share);
      person.rate = static_cast<float>(0.6 + 0.8 * random.Uniform());
      person.sure_visit = SureVisit(person, random);
      person.country = PickCountry(random);
      people_.push_back(person);
      summary_.customers.push_back({person.id, person.segment, person.outlier, 0});
    }
  }

  static int PickSegment(double at) {
    const std::vector<SegmentTraits>& segments = PlantedSegments();
    size_t segment = 0;
    while (segment + 1 < segments.size() && at >= segments[segment].share) {
      at -= segments[segment].share;
      ++segment;
    }
    return static_cast<int>(segment);
  }

  // A preferred weekday in the active part of the period, if it has one.
  int32_t SureVisit(const Person& person, SyntheticRandom& random) const {
    const SegmentTraits& traits = PlantedSegments()[person.segment];
    const auto active = std::max(1, static_cast<int32_t>(options_.days * traits.active_until));
    const auto day = static_cast<int32_t>(random.Below(static_cast<uint32_t>(active)));
    const int32_t back = (WeekdayOf(options_.first_day + day) - traits.weekday + 7) % 7;
    return day >= back ? day - back : day;
  }

  double Progress(int32_t day) const { return static_cast<double>(day) / options_.days; }

  // Under drift a growing part of the customers behaves like the next segment.
  const SegmentTraits& TraitsOf(int32_t person, int32_t day) const {
    const std::vector<SegmentTraits>& segments = PlantedSegments();
    size_t segment = people_[static_cast<size_t>(person)].segment;
    if (options_.drift > 0.0) {
      SyntheticRandom random(options_.seed, kPerson, static_cast<uint64_t>(person), 1);
      if (random.Uniform() < 0.4 * options_.drift * Progress(day)) {
        segment = (segment + 1) % segments.size();
      }
    }
    return segments[segment];
  }

  double VisitChance(int32_t person, int32_t day, int weekday, double season) const {
    const SegmentTraits& traits = TraitsOf(person, day);
    const Person& who = people_[static_cast<size_t>(person)];
    if (weekday == 5 || Progress(day) >= traits.active_until) return 0.0;  // Closed on Saturdays.
    const double slump = 1.0 - 0.5 * options_.drift * Progress(day);
    const double chance = traits.visits_per_day * static_cast<double>(who.rate) * season * slump *
                          (weekday == traits.weekday ? 2.4 : 0.9) * (who.outlier ? 3.0 : 1.0);
    return std::min(chance, 0.95);
  }

  // Fills visits_ with the day's visits in order of time.
  void PlanDay(int32_t day) {
    visits_.clear();
    const int64_t date = int64_t{options_.first_day} + day;
    const int weekday = WeekdayOf(date);
    const double season = SeasonFactor(CivilFromDays(date).month);
    const double guests = options_.missing_customer_share / (1.0 - options_.missing_customer_share);
    for (int32_t person = 0; person < static_cast<int32_t>(people_.size()); ++person) {
      SyntheticRandom random(options_.seed, kVisit, static_cast<uint64_t>(person),
                             static_cast<uint64_t>(day));
      const bool drawn = random.Chance(VisitChance(person, day, weekday, season));
      if (!drawn && people_[static_cast<size_t>(person)].sure_visit != day) continue;
      AddVisit(person, day, random);
      double expected = guests;
      while (random.Chance(expected)) {
        AddVisit(-1, day, random);
        expected -= 1.0;
      }
    }
    std::sort(visits_.begin(), visits_.end(), [](const Visit& a, const Visit& b) {
      return std::pair(a.time, a.number) < std::pair(b.time, b.number);
    });
  }

  void AddVisit(int32_t person, int32_t day, SyntheticRandom& random) {
    const int preferred = person < 0 ? 13 : TraitsOf(person, day).hour;
    const int hour =
        random.Chance(0.6) ? preferred : preferred - 2 + static_cast<int>(random.Below(5));
    const int64_t minutes = hour * 60 + static_cast<int>(random.Below(60));
    visits_.push_back({(int64_t{options_.first_day} + day) * kSecondsPerDay + minutes * 60, person,
                       visits_.size()});
  }

  // One invoice, and perhaps the cancellation of a part of it.
  void WriteVisit(const Visit& visit, int32_t day) {
    SyntheticRandom random(options_.seed, kBasket, static_cast<uint64_t>(day), visit.number);
    const bool guest = visit.person < 0;
    const SegmentTraits& traits = guest ? PlantedSegments()[1] : TraitsOf(visit.person, day);
    const bool outlier = !guest && people_[static_cast<size_t>(visit.person)].outlier;
    const double growth = (1.0 + options_.drift * Progress(day)) * (outlier ? 40.0 : 1.0);
    const uint32_t mean = std::max<uint32_t>(1, static_cast<uint32_t>(traits.quantity * growth));
    const uint32_t lines = 1 + random.Below(traits.lines * 2);
    const bool cancels = random.Chance(traits.cancel_chance);
    const uint32_t cancelled = cancels ? 1 + random.Below(std::min<uint32_t>(lines, 3)) : 0;
    StartInvoice(visit, /*cancelled=*/false);
    returned_.clear();
    for (uint32_t i = 0; i < lines; ++i) {
      const Product& product = PickProduct(random);
      const auto quantity = static_cast<int32_t>(1 + random.Below(mean * 2));
      WriteGoods(product, quantity, random);
      if (i < cancelled) returned_.push_back({&product, quantity});
    }
    if (random.Chance(std::min(0.9, options_.service_share * lines))) {
      const auto& services = ServiceLines();
      const Product& line = services[random.Below(static_cast<uint32_t>(services.size()))];
      WriteLine(line, line.description, 1, line.price_cents);
    }
    if (returned_.empty()) return;
    StartInvoice(visit, /*cancelled=*/true);
    for (const auto& [product, quantity] : returned_) {
      WriteLine(*product, product->description, -quantity, product->price_cents);
      ++summary_.cancelled_rows;
    }
  }

  // The smaller of two draws: some goods sell far better than others.
  static const Product& PickProduct(SyntheticRandom& random) {
    const auto& goods = Catalogue();
    const auto size = static_cast<uint32_t>(goods.size());
    const uint32_t first = random.Below(size);
    return goods[std::min(first, random.Below(size))];
  }

  void WriteGoods(const Product& product, int32_t quantity, SyntheticRandom& random) {
    const bool nameless = random.Chance(options_.missing_description_share);
    const bool free = random.Chance(options_.zero_price_share);
    const bool twice = random.Chance(options_.duplicate_share);
    for (int i = 0; i < (twice ? 2 : 1); ++i) {
      WriteLine(product, nameless ? std::string_view() : std::string_view(product.description),
                quantity, free ? 0 : product.price_cents);
    }
  }

  void StartInvoice(const Visit& visit, bool cancelled) {
    const int64_t time = visit.time + (cancelled ? 60 : 0);
    invoice_ = fmt::format("{}{}", cancelled ? "C" : "", 536'365 + invoices_++);
    date_ = FormatDateTime(time);
    if (visit.person < 0) {
      tail_ = ",,United Kingdom\n";
    } else {
      const Person& person = people_[static_cast<size_t>(visit.person)];
      tail_ = fmt::format(",{}.0,{}\n", person.id, person.country);
      ++summary_.customers[static_cast<size_t>(visit.person)].invoices;
    }
  }

  void WriteLine(const Product& product, std::string_view description, int32_t quantity,
                 int32_t price_cents) {
    fmt::format_to(std::back_inserter(buffer_), "{},{},{},{},{},{}.{:02}{}", invoice_,
                   product.stock_code, description, quantity, date_, price_cents / 100,
                   price_cents % 100, tail_);
    ++summary_.rows;
  }

  void Put(std::string_view text) { buffer_ += text; }

  absl::Status Flush() {
    if (buffer_.empty()) return absl::OkStatus();
    summary_.bytes += buffer_.size();
    CAIRN_RETURN_IF_ERROR(sink_(buffer_));
    buffer_.clear();
    return absl::OkStatus();
  }

  struct Returned {
    const Product* product;
    int32_t quantity;
  };

  const SyntheticOptions options_;
  const ByteSink& sink_;
  std::vector<Person> people_;
  std::vector<Visit> visits_;
  std::vector<Returned> returned_;
  SyntheticSummary summary_;
  std::string buffer_;
  std::string invoice_;
  std::string date_;
  std::string tail_;
  int64_t invoices_ = 0;
};

}  // namespace

const std::vector<std::string>& PlantedSegmentNames() {
  static const auto& names = *[] {
    auto* list = new std::vector<std::string>();
    for (const SegmentTraits& traits : PlantedSegments()) list->emplace_back(traits.name);
    return list;
  }();
  return names;
}

absl::StatusOr<SyntheticSummary> GenerateTransactions(const SyntheticOptions& options,
                                                      const ByteSink& sink) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(options));
  return Generator(options, sink).Run();
}

absl::StatusOr<SyntheticCsv> GenerateTransactionsCsv(const SyntheticOptions& options) {
  SyntheticCsv result;
  CAIRN_ASSIGN_OR_RETURN(result.summary, GenerateTransactions(options, [&](std::string_view piece) {
                           result.csv += piece;
                           return absl::OkStatus();
                         }));
  return result;
}

}  // namespace cairn::pipeline
