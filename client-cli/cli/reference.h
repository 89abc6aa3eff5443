#ifndef CAIRN_CLIENT_CLI_CLI_REFERENCE_H_
#define CAIRN_CLIENT_CLI_CLI_REFERENCE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::cli {

// How people refer to things on a command line:
//
//   segments            a model, experiment, policy, … by its human name
//   segments@15         version 15 of a model; also @latest and @ALIAS
//   segments#production what a channel of a model serves
//   dataset:retail@3    version 3 of a data set; also @latest, @ALIAS, @sha256:PREFIX
//   run:9f3c            a run by its id or an unambiguous beginning of it
//   models/m/versions/3 a full resource name
struct Reference {
  enum class Kind {
    kPlain,           // name
    kVersion,         // name @ selector
    kChannel,         // name # selector
    kDataset,         // dataset: name
    kDatasetVersion,  // dataset: name @ selector
    kRun,             // run: name
    kResource,        // a full resource name, in `name`
  };
  Kind kind = Kind::kPlain;
  std::string name;
  std::string selector;

  friend bool operator==(const Reference&, const Reference&) = default;
};

// Reads a reference. The last '@' or '#' separates, so that names may contain
// them; a text that begins with a collection ("models/", "datasets/",
// "experiments/", "policies/") is a resource name.
// INVALID_ARGUMENT (NAME_INVALID) when a part is empty. Pure.
absl::StatusOr<Reference> ParseReference(std::string_view text);

// The short form of a resource name, which ParseReference takes:
// "models/m/versions/3" → "m@3", "datasets/d/versions/3" → "dataset:d@3",
// "models/m/channels/c" → "m#c", "models/m/aliases/a" → "m@a", a run → the first 12 characters of
// its id. Names of other patterns stay as they are. Pure.
std::string ShortName(std::string_view resource_name);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_REFERENCE_H_
