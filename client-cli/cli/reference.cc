#include "client-cli/cli/reference.h"

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"

namespace cairn::cli {
namespace {

absl::Status Invalid(std::string_view text) {
  return InvalidField(ErrorReason::NAME_INVALID, "reference", text,
                      "write NAME, NAME@VERSION, NAME#CHANNEL, dataset:NAME@VERSION, run:ID or a "
                      "full resource name");
}

// A full resource name with an `@` in it, which would stand there as %40: the short form was meant.
absl::Status MixedForms(std::string_view text, std::string_view collection, size_t at) {
  const std::string_view name = text.substr(collection.size(), at - collection.size());
  const std::string_view selector = text.substr(at + 1);
  const bool versioned = collection == "models/" || collection == "datasets/";
  if (!versioned || name.empty() || selector.empty()) return Invalid(text);
  const bool number = selector.find_first_not_of("0123456789") == std::string_view::npos;
  return InvalidField(
      ErrorReason::NAME_INVALID, "reference", text,
      fmt::format("write {}{}@{}{}", collection == "datasets/" ? "dataset:" : "", name, selector,
                  number ? fmt::format(", or {}{}/versions/{}", collection, name, selector) : ""));
}

}  // namespace

absl::StatusOr<Reference> ParseReference(std::string_view text) {
  for (const std::string_view collection : {"models/", "datasets/", "experiments/", "policies/"}) {
    if (!text.starts_with(collection)) continue;
    if (text.size() == collection.size()) return Invalid(text);
    if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
      return MixedForms(text, collection, at);
    }
    return Reference{Reference::Kind::kResource, std::string(text), ""};
  }
  const bool dataset = text.starts_with("dataset:");
  std::string_view rest = dataset ? text.substr(8) : text;
  if (text.starts_with("run:")) {
    if (text.size() == 4) return Invalid(text);
    return Reference{Reference::Kind::kRun, std::string(text.substr(4)), ""};
  }
  const size_t mark = dataset ? rest.rfind('@') : rest.find_last_of("@#");
  if (mark == std::string_view::npos) {
    if (rest.empty()) return Invalid(text);
    return Reference{dataset ? Reference::Kind::kDataset : Reference::Kind::kPlain,
                     std::string(rest), ""};
  }
  Reference reference;
  reference.name = std::string(rest.substr(0, mark));
  reference.selector = std::string(rest.substr(mark + 1));
  if (reference.name.empty() || reference.selector.empty()) return Invalid(text);
  if (dataset) {
    reference.kind = Reference::Kind::kDatasetVersion;
  } else {
    reference.kind = rest[mark] == '@' ? Reference::Kind::kVersion : Reference::Kind::kChannel;
  }
  return reference;
}

std::string ShortName(std::string_view resource_name) {
  if (const auto version = ParseModelVersionName("name", resource_name); version.ok()) {
    return fmt::format("{}@{}", version->parent_id, version->version);
  }
  if (const auto version = ParseDatasetVersionName("name", resource_name); version.ok()) {
    return fmt::format("dataset:{}@{}", version->parent_id, version->version);
  }
  if (const auto channel = ParseChannelName("name", resource_name); channel.ok()) {
    return fmt::format("{}#{}", channel->model, channel->channel);
  }
  if (const auto run = ParseRunName("name", resource_name); run.ok()) {
    return run->run_id.substr(0, 12);
  }
  if (const auto alias = ParseResourceName("name", resource_name, "models/*/aliases/*");
      alias.ok()) {
    return fmt::format("{}@{}", alias->front(), alias->back());
  }
  for (const char* pattern : {"models/*", "datasets/*", "policies/*"}) {
    const auto parts = ParseResourceName("name", resource_name, pattern);
    if (parts.ok()) return parts->front();
  }
  return std::string(resource_name);
}

}  // namespace cairn::cli
