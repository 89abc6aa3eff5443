#ifndef CAIRN_LIB_CLIENT_PAGING_H_
#define CAIRN_LIB_CLIENT_PAGING_H_

#include <string>
#include <utility>

#include "absl/status/status.h"

namespace cairn::client {

// Walks through a list page by page.
//
//   ForEachPage(request, [&](auto r) { return client.tracking().SearchRuns(r); },
//               [&](v1::SearchRunsResponse& page) { use(page); return true; });
//
// `call` takes the request and returns a StatusOr of the response; `on_page`
// gets each response, which it may take apart, and returns false to stop. Only
// an empty next_page_token ends a list: pages may be short or empty. Begins at
// request.page_token. Returns the first error; pages before it were delivered.
template <typename Request, typename Call, typename OnPage>
absl::Status ForEachPage(Request request, const Call& call, const OnPage& on_page) {
  while (true) {
    auto page = call(request);
    if (!page.ok()) return std::move(page).status();
    std::string next = page->next_page_token();
    if (!on_page(*page) || next.empty()) return absl::OkStatus();
    request.set_page_token(std::move(next));
  }
}

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_PAGING_H_
