#include "server/registry/signatures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/limits.h"

namespace cairn::registry {
namespace {

using cairn::v1::ModelSignature;
using cairn::v1::ModelVersion;

constexpr std::string_view kField = "model_version.signature.inputs";
// Those that have limits come first.
constexpr std::array<std::string_view, 7> kTypes = {"double", "float",  "int32",    "int64",
                                                    "bool",   "string", "timestamp"};
constexpr size_t kNumberTypes = 4;

std::string At(int column) { return fmt::format("{}[{}]", kField, column); }

absl::Status CheckLimits(const std::string& at, const ModelSignature::Column& column, bool number) {
  if (!column.has_min() && !column.has_max()) return absl::OkStatus();
  const std::string value =
      fmt::format("{}..{}", column.has_min() ? ShortestDouble(column.min()) : "",
                  column.has_max() ? ShortestDouble(column.max()) : "");
  if (!number) {
    return InvalidField(ErrorReason::VALUE_INVALID, at, value,
                        fmt::format("must have no limits: {} is no number", column.type()));
  }
  const bool finite = std::isfinite(column.min()) && std::isfinite(column.max());
  const bool ordered = !column.has_min() || !column.has_max() || column.min() <= column.max();
  if (finite && ordered) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, at, value,
                      "must have finite limits, the smaller one first");
}

absl::Status CheckColumn(const std::string& at, const ModelSignature::Column& column) {
  CAIRN_RETURN_IF_ERROR(
      ValidateHumanName(at + ".name", column.name(), kMaxNameBytes, /*allow_slash=*/true));
  const auto type = std::find(kTypes.begin(), kTypes.end(), column.type());
  if (type == kTypes.end()) {
    return InvalidField(ErrorReason::VALUE_INVALID, at + ".type", column.type(),
                        fmt::format("must be one of {}", fmt::join(kTypes, ", ")));
  }
  return CheckLimits(at, column, static_cast<size_t>(type - kTypes.begin()) < kNumberTypes);
}

absl::Status CheckSignature(const ModelSignature& signature) {
  if (signature.inputs().empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, kField, "", "must have at least one column");
  }
  if (signature.inputs_size() > kMaxSignatureColumns) {
    return InvalidField(ErrorReason::TOO_LARGE, kField, std::to_string(signature.inputs_size()),
                        fmt::format("must have at most {} columns", kMaxSignatureColumns));
  }
  std::set<std::string_view> names;
  for (int i = 0; i < signature.inputs_size(); ++i) {
    CAIRN_RETURN_IF_ERROR(CheckColumn(At(i), signature.inputs(i)));
    if (!names.insert(signature.inputs(i).name()).second) {
      return InvalidField(ErrorReason::VALUE_INVALID, At(i) + ".name", signature.inputs(i).name(),
                          "must be there once");
    }
  }
  return absl::OkStatus();
}

// Limits that the client leaves out are no contradiction.
bool Agrees(const ModelSignature::Column& given, const ModelSignature::Column& known) {
  return given.name() == known.name() && given.type() == known.type() &&
         (!given.has_min() || !known.has_min() || given.min() == known.min()) &&
         (!given.has_max() || !known.has_max() || given.max() == known.max());
}

std::string Text(const ModelSignature::Column& column) {
  return fmt::format("{} {} {}..{}", column.name(), column.type(),
                     column.has_min() ? ShortestDouble(column.min()) : "",
                     column.has_max() ? ShortestDouble(column.max()) : "");
}

absl::Status Contradicts(const std::string& at, const std::string& given,
                         const std::string& known) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::SIGNATURE_CONTRADICTS_FILE,
               fmt::format("{}: {} is not what the model file says: {}; leave the signature out",
                           at, given, known))
      .Field(at, "must be what the model file says")
      .With("given", given)
      .With("file", known);
}

absl::Status CheckAgainstFile(const ModelSignature& given, const ModelSignature& known) {
  if (given.inputs_size() != known.inputs_size()) {
    return Contradicts(std::string(kField), fmt::format("{} columns", given.inputs_size()),
                       fmt::format("{} columns", known.inputs_size()));
  }
  for (int i = 0; i < given.inputs_size(); ++i) {
    if (Agrees(given.inputs(i), known.inputs(i))) continue;
    return Contradicts(At(i), Text(given.inputs(i)), Text(known.inputs(i)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SettleSignature(const SignatureReader& read, ModelVersion& version) {
  if (version.has_signature()) CAIRN_RETURN_IF_ERROR(CheckSignature(version.signature()));
  if (read == nullptr) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(auto known, read(version));
  // What no client could say of a version nobody says of it, be it in the file.
  if (!known.has_value() || !CheckSignature(*known).ok()) return absl::OkStatus();
  if (version.has_signature()) {
    CAIRN_RETURN_IF_ERROR(CheckAgainstFile(version.signature(), *known));
  }
  *version.mutable_signature() = *std::move(known);
  return absl::OkStatus();
}

}  // namespace cairn::registry
