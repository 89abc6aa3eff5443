#include "server/ui/ui_routes.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/http/gzip.h"

namespace cairn::ui {
namespace {

// Everybody's, unlike the server's own routes.
constexpr const char* kPermission = "ui.page";

constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'{}; connect-src 'self'; "
    "img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

// What a page may do: run and use what comes from here, and the style that stands in it, which is
// named by its hash.
std::string ContentPolicy(std::string_view page) {
  constexpr std::string_view kBegin = "<style>";
  const size_t begin = page.find(kBegin);
  const size_t end = page.find("</style>");
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return fmt::format(kContentPolicy, "");
  }
  const std::string_view style = page.substr(begin + kBegin.size(), end - begin - kBegin.size());
  const std::string hash = absl::Base64Escape(absl::HexStringToBytes(Sha256Hex(style)));
  return fmt::format(kContentPolicy, fmt::format(" 'sha256-{}'", hash));
}

// Addresses are those of resources, and of the pages that show several.
constexpr std::array<const char*, 9> kPages = {
    "/",       "/activity",         "/compare",  "/experiments",       "/experiments/{rest=**}",
    "/models", "/models/{rest=**}", "/datasets", "/datasets/{rest=**}"};
constexpr const char* kLineage = "/lineage/{rest=**}";

constexpr const char* kNoUi =
    "This Cairn server was built without its web UI (CAIRN_UI=OFF).\n"
    "It answers gRPC and, here, Connect; `mlctl` shows everything in a shell.\n";

struct Entity {
  UiFile file;
  std::string etag;
  std::string content_policy;
  bool forever = false;  // its name holds its hash
};

http::Response Send(const Entity& entity, const http::Request& request) {
  http::Response response;
  response.headers = {
      {"Content-Type", std::string(entity.file.type)},
      {"ETag", entity.etag},
      {"Content-Security-Policy", entity.content_policy},
      {"Cache-Control", entity.forever ? "public, max-age=31536000, immutable" : "no-cache"}};
  const std::string* known = request.Header("If-None-Match");
  if (known != nullptr && *known == entity.etag) {
    response.status = 304;
    return response;
  }
  const std::string* accepts = request.Header("Accept-Encoding");
  const Coding coding = ChooseCoding(accepts == nullptr ? "" : *accepts);
  if (coding == Coding::kNone) {
    response.body = entity.file.plain;
    return response;
  }
  response.headers.push_back({"Vary", "Accept-Encoding"});
  response.headers.push_back({"Content-Encoding", coding == Coding::kBrotli ? "br" : "gzip"});
  response.body = coding == Coding::kBrotli ? entity.file.brotli : entity.file.gzip;
  return response;
}

http::Route Get(std::string pattern, http::Handler handler) {
  return {"GET", std::move(pattern), kPermission, std::move(handler)};
}

Entity EntityOf(const UiFile& file) {
  const bool is_page = file.path == "/";
  return {file, '"' + Sha256Hex(file.plain).substr(0, 16) + '"',
          ContentPolicy(is_page ? file.plain : ""), !is_page};
}

}  // namespace

Coding ChooseCoding(std::string_view accept_encoding) {
  if (http::AcceptsCoding(accept_encoding, "br")) return Coding::kBrotli;
  return http::AcceptsCoding(accept_encoding, "gzip") ? Coding::kGzip : Coding::kNone;
}

std::vector<http::Route> UiRoutes(const std::vector<UiFile>& files) {
  if (files.empty()) {
    return {Get("/", [](const http::Request&) { return http::TextResponse(kNoUi); })};
  }
  std::vector<http::Route> routes;
  for (const UiFile& file : files) {
    const auto send = [entity = EntityOf(file)](const http::Request& request) {
      return Send(entity, request);
    };
    if (file.path != "/") {
      routes.push_back(Get(std::string(file.path), send));
      continue;
    }
    for (const char* page : kPages) routes.push_back(Get(page, send));
    routes.push_back(Get(kLineage, send));
  }
  return routes;
}

}  // namespace cairn::ui
