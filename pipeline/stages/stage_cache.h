#ifndef CAIRN_PIPELINE_STAGES_STAGE_CACHE_H_
#define CAIRN_PIPELINE_STAGES_STAGE_CACHE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cairn::pipeline {

// Outputs of stages kept in files, `DIR/.cache/STAGE-KEY.bin`.
//
// A value is found again only under its whole key and only if its checksum still fits,
// so a damaged or cut off file is a miss and nothing worse. The newest values of each
// stage are kept, older ones are removed. Safe to call from several threads for
// different stages. It is trusted for speed only: everything in it can be deleted at
// any time, and is then computed again.
class StageCache {
 public:
  // An empty directory keeps nothing: every Load misses, every Store does nothing.
  explicit StageCache(std::string_view directory);

  bool enabled() const { return !directory_.empty(); }

  // The value, or nothing.
  std::optional<std::string> Load(std::string_view stage, std::string_view key) const;

  // Keeps a value; the error of the file system when it cannot. Removes old values of
  // the same stage afterwards. Readers find the old file or the new one, never a part.
  absl::Status Store(std::string_view stage, std::string_view key, std::string_view value) const;

  // Where a file of this stage and key lies, for values that are kept as they are.
  std::string PathOf(std::string_view stage, std::string_view key, std::string_view suffix) const;

 private:
  // By the time of writing; errors are passed over, as a file more does no harm.
  void RemoveOld(std::string_view stage) const;

  std::string directory_;  // With `.cache`.
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_CACHE_H_
