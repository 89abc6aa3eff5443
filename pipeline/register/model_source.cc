#include "pipeline/register/model_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "pipeline/register/stored_files.h"

namespace cairn::pipeline {
namespace {

absl::StatusOr<std::string> ChannelHead(client::Client& client, std::string_view model,
                                        std::string_view channel) {
  cairn::v1::GetChannelRequest request;
  request.set_name(ChannelName(model, channel));
  CAIRN_ASSIGN_OR_RETURN(const auto found, client.registry().GetChannel(request));
  if (found.version().empty()) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::CHANNEL_NOT_FOUND,
                 fmt::format("the channel {} of {} serves no version yet: promote one with `mlctl "
                             "promote {} --channel {}`",
                             channel, model, model, channel))
        .With("channel", request.name())
        .Resource("Channel", request.name())
        .ToStatus();
  }
  return found.version();
}

// The resource name of the version that `reference` stands for.
absl::StatusOr<std::string> ResolveVersion(client::Client& client, std::string_view reference) {
  const size_t mark = reference.find_first_of("#@");
  const std::string_view model = reference.substr(0, mark);
  const std::string_view rest =
      mark == std::string_view::npos ? std::string_view("production") : reference.substr(mark + 1);
  if (model.empty() || rest.empty()) {
    return InvalidField(ErrorReason::NAME_INVALID, "model", reference,
                        "must be NAME, NAME#CHANNEL, NAME@VERSION or NAME@ALIAS")
        .ToStatus();
  }
  if (mark == std::string_view::npos || reference[mark] == '#') {
    return ChannelHead(client, model, rest);
  }
  const bool number =
      std::all_of(rest.begin(), rest.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (number || rest == "latest") return ResourceName({"models", model, "versions", rest});
  return AliasName(model, rest);
}

}  // namespace

absl::StatusOr<FetchedModel> FetchModel(client::Client& client, std::string_view reference) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ResolveVersion(client, reference));
  cairn::v1::GetModelVersionRequest request;
  request.set_name(name);
  CAIRN_ASSIGN_OR_RETURN(const auto version, client.registry().GetModelVersion(request));
  if (const auto* file = FindFileNamed(version.files(), model::kModelFileName)) {
    CAIRN_ASSIGN_OR_RETURN(const Digest digest, client::FromWire(file->digest()));
    CAIRN_ASSIGN_OR_RETURN(std::string bytes,
                           ReadStoredFile(client, *file, model::kMaxModelFileBytes));
    return FetchedModel{std::move(bytes), version.name(), digest.Hex()};
  }
  return Error(absl::StatusCode::kNotFound, ErrorReason::ARTIFACT_NOT_FOUND,
               fmt::format("{} has no file {}", version.name(), model::kModelFileName))
      .With("version", version.name())
      .Resource("ArtifactFile", version.name())
      .ToStatus();
}

}  // namespace cairn::pipeline
