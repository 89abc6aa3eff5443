#ifndef CAIRN_SERVER_CORE_TAG_MASK_H_
#define CAIRN_SERVER_CORE_TAG_MASK_H_

#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"

namespace cairn::core {

using Tags = google::protobuf::Map<std::string, std::string>;

// What an update mask says about tags: all of them, or single ones. The same for everything
// that has tags, so that a client that changes one tag of an experiment, a run or a data set
// version writes the same path. A value; knows nothing of the tags themselves until `Apply`.
class TagMask {
 public:
  // Of an update without a mask, where what is populated changes: all, unless `wanted` is empty.
  static TagMask OfPopulated(const Tags& wanted);

  // Takes one path of a mask; false if it is about other fields.
  //
  // `tags` and `*` are all tags; `tags.KEY` is one, and so is "tags.`KEY`", as FieldMask has keys
  // that are no identifiers. Everything behind the first dot is the key, more dots included.
  // INVALID_ARGUMENT (UPDATE_MASK_INVALID): no key, or one that is not UTF-8 or longer than 250
  // bytes, which nothing can have.
  absl::StatusOr<bool> Take(std::string_view path);

  // The tags after the update: masked ones are as in `wanted`, and gone where it lacks them;
  // the others are as in `current`. The sizes of the result are the caller's to check.
  Tags Apply(const Tags& current, const Tags& wanted) const;

 private:
  bool all_ = false;
  std::set<std::string> keys_;
};

// Whether both hold the same keys with the same values.
bool SameTags(const Tags& a, const Tags& b);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_TAG_MASK_H_
