#ifndef CAIRN_SERVER_MLFLOW_PROMPT_H_
#define CAIRN_SERVER_MLFLOW_PROMPT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/map.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow {

// Prompts, which MLflow's clients keep as registered models: a model and its versions with the tag
// mlflow.prompt.is_prompt, and the text of each version in the tag mlflow.prompt.text. They have no
// files there; here a version is its files, so that of a prompt holds its text in one, and is
// verified, promoted and followed like any other.
//
// A text of up to 100,000 characters is allowed, more than a tag of Cairn may have: a long one is
// kept in pieces, in tags that clients do not see (kPromptPiecePrefix). Pure functions.

using Tags = google::protobuf::Map<std::string, std::string>;

inline constexpr std::string_view kIsPromptTag = "mlflow.prompt.is_prompt";
inline constexpr std::string_view kPromptTextTag = "mlflow.prompt.text";
// The file of a version of a prompt.
inline constexpr std::string_view kPromptFile = "prompt.txt";

// Whether the tags make a prompt of a model or of a version.
bool IsPrompt(const Tags& tags);

// What comes with a version as its source means nothing: clients write one of two words there.
// INVALID_PARAMETER_VALUE for any other, so that nothing passes for a prompt that names a place.
absl::Status CheckPromptSource(std::string_view source);

// INVALID_PARAMETER_VALUE: the text has more characters than MLflow allows.
absl::Status CheckPromptText(std::string_view text);

// Puts pieces in the place of a text that is too long for one tag.
void CutPromptText(Tags& tags);
// The text that was cut; "" where none was.
std::string JoinedPromptText(const Tags& tags);
// The text, cut or not; "" where there is none.
std::string PromptTextOf(const Tags& tags);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PROMPT_H_
