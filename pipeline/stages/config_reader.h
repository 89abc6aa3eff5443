#ifndef CAIRN_PIPELINE_STAGES_CONFIG_READER_H_
#define CAIRN_PIPELINE_STAGES_CONFIG_READER_H_

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/settings_table.h"

namespace cairn::pipeline {

// Reads YAML into a configuration by the table of settings, naming line and column of whatever is
// wrong. Internal to the folder. What yaml-cpp throws on the way is the caller's.

// One node and the dot path that leads to it.
struct ConfigPlace {
  YAML::Node node;
  std::string path;
};

// Immutable; `file` names the text in errors.
class ConfigReader {
 public:
  explicit ConfigReader(std::string_view file) : file_(file) {}

  // CONFIG_INVALID with file, line and column (from 1), field, value and rule.
  absl::Status Bad(const YAML::Mark& mark, std::string_view field, std::string_view value,
                   std::string_view rule) const;
  absl::Status Bad(const ConfigPlace& place, std::string_view rule) const;

  // Reads the keys of `place` into `config`; `section` is the path in the table that they continue.
  // Unknown keys, and keys that are there twice, come before what is wrong with values.
  absl::Status ReadSection(const ConfigPlace& place, const std::string& section,
                           PipelineConfig* config) const;

  // One value; `rule` is what another is told.
  template <typename Value>
  absl::Status Scalar(const ConfigPlace& place, std::string_view rule, Value* out) const {
    Value value{};
    if (!place.node.IsScalar() || !YAML::convert<Value>::decode(place.node, value)) {
      return Bad(place, rule);
    }
    *out = value;
    return absl::OkStatus();
  }

 private:
  absl::Status ReadSetting(const ConfigPlace& place, const Setting& setting,
                           PipelineConfig* config) const;

  template <typename Value>
  absl::Status ReadField(const ConfigPlace& place, const Setting& setting,
                         const Member<Value>& member, PipelineConfig* config) const;
  template <typename Number>
  absl::Status ReadField(const ConfigPlace& place, const Setting& setting,
                         const Member<std::vector<Number>>& member, PipelineConfig* config) const;
  absl::Status ReadField(const ConfigPlace& place, const Setting& setting, const WordField& field,
                         PipelineConfig* config) const;
  absl::Status ReadField(const ConfigPlace& place, const Setting& setting, const WordsField& field,
                         PipelineConfig* config) const;

  // A range is told of the key and not of one of its values.
  absl::Status CheckNumber(const ConfigPlace& place, const Setting& setting, double value) const;
  absl::Status UnknownKey(const YAML::Mark& mark, const std::string& path, const std::string& key,
                          const std::vector<std::string>& known) const;

  const std::string file_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CONFIG_READER_H_
