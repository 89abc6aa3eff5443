#ifndef CAIRN_SERVER_UI_UI_FILE_H_
#define CAIRN_SERVER_UI_UI_FILE_H_

#include <string_view>
#include <vector>

namespace cairn::ui {

// One file of the web UI as the build put it into the program: its bytes as they are, and packed
// twice, as small as each packing makes them. The server sends one of the three untouched.
//
// All views are into the program itself and live as long as it does.
struct UiFile {
  std::string_view path;  // "/" for the page, "/assets/NAME-HASH.js" for the others
  std::string_view type;  // of Content-Type, "text/javascript; charset=utf-8"
  std::string_view plain;
  std::string_view brotli;
  std::string_view gzip;
};

// The files of the UI that this build has, the page first. Empty for one that was built without
// (CAIRN_UI=OFF).
std::vector<UiFile> UiFiles();

}  // namespace cairn::ui

#endif  // CAIRN_SERVER_UI_UI_FILE_H_
