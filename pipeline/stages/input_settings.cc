// Settings of the configuration as a whole, of what is read, and of what is cleaned.

#include "pipeline/stages/setting_rows.h"

namespace cairn::pipeline {
namespace {

// The seed is that of everything which has none of its own; the default grid's begin with it.
void MoveSeeds(const PipelineConfig&, PipelineConfig* config) {
  config->outliers.seed = config->seed;
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

}  // namespace

std::vector<Setting> GeneralRows() {
  Setting seed = First(Row("seed", MemberAt([](auto& c) -> auto& { return c.seed; }),
                           {0, std::numeric_limits<uint32_t>::max()}, "",
                           "Seed of the isolation forest, and of the sweep where no others are "
                           "given."));
  seed.then = MoveSeeds;
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

}  // namespace cairn::pipeline
