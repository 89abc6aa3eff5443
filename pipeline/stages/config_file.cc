// Reads PipelineConfig and SweepGrid from YAML, naming line and column of whatever is wrong.

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "pipeline/stages/config.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxConfigBytes = size_t{1} << 20;

// One node and the dot path that leads to it.
struct Place {
  YAML::Node node;
  std::string path;
};

class ConfigReader {
 public:
  explicit ConfigReader(std::string_view file) : file_(file) {}

  absl::Status Bad(const YAML::Mark& mark, std::string_view field, std::string_view value,
                   std::string_view rule) const {
    // yaml-cpp marks what is missing with a position of -1.
    const int line = mark.line < 0 ? 1 : mark.line + 1;
    const int column = mark.column < 0 ? 1 : mark.column + 1;
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
                 fmt::format("{}:{}:{}: {}{}: {}", file_, line, column, field,
                             value.empty() ? std::string() : fmt::format(" is `{}`", value), rule))
        .With("file", file_)
        .With("line", std::to_string(line))
        .With("column", std::to_string(column))
        .With("field", field)
        .With("value", value)
        .With("rule", rule);
  }

  absl::Status Bad(const Place& place, std::string_view rule) const {
    const std::string value = place.node.IsScalar() ? place.node.Scalar() : std::string();
    return Bad(place.node.Mark(), place.path, value, rule);
  }

  using Handler = std::function<absl::Status(const Place&)>;

  // Calls the handler of each key; a key without one, or a key twice, is an error.
  absl::Status Map(const Place& place, const std::map<std::string, Handler>& handlers) const {
    if (place.node.IsNull()) return absl::OkStatus();
    if (!place.node.IsMap()) return Bad(place, "must be a map of keys and values");
    std::set<std::string> seen;
    for (const auto& entry : place.node) {
      if (!entry.first.IsScalar()) return Bad({entry.first, place.path}, "a key must be a word");
      const std::string key = entry.first.Scalar();
      const std::string path = place.path.empty() ? key : place.path + "." + key;
      const auto handler = handlers.find(key);
      if (handler == handlers.end()) return UnknownKey(entry.first.Mark(), path, key, handlers);
      if (!seen.insert(key).second) return Bad(entry.first.Mark(), path, "", "is there twice");
      CAIRN_RETURN_IF_ERROR(handler->second({entry.second, path}));
    }
    return absl::OkStatus();
  }

  template <typename Number>
  absl::Status Scalar(const Place& place, std::string_view rule, Number* out) const {
    Number value{};
    if (!place.node.IsScalar() || !YAML::convert<Number>::decode(place.node, value)) {
      return Bad(place, rule);
    }
    *out = value;
    return absl::OkStatus();
  }

  template <typename Number>
  Handler Into(std::string_view rule, Number* out) const {
    return [this, rule = std::string(rule), out](const Place& place) {
      return Scalar(place, rule, out);
    };
  }

  // One value or a list of them.
  template <typename Number>
  Handler ListInto(std::string_view rule, std::vector<Number>* out) const {
    return [this, rule = std::string(rule), out](const Place& place) -> absl::Status {
      out->clear();
      if (place.node.IsScalar()) return Scalar(place, rule, &out->emplace_back());
      if (!place.node.IsSequence()) return Bad(place, "must be a list");
      for (size_t i = 0; i < place.node.size(); ++i) {
        CAIRN_RETURN_IF_ERROR(Scalar(Place{place.node[i], fmt::format("{}.{}", place.path, i)},
                                     rule, &out->emplace_back()));
      }
      return absl::OkStatus();
    };
  }

  // A word out of a fixed set.
  template <typename Value>
  Handler OneOf(const std::vector<std::pair<std::string, Value>>& choices, Value* out) const {
    return [this, choices, out](const Place& place) -> absl::Status {
      std::string known;
      for (const auto& [word, value] : choices) {
        if (place.node.IsScalar() && place.node.Scalar() == word) {
          *out = value;
          return absl::OkStatus();
        }
        known += (known.empty() ? "" : ", ") + word;
      }
      return Bad(place, "must be one of " + known);
    };
  }

 private:
  absl::Status UnknownKey(const YAML::Mark& mark, const std::string& path, const std::string& key,
                          const std::map<std::string, Handler>& handlers) const {
    std::vector<std::string> known;
    std::string list;
    for (const auto& [name, handler] : handlers) {
      known.push_back(name);
      list += (list.empty() ? "" : ", ") + name;
    }
    const std::string near = Nearest(key, known);
    return Bad(mark, path, "",
               near.empty() ? fmt::format("is not a known key; known are {}", list)
                            : fmt::format("is not a known key; did you mean `{}`?", near));
  }

  std::string file_;
};

const std::vector<std::pair<std::string, ColumnScaling>>& ScalingWords() {
  static const auto* const words = [] {
    auto* out = new std::vector<std::pair<std::string, ColumnScaling>>();
    for (const ColumnScaling scaling :
         {ColumnScaling::kNone, ColumnScaling::kStandard, ColumnScaling::kRobust,
          ColumnScaling::kLogStandard, ColumnScaling::kLogRobust, ColumnScaling::kRowNorm}) {
      out->emplace_back(ColumnScalingName(scaling), scaling);
    }
    return out;
  }();
  return *words;
}

std::map<std::string, ConfigReader::Handler> GridHandlers(const ConfigReader& reader,
                                                          SweepGrid* grid) {
  const std::string whole = "must be a whole number or a list of them";
  const auto init = [&reader, grid](const Place& place) -> absl::Status {
    grid->init.clear();
    const size_t count = place.node.IsSequence() ? place.node.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      const YAML::Node node = place.node.IsSequence() ? place.node[i] : place.node;
      CAIRN_RETURN_IF_ERROR((reader.OneOf<CenterInit>(
          {{"k-means++", CenterInit::kKMeansPlusPlus}, {"random", CenterInit::kRandom}},
          &grid->init.emplace_back())({node, place.path})));
    }
    return absl::OkStatus();
  };
  return {{"k", reader.ListInto(whole, &grid->k)},
          {"n_init", reader.ListInto(whole, &grid->n_init)},
          {"max_iter", reader.ListInto(whole, &grid->max_iter)},
          {"init", init},
          {"seeds", reader.ListInto(whole, &grid->seeds)}};
}

absl::Status ReadScaling(const ConfigReader& reader, const Place& place, PipelineConfig* config) {
  std::map<std::string, ConfigReader::Handler> columns;
  for (int i = 0; i < kFeatureCount; ++i) {
    columns[std::string(kFeatureNames[static_cast<size_t>(i)])] = [&reader, config,
                                                                   i](const Place& column) {
      config->scaling_name = "custom";
      return reader.OneOf(ScalingWords(), &config->scaling[static_cast<size_t>(i)])(column);
    };
  }
  const auto method = [&reader, config](const Place& word) -> absl::Status {
    std::string name;
    CAIRN_RETURN_IF_ERROR(reader.Scalar(word, "must be a word", &name));
    const absl::Status status = SetScaling(name, config);
    return status.ok() ? status : reader.Bad(word, MetadataOf(status, "rule"));
  };
  // The method first, whatever the order in the file: columns refine it.
  if (place.node.IsMap() && place.node["method"]) {
    CAIRN_RETURN_IF_ERROR(method({place.node["method"], place.path + ".method"}));
  }
  return reader.Map(place,
                    {{"method", [](const Place&) { return absl::OkStatus(); }},
                     {"columns", [&](const Place& node) { return reader.Map(node, columns); }}});
}

absl::Status ReadSweep(const ConfigReader& reader, const Place& place, PipelineConfig* config) {
  SweepGrid& grid = config->sweep.grid;
  std::map<std::string, ConfigReader::Handler> handlers = GridHandlers(reader, &grid);
  for (auto& [key, handler] : handlers) {
    handler = [inner = handler, &grid](const Place& node) {
      grid.name = "custom";
      return inner(node);
    };
  }
  if (place.node.IsMap() && place.node["grid"]) {
    const Place word{place.node["grid"], place.path + ".grid"};
    std::string name;
    CAIRN_RETURN_IF_ERROR(reader.Scalar(word, "must be a word", &name));
    if (name != "default" && name != "classic") {
      return reader.Bad(word, "must be default or classic");
    }
    grid = name == "classic" ? ClassicGrid() : DefaultGrid(config->seed);
  }
  handlers["grid"] = [](const Place&) { return absl::OkStatus(); };
  handlers["tol"] = reader.Into("must be a number", &config->sweep.tol);
  handlers["sharing"] = reader.Into("must be true or false", &config->sweep.sharing);
  return reader.Map(place, handlers);
}

// How the input is written. `auto` is the same as leaving a key out.
absl::Status ReadInput(const ConfigReader& reader, const Place& place,
                       PipelineConfig::Input* input) {
  DialectSettings& dialect = input->dialect;
  const auto sheet = [&reader, &dialect](const Place& node) -> absl::Status {
    CAIRN_RETURN_IF_ERROR(reader.Scalar(node, "must be the name of a sheet", &dialect.sheet));
    if (dialect.sheet == "auto") dialect.sheet.clear();
    return absl::OkStatus();
  };
  const auto null_values = [&reader, &dialect](const Place& node) -> absl::Status {
    dialect.null_values.reset();
    if (node.node.IsScalar() && node.node.Scalar() == "auto") return absl::OkStatus();
    // As text: `null` in a list is a word here.
    dialect.null_values.emplace();
    const size_t count = node.node.IsSequence() ? node.node.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      const YAML::Node value = node.node.IsSequence() ? node.node[i] : node.node;
      if (value.IsNull()) {
        dialect.null_values->emplace_back("null");
      } else if (value.IsScalar()) {
        dialect.null_values->push_back(value.Scalar());
      } else {
        return reader.Bad(node, "must be auto, a word or a list of words");
      }
    }
    return absl::OkStatus();
  };
  return reader.Map(
      place,
      {{"max_reject_share", reader.Into("must be a number", &input->max_reject_share)},
       {"encoding", reader.OneOf<TextEncoding>({{"auto", TextEncoding::kAuto},
                                                {"utf-8", TextEncoding::kUtf8},
                                                {"utf-16", TextEncoding::kUtf16},
                                                {"windows-1252", TextEncoding::kWindows1252},
                                                {"iso-8859-1", TextEncoding::kLatin1}},
                                               &dialect.encoding)},
       {"separator", reader.OneOf<char>({{"auto", '\0'},
                                         {"comma", ','},
                                         {"semicolon", ';'},
                                         {"tab", '\t'},
                                         {"bar", '|'},
                                         {",", ','},
                                         {";", ';'},
                                         {"\t", '\t'},
                                         {"|", '|'}},
                                        &dialect.separator)},
       {"decimal",
        reader.OneOf<char>({{"auto", '\0'}, {"point", '.'}, {"comma", ','}, {".", '.'}, {",", ','}},
                           &dialect.decimal)},
       {"date_order", reader.OneOf<DateOrder>({{"auto", DateOrder::kAuto},
                                               {"day_first", DateOrder::kDayFirst},
                                               {"month_first", DateOrder::kMonthFirst},
                                               {"year_first", DateOrder::kYearFirst}},
                                              &dialect.date_order)},
       {"sheet", sheet},
       {"null_values", null_values}});
}

absl::Status ReadConfig(const ConfigReader& reader, const YAML::Node& root,
                        PipelineConfig* config) {
  const std::string whole = "must be a whole number";
  const std::string number = "must be a number";
  const std::string word = "must be a word";
  auto& out = *config;
  const auto section = [&reader](std::map<std::string, ConfigReader::Handler> handlers) {
    return [&reader, handlers = std::move(handlers)](const Place& place) {
      return reader.Map(place, handlers);
    };
  };
  auto& names = out.registration;
  const auto datasets = section({{"transactions", reader.Into(word, &names.transactions_dataset)},
                                 {"cleaned", reader.Into(word, &names.cleaned_dataset)},
                                 {"features", reader.Into(word, &names.features_dataset)},
                                 {"prepared", reader.Into(word, &names.prepared_dataset)},
                                 {"components", reader.Into(word, &names.components_dataset)}});
  return reader.Map(
      {root, ""},
      {{"preset", [](const Place&) { return absl::OkStatus(); }},
       {"seed", [](const Place&) { return absl::OkStatus(); }},
       {"threads", reader.Into(whole, &out.threads)},
       {"input", [&](const Place& place) { return ReadInput(reader, place, &out.input); }},
       {"cleaning",
        section(
            {{"home_country", reader.Into(word, &out.cleaning.home_country)},
             {"max_set_aside_share", reader.Into(number, &out.cleaning.max_set_aside_share)},
             {"product_codes", reader.OneOf<ProductCodes>({{"auto", ProductCodes::kAuto},
                                                           {"two_digits", ProductCodes::kTwoDigits},
                                                           {"all", ProductCodes::kAll}},
                                                          &out.cleaning.rules.product_codes)}})},
       {"features",
        section({{"preset", reader.OneOf<FeaturePreset>({{"default", FeaturePreset::kDefault},
                                                         {"classic", FeaturePreset::kClassic}},
                                                        &out.features)}})},
       {"outliers", section({{"method", reader.OneOf<OutlierMethod>(
                                            {{"none", OutlierMethod::kNone},
                                             {"isolation_forest", OutlierMethod::kIsolationForest}},
                                            &out.outliers.method)},
                             {"trees", reader.Into(whole, &out.outliers.trees)},
                             {"sample_size", reader.Into(whole, &out.outliers.sample_size)},
                             {"contamination", reader.Into(number, &out.outliers.contamination)}})},
       {"scaling", [&](const Place& place) { return ReadScaling(reader, place, config); }},
       {"pca", section({{"variance", reader.Into(number, &out.pca.variance)},
                        {"min_components", reader.Into(whole, &out.pca.min_components)},
                        {"max_components", reader.Into(whole, &out.pca.max_components)}})},
       {"sweep", [&](const Place& place) { return ReadSweep(reader, place, config); }},
       {"select",
        section({{"min_k", reader.Into(whole, &out.select.min_k)},
                 {"max_k", reader.Into(whole, &out.select.max_k)},
                 {"min_share", reader.Into(number, &out.select.min_share)},
                 {"min_silhouette", reader.Into(number, &out.select.min_silhouette)},
                 {"max_davies_bouldin", reader.Into(number, &out.select.max_davies_bouldin)}})},
       {"register", section({{"experiment", reader.Into(word, &names.experiment)},
                             {"model", reader.Into(word, &names.model)},
                             {"datasets", datasets},
                             {"min_share", reader.Into(number, &names.min_share)},
                             {"always_k", reader.ListInto(whole, &names.always_k)},
                             {"max_versions", reader.Into(whole, &names.max_versions)},
                             {"label", reader.Into(word, &names.label)}})}});
}

absl::StatusOr<YAML::Node> LoadYaml(std::string_view yaml, const ConfigReader& reader) {
  if (yaml.size() > kMaxConfigBytes) {
    return reader.Bad(YAML::Mark(), "file", std::to_string(yaml.size()),
                      fmt::format("must have at most {} bytes", kMaxConfigBytes));
  }
  try {
    return YAML::Load(std::string(yaml));
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "is not YAML: " + e.msg);
  }
}

absl::StatusOr<PipelineConfig> Parse(std::string_view yaml, const ConfigReader& reader,
                                     std::string_view preset) {
  CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(yaml, reader));
  std::string base = "default";
  uint32_t seed = PipelineConfig().seed;
  if (root.IsMap() && root["preset"]) {
    CAIRN_RETURN_IF_ERROR(reader.Scalar({root["preset"], "preset"}, "must be a word", &base));
  }
  if (root.IsMap() && root["seed"]) {
    CAIRN_RETURN_IF_ERROR(
        reader.Scalar({root["seed"], "seed"}, "must be a whole number 0..4294967295", &seed));
  }
  auto config = PresetConfig(preset.empty() ? std::string_view(base) : preset);
  if (!config.ok()) {
    if (!preset.empty()) return config.status();
    return reader.Bad({root["preset"], "preset"}, "must be default or classic");
  }
  config->seed = seed;
  if (config->preset == "default") config->sweep.grid = DefaultGrid(seed);
  CAIRN_RETURN_IF_ERROR(ReadConfig(reader, root, &*config));
  CAIRN_RETURN_IF_ERROR(CheckConfig(*config));
  return config;
}

// KEY=VALUE as the configuration file that would say it.
absl::StatusOr<YAML::Node> ParseSetting(std::string_view setting, const ConfigReader& reader) {
  const size_t equals = setting.find('=');
  const std::string key(setting.substr(0, equals));
  if (equals == std::string_view::npos || key.empty()) {
    return reader.Bad(YAML::Mark(), "set", setting, "must be KEY=VALUE, as in input.decimal=comma");
  }
  if (key == "preset" || key == "seed") {
    return reader.Bad(YAML::Mark(), key, "", fmt::format("has a flag of its own, --{}", key));
  }
  const std::string text(setting.substr(equals + 1));
  YAML::Node node;
  try {
    node = YAML::Load(text);
    // A word YAML cannot start a value with, and a blank, is meant as it is.
    if (node.IsNull() && text != "null") node = YAML::Node(text);
  } catch (const YAML::Exception&) {
    node = YAML::Node(text);
  }
  size_t end = key.size();
  for (size_t dot = key.rfind('.'); dot != std::string::npos && dot > 0;
       dot = key.rfind('.', dot - 1)) {
    YAML::Node outer;
    outer[key.substr(dot + 1, end - dot - 1)] = node;
    node = outer;
    end = dot;
  }
  YAML::Node root;
  root[key.substr(0, end)] = node;
  return root;
}

// Remembers which `setting` said each value below `node`; an error for one that another said.
absl::Status NoteSettings(const YAML::Node& node, const std::string& path,
                          const std::string& setting, const ConfigReader& reader,
                          std::map<std::string, std::string>* seen) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      CAIRN_RETURN_IF_ERROR(NoteSettings(entry.second,
                                         path.empty() ? key : fmt::format("{}.{}", path, key),
                                         setting, reader, seen));
    }
    return absl::OkStatus();
  }
  const auto [place, first] = seen->try_emplace(path, setting);
  if (first) return absl::OkStatus();
  return reader.Bad(YAML::Mark(), path, "",
                    fmt::format("is set twice, by --set {} and --set {}", place->second, setting));
}

}  // namespace

absl::StatusOr<PipelineConfig> ParseConfig(std::string_view yaml, std::string_view file,
                                           std::string_view preset) {
  const ConfigReader reader(file);
  try {
    return Parse(yaml, reader, preset);
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "cannot be read: " + e.msg);
  }
}

absl::Status ApplySetting(std::string_view setting, PipelineConfig* config) {
  return ApplySettings({std::string(setting)}, config);
}

absl::Status ApplySettings(const std::vector<std::string>& settings, PipelineConfig* config) {
  const ConfigReader reader("--set");
  std::map<std::string, std::string> seen;
  for (const std::string& setting : settings) {
    try {
      CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, ParseSetting(setting, reader));
      CAIRN_RETURN_IF_ERROR(NoteSettings(root, "", setting, reader, &seen));
      CAIRN_RETURN_IF_ERROR(ReadConfig(reader, root, config));
    } catch (const YAML::Exception& e) {
      return reader.Bad(e.mark, "set", setting, "cannot be read: " + e.msg);
    }
    CAIRN_RETURN_IF_ERROR(CheckConfig(*config));
  }
  return absl::OkStatus();
}

absl::StatusOr<SweepGrid> ParseGrid(std::string_view yaml, std::string_view file) {
  const ConfigReader reader(file);
  try {
    CAIRN_ASSIGN_OR_RETURN(const YAML::Node root, LoadYaml(yaml, reader));
    SweepGrid grid;
    CAIRN_RETURN_IF_ERROR(reader.Map({root, ""}, GridHandlers(reader, &grid)));
    if (grid.k.empty()) return reader.Bad(root.Mark(), "k", "", "must name at least one k");
    return grid;
  } catch (const YAML::Exception& e) {
    return reader.Bad(e.mark, "file", "", "cannot be read: " + e.msg);
  }
}

}  // namespace cairn::pipeline
