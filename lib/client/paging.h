#ifndef CAIRN_LIB_CLIENT_PAGING_H_
#define CAIRN_LIB_CLIENT_PAGING_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::client {

// Walks through a list page by page; never holds more than one page. Works for every list
// of the API: the request has a page_token, the response a next_page_token.
//
//   Pager pages(request, [&](auto r) { return client.tracking().SearchRuns(r); });
//   while (true) {
//     CAIRN_ASSIGN_OR_RETURN(auto page, pages.Next());
//     if (!page) break;
//     for (v1::Run& run : *page->mutable_runs()) Use(run);
//   }
//
// Begins at request.page_token. Only an empty next_page_token ends a list: pages may be
// short or empty. Not thread-safe.
template <typename Request, typename Call>
class Pager {
 public:
  using Response =
      typename decltype(std::declval<const Call&>()(std::declval<const Request&>()))::value_type;

  // `call` takes the request and returns a StatusOr of the response.
  Pager(Request request, Call call) : request_(std::move(request)), call_(std::move(call)) {}

  // The next page; nothing after the last one. After an error the same page is asked for
  // again.
  absl::StatusOr<std::optional<Response>> Next() {
    if (ended_) return std::optional<Response>();
    absl::StatusOr<Response> page = call_(request_);
    if (!page.ok()) return std::move(page).status();
    request_.set_page_token(page->next_page_token());
    // Rows are skipped and counted once, not page by page.
    if constexpr (requires { request_.clear_skip(); }) request_.clear_skip();
    if constexpr (requires { request_.clear_count_all(); }) request_.clear_count_all();
    ended_ = page->next_page_token().empty();
    return std::optional<Response>(*std::move(page));
  }

  // Where the next page begins, to go on later with another Pager; empty at the end and at
  // the beginning.
  const std::string& page_token() const { return request_.page_token(); }

 private:
  Request request_;
  const Call call_;
  bool ended_ = false;
};

// The same with a callback: `on_page` gets each response, which it may take apart, and
// returns false to stop.
//
//   ForEachPage(request, [&](auto r) { return client.tracking().SearchRuns(r); },
//               [&](v1::SearchRunsResponse& page) { use(page); return true; });
//
// Returns the first error; pages before it were delivered.
template <typename Request, typename Call, typename OnPage>
absl::Status ForEachPage(Request request, const Call& call, const OnPage& on_page) {
  Pager<Request, Call> pages(std::move(request), call);
  while (true) {
    auto page = pages.Next();
    if (!page.ok()) return std::move(page).status();
    if (!page->has_value() || !on_page(**page)) return absl::OkStatus();
  }
}

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_PAGING_H_
