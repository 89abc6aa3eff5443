#ifndef CAIRN_SERVER_STORAGE_PAGING_H_
#define CAIRN_SERVER_STORAGE_PAGING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/page_token.h"
#include "lib/base/status_macros.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::storage {

// Sizes of a list's pages: what 0 means and the most a page may hold. A request that
// asks for more than the most gets the most; that is no error.
struct PageLimits {
  int32_t default_size = 100;
  int32_t max_size = 1000;
};

// A page ends before its rows outgrow this, which leaves the rest of a message of 4 MiB
// for what surrounds them.
inline constexpr size_t kMaxPageBytes = size_t{3} << 20;

// The bytes that the rows of a page may take. Value type; one for each page.
class PageRoom {
 public:
  explicit PageRoom(size_t max_bytes = kMaxPageBytes) : left_(max_bytes) {}

  // Takes room for a row of `bytes`; false, from then on, if it does not fit. The first
  // row always does, so that every page goes on.
  bool Take(size_t bytes) {
    full_ = full_ || (!empty_ && bytes > left_);
    if (full_) return false;
    empty_ = false;
    left_ -= std::min(bytes, left_);
    return true;
  }

  // Whether a row was refused.
  bool full() const { return full_; }

 private:
  size_t left_;
  bool empty_ = true;
  bool full_ = false;
};

// The part of `range` after `last_key` in the direction of `order`. The key itself is
// not in it, and need not exist any more: pages go on behind a row that was deleted.
KeyRange RangeAfter(KeyRange range, std::string_view last_key, ScanOrder order);

// Hands a record to `add` and says whether it became a row; the page is over if `room`
// is full afterwards. A row is about as large as the record it is made of, unless `add`
// takes the room for it itself. A row that does not fit is not added; the next page
// begins with it.
template <typename Message, typename Add>
bool AddRow(Add& add, std::string_view key, size_t bytes, Stored<Message> record, PageRoom& room) {
  if constexpr (std::is_invocable_v<Add&, std::string_view, Stored<Message>, PageRoom&>) {
    return add(key, std::move(record), room);
  } else {
    return room.Take(bytes) && add(key, std::move(record));
  }
}

// Lists the records of `range` page by page: every list is this list.
//
// `wants(const Message&)` says which records may become rows: of others nothing is told, neither by
// a page that is shorter for them nor by a token that leads to nothing else. Calls
// `add(key_bytes, Stored<Message>)` for each of those it wants; it returns true if the
// record became a row of the response, false if it was skipped. An `add` whose rows have
// another size than the records takes a PageRoom& as well and, before it adds a row,
// room for it. A record that cannot be parsed is stepped over: it is no row, and damages
// no other. Returns the next page token, empty at the end. Request must have page_size
// and page_token.
template <typename Message, typename Request, typename Wants, typename Add>
absl::StatusOr<std::string> ListPageOf(const Snapshot& snapshot, const Request& request,
                                       const KeyRange& range, ScanOrder order,
                                       const PageLimits& limits, const Wants& wants, Add&& add) {
  CAIRN_ASSIGN_OR_RETURN(
      const int32_t size,
      EffectivePageSize(request.page_size(), limits.default_size, limits.max_size));
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  const KeyRange rest =
      token.last_key().empty() ? range : RangeAfter(range, token.last_key(), order);
  PageRoom room;
  int32_t rows = 0;
  bool more = false;
  std::string last_key;
  const auto visit = [&](std::string_view key, const Record& record) {
    auto stored = ParseStored<Message>(key, record);
    if (!stored.ok() || !wants(stored->value)) return true;
    more = rows == size;
    if (more) return false;
    rows += AddRow(add, key, record.payload.size(), *std::move(stored), room) ? 1 : 0;
    more = room.full();
    if (!more) last_key = std::string(key);
    return !more;
  };
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(rest, order, visit));
  if (!more) return std::string();
  cairn::internal::PageToken next;
  next.set_last_key(last_key);
  return EncodePageToken(request, std::move(next));
}

// All of them.
template <typename Message, typename Request, typename Add>
absl::StatusOr<std::string> ListPage(const Snapshot& snapshot, const Request& request,
                                     const KeyRange& range, ScanOrder order,
                                     const PageLimits& limits, Add&& add) {
  return ListPageOf<Message>(
      snapshot, request, range, order, limits, [](const Message&) { return true; },
      std::forward<Add>(add));
}

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_PAGING_H_
