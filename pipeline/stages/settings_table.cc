#include "pipeline/stages/settings_table.h"

#include <fmt/format.h>

#include <cmath>
#include <type_traits>
#include <utility>

#include "lib/base/encoding.h"

namespace cairn::pipeline {
namespace {

struct Bounds {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};
constexpr Bounds kUnbounded;
constexpr Bounds kShareBounds = {0, 1};

// `place` is a generic lambda from a configuration, const or not, to a member of it.
template <typename Place>
auto MemberAt(Place place) {
  using Value = std::remove_reference_t<decltype(place(std::declval<PipelineConfig&>()))>;
  return Member<Value>{
      [place](PipelineConfig& config) -> Value& { return place(config); },
      [place](const PipelineConfig& config) -> const Value& { return place(config); }};
}

// Words that stand for values; of several words for one value the first is printed.
template <typename Place, typename Value>
WordField ChoiceAt(Place place, std::vector<std::pair<std::string, Value>> choices) {
  WordField field;
  for (const auto& [word, value] : choices) field.words.push_back(word);
  field.set = [place, choices](const std::string& chosen, PipelineConfig* config) {
    for (const auto& [word, value] : choices) {
      if (word != chosen) continue;
      place(*config) = value;
      return true;
    }
    return false;
  };
  field.get = [place, choices](const PipelineConfig& config) {
    for (const auto& [word, value] : choices) {
      if (place(config) == value) return word;
    }
    return std::string();
  };
  return field;
}

Setting Row(std::string path, SettingField field, Bounds bounds, std::string_view unit,
            std::string_view help) {
  return {std::move(path), std::move(field), bounds.least, bounds.most, unit, help};
}

Setting First(Setting setting) {
  setting.first = true;
  return setting;
}

// Lists that were set by hand are no named grid any more.
void NameGrid(const PipelineConfig& before, PipelineConfig* config) {
  SweepGrid& grid = config->sweep.grid;
  const SweepGrid& old = before.sweep.grid;
  const bool same = grid.k == old.k && grid.n_init == old.n_init && grid.max_iter == old.max_iter &&
                    grid.init == old.init && grid.seeds == old.seeds;
  if (!same) grid.name = "custom";
}

Setting GridRow(Setting setting) {
  setting.then = NameGrid;
  return setting;
}

void NameScaling(const PipelineConfig& before, PipelineConfig* config) {
  if (config->scaling != before.scaling) config->scaling_name = "custom";
}

// The default grid's seeds begin with that of the configuration.
void MoveGridSeeds(const PipelineConfig&, PipelineConfig* config) {
  if (config->sweep.grid.name == "default") config->sweep.grid = DefaultGrid(config->seed);
}

WordField PresetWord() {
  // Read before all else, for it is what the others refine (ParseConfig).
  return {{"default", "classic"},
          "must be default or classic",
          [](const std::string&, PipelineConfig*) { return true; },
          [](const PipelineConfig& config) { return config.preset; }};
}

WordField SheetName() {
  return {{},
          "must be the name of a sheet",
          [](const std::string& word, PipelineConfig* config) {
            config->input.dialect.sheet = word == "auto" ? "" : word;
            return true;
          },
          [](const PipelineConfig& config) {
            const std::string& sheet = config.input.dialect.sheet;
            return sheet.empty() ? "auto" : sheet;
          }};
}

WordsField NullWords() {
  return {{},
          true,
          [](const std::optional<std::vector<std::string>>& words, PipelineConfig* config) {
            config->input.dialect.null_values = words;
            return true;
          },
          [](const PipelineConfig& config) { return config.input.dialect.null_values; }};
}

WordField ScalingMethodWord() {
  return {
      ScalingMethods(), "",
      [](const std::string& word, PipelineConfig* config) { return SetScaling(word, config).ok(); },
      [](const PipelineConfig& config) {
        return config.scaling_name == "custom" ? "" : config.scaling_name;
      }};
}

WordField GridWord() {
  return {{"default", "classic"},
          "must be default or classic",
          [](const std::string& word, PipelineConfig* config) {
            if (word != "default" && word != "classic") return false;
            config->sweep.grid = word == "classic" ? ClassicGrid() : DefaultGrid(config->seed);
            return true;
          },
          [](const PipelineConfig& config) {
            const std::string& name = config.sweep.grid.name;
            return name == "custom" ? "" : name;
          }};
}

WordsField InitWords() {
  const auto set = [](const std::optional<std::vector<std::string>>& words,
                      PipelineConfig* config) {
    std::vector<CenterInit>& init = config->sweep.grid.init;
    init.clear();
    for (const std::string& word : *words) {
      init.push_back(word == CenterInitName(CenterInit::kRandom) ? CenterInit::kRandom
                                                                 : CenterInit::kKMeansPlusPlus);
    }
    return true;
  };
  const auto get = [](const PipelineConfig& config) -> std::optional<std::vector<std::string>> {
    std::vector<std::string> out;
    for (const CenterInit init : config.sweep.grid.init) out.emplace_back(CenterInitName(init));
    return out;
  };
  return {{"k-means++", "random"}, false, set, get};
}

std::vector<Setting> GeneralRows() {
  Setting seed = First(Row("seed", MemberAt([](auto& c) -> auto& { return c.seed; }),
                           {0, std::numeric_limits<uint32_t>::max()}, "",
                           "Seed of the isolation forest, and of the sweep where no others are "
                           "given."));
  seed.then = MoveGridSeeds;
  return {
      First(Row("preset", PresetWord(), kUnbounded, "", "The settings that the others refine.")),
      std::move(seed),
      Row("threads", MemberAt([](auto& c) -> auto& { return c.threads; }), {0, 64}, "threads",
          "How many work at once, 0 for one per processor, at most 8; never changes a "
          "result.")};
}

std::vector<Setting> InputRows() {
  return {
      Row("input.max_reject_share",
          MemberAt([](auto& c) -> auto& { return c.input.max_reject_share; }), kShareBounds,
          "share of rows", "Above this share of rows that cannot be read the run stops."),
      Row("input.encoding",
          ChoiceAt(
              [](auto& c) -> auto& { return c.input.dialect.encoding; },
              std::vector<std::pair<std::string, TextEncoding>>{
                  {"auto", TextEncoding::kAuto},
                  {"utf-8", TextEncoding::kUtf8},
                  {"utf-16", TextEncoding::kUtf16},
                  {"windows-1252", TextEncoding::kWindows1252},
                  {"iso-8859-1", TextEncoding::kLatin1}}),
          kUnbounded, "", "How the bytes of a CSV file are characters."),
      Row("input.separator",
          ChoiceAt(
              [](auto& c) -> auto& { return c.input.dialect.separator; },
              std::vector<std::pair<std::string, char>>{{"auto", '\0'},
                                                        {"comma", ','},
                                                        {"semicolon", ';'},
                                                        {"tab", '\t'},
                                                        {"bar", '|'},
                                                        {",", ','},
                                                        {";", ';'},
                                                        {"\t", '\t'},
                                                        {"|", '|'}}),
          kUnbounded, "", "What stands between the fields of a CSV file."),
      Row("input.decimal",
          ChoiceAt(
              [](auto& c) -> auto& { return c.input.dialect.decimal; },
              std::vector<std::pair<std::string, char>>{
                  {"auto", '\0'}, {"point", '.'}, {"comma", ','}, {".", '.'}, {",", ','}}),
          kUnbounded, "", "The mark before the fraction of a number."),
      Row("input.date_order",
          ChoiceAt(
              [](auto& c) -> auto& { return c.input.dialect.date_order; },
              std::vector<std::pair<std::string, DateOrder>>{
                  {"auto", DateOrder::kAuto},
                  {"day_first", DateOrder::kDayFirst},
                  {"month_first", DateOrder::kMonthFirst},
                  {"year_first", DateOrder::kYearFirst}}),
          kUnbounded, "", "Which part of a date comes first."),
      Row("input.sheet", SheetName(), kUnbounded, "",
          "The only sheet of a workbook to read; `auto` is all that have the header."),
      Row("input.null_values", NullWords(), kUnbounded, "",
          "Words that mean that a customer or a description is missing."),
  };
}

std::vector<Setting> CleaningRows() {
  return {Row("cleaning.home_country",
              MemberAt([](auto& c) -> auto& { return c.cleaning.home_country; }), kUnbounded, "",
              "The country that the feature Is_UK compares with, without case."),
          Row("cleaning.max_set_aside_share",
              MemberAt([](auto& c) -> auto& { return c.cleaning.max_set_aside_share; }),
              kShareBounds, "share of rows or spend",
              "Above this share of rows, or of spend, that cleaning drops the run stops."),
          Row("cleaning.product_codes",
              ChoiceAt(
                  [](auto& c) -> auto& { return c.cleaning.rules.product_codes; },
                  std::vector<std::pair<std::string, ProductCodes>>{
                      {"auto", ProductCodes::kAuto},
                      {"two_digits", ProductCodes::kTwoDigits},
                      {"all", ProductCodes::kAll}}),
              kUnbounded, "", "Which stock codes are products and not services.")};
}

std::vector<Setting> OutlierRows() {
  return {
      Row("features.preset",
          ChoiceAt(
              [](auto& c) -> auto& { return c.features; },
              std::vector<std::pair<std::string, FeaturePreset>>{
                  {"default", FeaturePreset::kDefault}, {"classic", FeaturePreset::kClassic}}),
          kUnbounded, "", "The definition of the features."),
      Row("outliers.method",
          ChoiceAt(
              [](auto& c) -> auto& { return c.outliers.method; },
              std::vector<std::pair<std::string, OutlierMethod>>{
                  {"none", OutlierMethod::kNone},
                  {"isolation_forest", OutlierMethod::kIsolationForest}}),
          kUnbounded, "", "How customers unlike all others are found before training."),
      Row("outliers.trees", MemberAt([](auto& c) -> auto& { return c.outliers.trees; }),
          {1, 10'000}, "trees", "Size of the forest."),
      Row("outliers.sample_size", MemberAt([](auto& c) -> auto& { return c.outliers.sample_size; }),
          {2, 100'000}, "customers", "How many customers each tree sees, at most those there are."),
      Row("outliers.contamination",
          MemberAt([](auto& c) -> auto& { return c.outliers.contamination; }), {1e-6, 0.5},
          "share of customers", "How many customers are outliers.")};
}

std::vector<Setting> ScalingRows() {
  std::vector<Setting> rows = {
      First(Row("scaling.method", ScalingMethodWord(), kUnbounded, "",
                "How all columns are scaled; `default` and `classic` differ by column."))};
  std::vector<std::pair<std::string, ColumnScaling>> words;
  for (const ColumnScaling scaling : kColumnScalings) {
    words.emplace_back(ColumnScalingName(scaling), scaling);
  }
  for (size_t i = 0; i < kFeatureNames.size(); ++i) {
    Setting row = Row(fmt::format("scaling.columns.{}", kFeatureNames[i]),
                      ChoiceAt(
                          [i](auto& c) -> auto& { return c.scaling[i]; }, words),
                      kUnbounded, "", "How this column alone is scaled.");
    row.then = NameScaling;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Setting> PcaRows() {
  return {
      Row("pca.variance", MemberAt([](auto& c) -> auto& { return c.pca.variance; }), kShareBounds,
          "share of variance", "The fewest components that explain more than this are kept."),
      Row("pca.min_components", MemberAt([](auto& c) -> auto& { return c.pca.min_components; }),
          {1, kFeatureCount}, "components", "At least so many are kept."),
      Row("pca.max_components", MemberAt([](auto& c) -> auto& { return c.pca.max_components; }),
          {1, kFeatureCount}, "components", "At most so many are kept, the extra ones included."),
      Row("pca.extra_components", MemberAt([](auto& c) -> auto& { return c.pca.extra_components; }),
          {0, kFeatureCount - 1}, "components", "So many more are kept than the variance needs.")};
}

std::vector<Setting> SweepRows() {
  return {
      First(Row("sweep.grid", GridWord(), kUnbounded, "", "A named grid, which the lists refine.")),
      GridRow(Row("sweep.k", MemberAt([](auto& c) -> auto& { return c.sweep.grid.k; }),
                  {2, kLargestK}, "segments", "How many segments to try.")),
      GridRow(Row("sweep.n_init", MemberAt([](auto& c) -> auto& { return c.sweep.grid.n_init; }),
                  {1, 10'000}, "starts", "Starts of one fit, the best of which counts.")),
      GridRow(Row("sweep.max_iter",
                  MemberAt([](auto& c) -> auto& { return c.sweep.grid.max_iter; }), {1, 1'000'000},
                  "iterations", "Iterations of one start at most.")),
      GridRow(Row("sweep.init", InitWords(), kUnbounded, "", "How first centres are chosen.")),
      GridRow(Row("sweep.seeds", MemberAt([](auto& c) -> auto& { return c.sweep.grid.seeds; }),
                  {0, std::numeric_limits<uint32_t>::max()}, "",
                  "Seeds of the fits; without any, `seed` alone.")),
      Row("sweep.tol", MemberAt([](auto& c) -> auto& { return c.sweep.tol; }), kShareBounds,
          "share of the mean variance", "Centres that move less have converged."),
      Row("sweep.sharing", MemberAt([](auto& c) -> auto& { return c.sweep.sharing; }), kUnbounded,
          "", "Whether provably equal work is done once; never changes a result.")};
}

std::vector<Setting> SelectRows() {
  return {Row("select.min_k", MemberAt([](auto& c) -> auto& { return c.select.min_k; }),
              {2, kLargestK}, "segments", "Fewer are not chosen."),
          Row("select.max_k", MemberAt([](auto& c) -> auto& { return c.select.max_k; }),
              {2, kLargestK}, "segments", "More are not chosen; not below min_k."),
          Row("select.min_share", MemberAt([](auto& c) -> auto& { return c.select.min_share; }),
              kShareBounds, "share of customers", "No segment of all customers is smaller."),
          Row("select.min_silhouette",
              MemberAt([](auto& c) -> auto& { return c.select.min_silhouette; }), {-1, 1}, "",
              "The silhouette of all customers is not below."),
          Row("select.max_davies_bouldin",
              MemberAt([](auto& c) -> auto& { return c.select.max_davies_bouldin; }),
              {0, kUnbounded.most}, "", "The Davies-Bouldin index of all customers is not above.")};
}

std::vector<Setting> PriceRows() {
  const Bounds price = {0, kUnbounded.most};
  return {Row("prices.cpu_hour", MemberAt([](auto& c) -> auto& { return c.prices.cpu_hour; }),
              price, "money an hour", "What an hour of one processor costs."),
          Row("prices.gib_read", MemberAt([](auto& c) -> auto& { return c.prices.gib_read; }),
              price, "money a GiB", "What reading 2^30 bytes of input costs."),
          Row("prices.gib_stored", MemberAt([](auto& c) -> auto& { return c.prices.gib_stored; }),
              price, "money a GiB", "What storing 2^30 bytes of results costs."),
          Row("prices.gib_transferred",
              MemberAt([](auto& c) -> auto& { return c.prices.gib_transferred; }), price,
              "money a GiB", "What sending 2^30 bytes to the server costs."),
          Row("prices.currency", MemberAt([](auto& c) -> auto& { return c.prices.currency; }),
              kUnbounded, "", "The sign before amounts of money in the report.")};
}

// The limits of drift and of deliveries, which have a table of their own.
std::vector<Setting> LimitRows() {
  std::vector<Setting> rows;
  for (const LimitRow& limit : LimitTable()) {
    Member<double> member{
        [&limit](PipelineConfig& config) -> double& { return limit.write(config.monitoring); },
        [&limit](const PipelineConfig& config) -> const double& {
          return limit.read(config.monitoring);
        }};
    rows.push_back(Row(std::string(limit.key), std::move(member), {limit.least, limit.most},
                       limit.unit, limit.help));
  }
  rows.push_back(Row(std::string(kWindowKey),
                     MemberAt([](auto& c) -> auto& { return c.monitoring.delivery.window; }),
                     {1, kLargestWindow}, "deliveries",
                     "The median is that of so many deliveries before, the latest."));
  return rows;
}

// The names of the data sets.
std::vector<Setting> DatasetRows() {
  const auto row = [](const char* key, Member<std::string> member, std::string_view help) {
    return Row(std::string("register.datasets.") + key, std::move(member), kUnbounded, "", help);
  };
  return {
      row("transactions",
          MemberAt([](auto& c) -> auto& { return c.registration.transactions_dataset; }),
          "Data set of the input as it was given."),
      row("cleaned", MemberAt([](auto& c) -> auto& { return c.registration.cleaned_dataset; }),
          "Data set of the cleaned transactions."),
      row("features", MemberAt([](auto& c) -> auto& { return c.registration.features_dataset; }),
          "Data set of the features of all customers."),
      row("prepared", MemberAt([](auto& c) -> auto& { return c.registration.prepared_dataset; }),
          "Data set of the scaled features that are trained on."),
      row("components",
          MemberAt([](auto& c) -> auto& { return c.registration.components_dataset; }),
          "Data set of the components that are trained on."),
      row("outliers", MemberAt([](auto& c) -> auto& { return c.registration.outliers_dataset; }),
          "Data set of the outliers and their nearest segments.")};
}

std::vector<Setting> RegisterRows() {
  std::vector<Setting> rows = {
      Row("register.experiment",
          MemberAt([](auto& c) -> auto& { return c.registration.experiment; }), kUnbounded, "",
          "Experiment of the training runs."),
      Row("register.model", MemberAt([](auto& c) -> auto& { return c.registration.model; }),
          kUnbounded, "", "Model of which the best runs become versions.")};
  for (Setting& row : DatasetRows()) rows.push_back(std::move(row));
  for (Setting& row : std::vector<Setting>{
           Row("register.min_share",
               MemberAt([](auto& c) -> auto& { return c.registration.min_share; }), kShareBounds,
               "share of customers",
               "A run with a smaller segment of all customers becomes no version."),
           Row("register.always_k",
               MemberAt([](auto& c) -> auto& { return c.registration.always_k; }), {2, kLargestK},
               "segments", "These become versions whatever their segments look like."),
           Row("register.max_versions",
               MemberAt([](auto& c) -> auto& { return c.registration.max_versions; }), {0, 1000},
               "versions", "At most so many become versions, the best silhouettes first."),
           Row("register.label", MemberAt([](auto& c) -> auto& { return c.registration.label; }),
               kUnbounded, "", "Another label registers the same sweep anew.")}) {
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

const std::vector<Setting>& SettingsTable() {
  static const auto* const table = [] {
    auto* all = new std::vector<Setting>();
    for (const auto& rows :
         {GeneralRows(), InputRows(), CleaningRows(), OutlierRows(), ScalingRows(), PcaRows(),
          SweepRows(), SelectRows(), LimitRows(), PriceRows(), RegisterRows()}) {
      all->insert(all->end(), rows.begin(), rows.end());
    }
    return all;
  }();
  return *table;
}

std::vector<double> NumbersOf(const Setting& setting, const PipelineConfig& config) {
  return std::visit(
      [&](const auto& field) -> std::vector<double> {
        if constexpr (requires { field.read; }) {
          const auto& value = field.read(config);
          using Value = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, std::string>) {
            return {};
          } else if constexpr (std::is_arithmetic_v<Value>) {
            return {static_cast<double>(value)};
          } else {
            return {value.begin(), value.end()};
          }
        } else {
          return {};
        }
      },
      setting.field);
}

bool InRange(const Setting& setting, double value) {
  return std::isfinite(value) && value >= setting.least && value <= setting.most;
}

std::string RangeRule(const Setting& setting) {
  if (std::isinf(setting.most)) {
    return fmt::format("must be at least {}", ShortestDouble(setting.least));
  }
  return fmt::format("must be {}..{}", ShortestDouble(setting.least), ShortestDouble(setting.most));
}

}  // namespace cairn::pipeline
