#ifndef CAIRN_SERVER_TRACKING_FIELD_ANSWERS_H_
#define CAIRN_SERVER_TRACKING_FIELD_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/mutex.h"

namespace cairn::tracking {

// The latest answers to ListRunFields, each good for as long as no run changes.
//
// A table of runs asks for the fields before it can ask for rows, and so does everybody who opens
// the same table; over many runs with many metrics the answer takes a tenth of a second of work.
// Remembered are a few answers, the one that was not asked for the longest time goes first. Safe to
// call from any thread.
class FieldAnswers {
 public:
  // At most so many answers, and none with more fields than a tenth of a megabyte holds.
  static constexpr size_t kMostAnswers = 16;
  static constexpr size_t kMostBytes = size_t{100} << 10;

  // What tells questions apart: the request, and the experiments that its caller may see (null:
  // all).
  static std::string KeyOf(const cairn::v1::ListRunFieldsRequest& request,
                           const std::vector<int64_t>* within);

  // What was answered while `changes`, the index's, was the same; its revision is that of then.
  std::optional<cairn::v1::ListRunFieldsResponse> Find(std::string_view key, uint64_t changes)
      CAIRN_EXCLUDES(mutex_);

  // Remembers an answer that shows the index at `changes`.
  void Keep(std::string key, uint64_t changes, const cairn::v1::ListRunFieldsResponse& answer)
      CAIRN_EXCLUDES(mutex_);

 private:
  struct Answer {
    std::string key;
    uint64_t changes = 0;
    cairn::v1::ListRunFieldsResponse response;
  };

  Mutex mutex_;
  std::list<Answer> answers_ CAIRN_GUARDED_BY(mutex_);  // asked for last, first
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_FIELD_ANSWERS_H_
