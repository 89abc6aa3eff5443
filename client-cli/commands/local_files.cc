#include "client-cli/commands/local_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "client-cli/cli/parser.h"
#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

namespace fs = std::filesystem;

absl::Status AddDirectory(const std::string& path, const std::string& prefix,
                          std::vector<client::UploadItem>& items) {
  const fs::path root = path;
  const bool contents_only = path.back() == '/';
  const std::string below =
      contents_only ? prefix : (fs::path(prefix) / fs::weakly_canonical(root).filename()).string();
  std::error_code error;
  const size_t before = items.size();
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end;
       it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const std::string inside = it->path().lexically_relative(root).generic_string();
    items.push_back(
        client::UploadItem::File((fs::path(below) / inside).generic_string(), it->path().string()));
  }
  if (error) return FileError(error.value(), "list", path);
  if (items.size() == before) return UsageError(fmt::format("{} holds no file", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<client::UploadItem>> CollectFiles(const std::vector<std::string>& paths,
                                                             const std::string& prefix) {
  std::vector<client::UploadItem> items;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (path.empty() || !fs::exists(status)) {
      return FileError(error ? error.value() : ENOENT, "open", path);
    }
    if (fs::is_directory(status)) {
      CAIRN_RETURN_IF_ERROR(AddDirectory(path, prefix, items));
    } else {
      const fs::path name = fs::path(path).filename();
      items.push_back(client::UploadItem::File((fs::path(prefix) / name).generic_string(), path));
    }
  }
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return items;
}

}  // namespace cairn::cli
