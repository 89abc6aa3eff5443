#include "lib/base/resource_names.h"

#include <charconv>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"

namespace cairn {
namespace {

std::vector<std::string_view> SplitSlash(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

absl::Status BadName(std::string_view field, std::string_view name, std::string_view pattern) {
  return InvalidField(ErrorReason::NAME_INVALID, field, name,
                      fmt::format("must have the form {}", pattern));
}

// Parses a number without sign, leading zeros or anything behind it.
bool ParseNumber(std::string_view text, int64_t* value) {
  if (text.empty() || (text.size() > 1 && text[0] == '0') || text[0] == '-') return false;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

absl::StatusOr<VersionName> ParseVersion(std::string_view field, std::string_view name,
                                         std::string_view pattern) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, pattern));
  VersionName result{ids[0], 0};
  if (!ParseNumber(ids[1], &result.version) || result.version < 1) {
    return BadName(field, name, fmt::format("{} with a version number from 1", pattern));
  }
  return result;
}

// What no id may be, stored or looked up; empty for one that may.
std::string_view BrokenIdRule(std::string_view id) {
  if (HasControlCharacter(id)) return "must not hold control characters";
  if (id == "." || id == "..") return "must not be \".\" or \"..\"";
  return {};
}

}  // namespace

std::string ResourceName(std::initializer_list<std::string_view> parts) {
  std::string name;
  bool is_id = false;
  for (const std::string_view part : parts) {
    if (!name.empty()) name.push_back('/');
    name.append(is_id ? PercentEncode(part) : std::string(part));
    is_id = !is_id;
  }
  return name;
}

absl::StatusOr<std::vector<std::string>> ParseResourceName(std::string_view field,
                                                           std::string_view name,
                                                           std::string_view pattern) {
  const auto parts = SplitSlash(name);
  const auto wanted = SplitSlash(pattern);
  if (parts.size() != wanted.size()) return BadName(field, name, pattern);
  std::vector<std::string> ids;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (wanted[i] != "*") {
      if (parts[i] != wanted[i]) return BadName(field, name, pattern);
      continue;
    }
    auto id = PercentDecode(parts[i]);
    if (!id.has_value() || id->empty() || !IsValidUtf8(*id)) return BadName(field, name, pattern);
    if (const std::string_view rule = BrokenIdRule(*id); !rule.empty()) {
      return InvalidField(ErrorReason::NAME_INVALID, field, name,
                          fmt::format("{} where the form is {}", rule, pattern));
    }
    ids.push_back(*std::move(id));
  }
  return ids;
}

std::string ExperimentName(int64_t experiment_id) {
  return fmt::format("experiments/{}", experiment_id);
}

std::string FormatRunName(int64_t experiment_id, std::string_view run_id) {
  return fmt::format("experiments/{}/runs/{}", experiment_id, run_id);
}

std::string DatasetName(std::string_view dataset) { return ResourceName({"datasets", dataset}); }

std::string DatasetVersionName(std::string_view dataset, int64_t version) {
  return ResourceName({"datasets", dataset, "versions", std::to_string(version)});
}

std::string ModelName(std::string_view model) { return ResourceName({"models", model}); }

std::string ModelVersionName(std::string_view model, int64_t version) {
  return ResourceName({"models", model, "versions", std::to_string(version)});
}

std::string AliasName(std::string_view model, std::string_view alias) {
  return ResourceName({"models", model, "aliases", alias});
}

std::string ChannelName(std::string_view model, std::string_view channel) {
  return ResourceName({"models", model, "channels", channel});
}

std::string DecisionName(std::string_view model, std::string_view channel,
                         std::string_view decision) {
  return ResourceName({"models", model, "channels", channel, "decisions", decision});
}

std::string EvaluationName(std::string_view model, int64_t version, int64_t evaluation) {
  return ResourceName({"models", model, "versions", std::to_string(version), "evaluations",
                       std::to_string(evaluation)});
}

std::string PolicyName(std::string_view policy) { return ResourceName({"policies", policy}); }

absl::StatusOr<EvaluationRef> ParseEvaluationName(std::string_view field, std::string_view name) {
  constexpr std::string_view kPattern = "models/*/versions/*/evaluations/*";
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, kPattern));
  EvaluationRef ref{{ids[0], 0}, 0};
  if (!ParseNumber(ids[1], &ref.version.version) || ref.version.version < 1 ||
      !ParseNumber(ids[2], &ref.number) || ref.number < 1) {
    return BadName(field, name, fmt::format("{} with numbers from 1", kPattern));
  }
  return ref;
}

absl::StatusOr<int64_t> ParseExperimentName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "experiments/*"));
  int64_t id = 0;
  if (!ParseNumber(ids[0], &id)) return BadName(field, name, "experiments/{number}");
  return id;
}

absl::StatusOr<RunName> ParseRunName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "experiments/*/runs/*"));
  RunName result{0, ids[1]};
  if (!ParseNumber(ids[0], &result.experiment_id) || !IsHexId(result.run_id)) {
    return BadName(field, name, "experiments/{number}/runs/{32 hexadecimal characters}");
  }
  return result;
}

absl::StatusOr<VersionName> ParseModelVersionName(std::string_view field, std::string_view name) {
  return ParseVersion(field, name, "models/*/versions/*");
}

absl::StatusOr<VersionName> ParseDatasetVersionName(std::string_view field, std::string_view name) {
  return ParseVersion(field, name, "datasets/*/versions/*");
}

absl::StatusOr<ChannelRef> ParseChannelName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName(field, name, "models/*/channels/*"));
  return ChannelRef{ids[0], ids[1]};
}

absl::Status ValidateHumanName(std::string_view field, std::string_view value, size_t max_bytes,
                               bool allow_slash) {
  const auto refuse = [&](std::string_view rule) {
    return InvalidField(ErrorReason::NAME_INVALID, field, value, rule).ToStatus();
  };
  if (value.empty() || value.size() > max_bytes) {
    return refuse(fmt::format("must be 1 to {} bytes long", max_bytes));
  }
  if (!IsValidUtf8(value)) return refuse("must be well-formed UTF-8");
  if (allow_slash) {
    return HasControlCharacter(value) ? refuse("must not hold control characters")
                                      : absl::OkStatus();
  }
  if (value.find_first_of("/:") != std::string_view::npos) {
    return refuse("must not hold '/' or ':'");
  }
  const std::string_view rule = BrokenIdRule(value);
  return rule.empty() ? absl::OkStatus() : refuse(rule);
}

}  // namespace cairn
