#ifndef CAIRN_SERVER_STORAGE_PAGING_H_
#define CAIRN_SERVER_STORAGE_PAGING_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/page_token.h"
#include "lib/base/status_macros.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::storage {

// Sizes of a list's pages: what 0 means and the most a page may hold.
struct PageLimits {
  int32_t default_size = 100;
  int32_t max_size = 1000;
};

// The part of `range` after `last_key` in the direction of `order`.
KeyRange RangeAfter(KeyRange range, std::string_view last_key, ScanOrder order);

// Lists the records of `range` page by page: every list is this list.
//
// Calls `add(key_bytes, Stored<Message>)` for each record; it returns true if the
// record became a row of the response, false if it was skipped. Returns the next
// page token, empty at the end. Request must have page_size and page_token.
template <typename Message, typename Request, typename Add>
absl::StatusOr<std::string> ListPage(const Snapshot& snapshot, const Request& request,
                                     const KeyRange& range, ScanOrder order,
                                     const PageLimits& limits, Add&& add) {
  CAIRN_ASSIGN_OR_RETURN(
      const int32_t size,
      EffectivePageSize(request.page_size(), limits.default_size, limits.max_size));
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  const KeyRange rest =
      token.last_key().empty() ? range : RangeAfter(range, token.last_key(), order);
  int32_t rows = 0;
  bool more = false;
  std::string last_key;
  CAIRN_RETURN_IF_ERROR(ScanRecords<Message>(snapshot, rest, order,
                                             [&](std::string_view key, Stored<Message> record) {
                                               if (rows == size) {
                                                 more = true;
                                                 return false;
                                               }
                                               if (add(key, std::move(record))) ++rows;
                                               last_key = std::string(key);
                                               return true;
                                             }));
  if (!more) return std::string();
  cairn::internal::PageToken next;
  next.set_last_key(last_key);
  return EncodePageToken(request, std::move(next));
}

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_PAGING_H_
