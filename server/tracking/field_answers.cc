#include "server/tracking/field_answers.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/deterministic_bytes.h"

namespace cairn::tracking {

std::string FieldAnswers::KeyOf(const cairn::v1::ListRunFieldsRequest& request,
                                const std::vector<int64_t>* within) {
  // The experiments first: what a request ends with is anybody's choice.
  const std::string seen = within == nullptr ? "all" : fmt::format("{}", fmt::join(*within, ","));
  return fmt::format("{}/{}", seen, DeterministicBytes(request));
}

std::optional<cairn::v1::ListRunFieldsResponse> FieldAnswers::Find(std::string_view key,
                                                                   uint64_t changes) {
  MutexLock lock(&mutex_);
  const auto found = std::find_if(answers_.begin(), answers_.end(),
                                  [&](const Answer& answer) { return answer.key == key; });
  if (found == answers_.end()) return std::nullopt;
  if (found->changes != changes) {
    answers_.erase(found);
    return std::nullopt;
  }
  answers_.splice(answers_.begin(), answers_, found);
  return found->response;
}

void FieldAnswers::Keep(std::string key, uint64_t changes,
                        const cairn::v1::ListRunFieldsResponse& answer) {
  if (answer.ByteSizeLong() + key.size() > kMostBytes) return;
  MutexLock lock(&mutex_);
  answers_.remove_if([&](const Answer& known) { return known.key == key; });
  answers_.push_front({std::move(key), changes, answer});
  if (answers_.size() > kMostAnswers) answers_.pop_back();
}

}  // namespace cairn::tracking
