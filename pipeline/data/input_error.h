#ifndef CAIRN_PIPELINE_DATA_INPUT_ERROR_H_
#define CAIRN_PIPELINE_DATA_INPUT_ERROR_H_

// Errors about input files, told apart by a stable word.

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cairn::pipeline {

// The words, in the metadata of the status' ErrorInfo under "kind". They never change.
// What is wrong with the file itself: it is of no form known here, its bytes do not fit
// their checksum, it was changed while it was read, or it is larger than the limits.
inline constexpr std::string_view kInputUnreadable = "INPUT_UNREADABLE";
inline constexpr std::string_view kInputDamaged = "INPUT_DAMAGED";
inline constexpr std::string_view kInputChanged = "INPUT_CHANGED";
inline constexpr std::string_view kInputTooLarge = "INPUT_TOO_LARGE";
// What is wrong with its contents: how it is written, and how many rows are of use.
inline constexpr std::string_view kColumnMissing = "COLUMN_MISSING";
inline constexpr std::string_view kDialectAmbiguous = "DIALECT_AMBIGUOUS";
inline constexpr std::string_view kTooManyRejects = "TOO_MANY_REJECTS";
inline constexpr std::string_view kTooManySetAside = "TOO_MANY_SET_ASIDE";
// What later stages cannot work with.
inline constexpr std::string_view kDatasetEmpty = "DATASET_EMPTY";
inline constexpr std::string_view kCustomerMissing = "CUSTOMER_MISSING";
inline constexpr std::string_view kFeatureNotFinite = "FEATURE_NOT_FINITE";
// About the caller's options and no file.
inline constexpr std::string_view kOptionOutOfRange = "OPTION_OUT_OF_RANGE";

// A status of `code` and `kind`. `subject` is what the error is about (a member's name,
// a column, an option) and becomes metadata too; empty when there is nothing to name.
// The message is a whole sentence for people; programs go by code and kind.
absl::Status InputError(absl::StatusCode code, std::string_view kind, std::string_view message,
                        std::string_view subject = {});

// The word of a status made by InputError; empty for any other.
std::string InputErrorKind(const absl::Status& status);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_INPUT_ERROR_H_
