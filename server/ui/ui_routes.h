#ifndef CAIRN_SERVER_UI_UI_ROUTES_H_
#define CAIRN_SERVER_UI_UI_ROUTES_H_

#include <string_view>
#include <vector>

#include "lib/http/router.h"
#include "server/ui/ui_file.h"

namespace cairn::ui {

// How a file is sent to who asks with this Accept-Encoding header: brotli where it is taken, else
// gzip, else as it is. A coding counts as taken when it is named, or `*` is, without q=0.
enum class Coding { kNone, kBrotli, kGzip };
Coding ChooseCoding(std::string_view accept_encoding);

// The routes of the web UI:
//   GET /              the page
//   GET /models/...    the page too, for every address that it shows something at: it reads from
//   the
//                      address what to show, so that links and reloads work
//   GET /assets/NAME   its scripts and styles, whose names hold their hash: kept for ever
// Without files one route, GET /, says in plain text that this server has no UI and what it has
// instead.
//
// The files hold nothing of the store, so they are everybody's: who may see what is asked when the
// page calls the API. The page allows scripts, styles and calls of its own server only.
std::vector<http::Route> UiRoutes(const std::vector<UiFile>& files);

}  // namespace cairn::ui

#endif  // CAIRN_SERVER_UI_UI_ROUTES_H_
