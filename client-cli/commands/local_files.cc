#include "client-cli/commands/local_files.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client-cli/cli/command.h"
#include "fmt/format.h"
#include "lib/base/artifact_path.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

namespace fs = std::filesystem;

// Walks down the directories and notes what cannot be stored, so that all of it is told at once.
class Walker {
 public:
  explicit Walker(bool follow_links) : follow_links_(follow_links) {}

  void AddFile(const fs::path& path, const std::string& name) {
    const absl::Status status = CheckArtifactPath("path", name);
    if (!status.ok()) {
      Refuse(path, MetadataOf(status, "rule"));
    } else if (::access(path.c_str(), R_OK) != 0) {
      Refuse(path, "cannot be read");
    } else {
      found_.items.push_back(client::UploadItem::File(name, path.string()));
    }
  }

  void AddFolder(const fs::path& path, const std::string& name) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    if (std::find(above_.begin(), above_.end(), real) != above_.end()) {
      return Refuse(path, "leads to a directory that it is in");
    }
    above_.push_back(real);
    bool is_empty = true;
    fs::directory_iterator it(path, error);
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      is_empty = false;
      AddEntry(*it, (fs::path(name) / it->path().filename()).generic_string());
    }
    above_.pop_back();
    if (error) return Refuse(path, "cannot be read");
    if (is_empty) found_.empty_folders.push_back(path.string());
  }

  absl::StatusOr<LocalFiles> Take() {
    if (!refused_.empty()) return UsageError(Refusal());
    std::sort(found_.items.begin(), found_.items.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    std::sort(found_.empty_folders.begin(), found_.empty_folders.end());
    return std::move(found_);
  }

  // Of what is neither a file nor a directory the size is not known, and it can be read once only.
  void RefuseKind(const fs::path& path, const fs::file_status& status) {
    const std::string_view kind = fs::is_socket(status) ? "is a socket"
                                  : fs::is_fifo(status) ? "is a pipe"
                                                        : "is a device";
    Refuse(path, fmt::format("{} and no regular file: write what it gives to a file first", kind));
  }

  size_t found() const { return found_.items.size() + refused_.size(); }

 private:
  void AddEntry(const fs::directory_entry& entry, const std::string& name) {
    std::error_code error;
    const fs::file_status status = entry.status(error);
    const bool link = entry.is_symlink(error);
    if (fs::is_regular_file(status)) return AddFile(entry.path(), name);
    if (fs::is_directory(status) && (!link || follow_links_)) return AddFolder(entry.path(), name);
    if (fs::is_directory(status)) {
      has_folder_link_ = true;
      return Refuse(entry.path(), "is a link to a directory");
    }
    if (link && !fs::exists(status)) return Refuse(entry.path(), "is a link that leads nowhere");
    RefuseKind(entry.path(), status);
  }

  void Refuse(const fs::path& path, std::string_view why) {
    refused_.push_back(fmt::format("{} {}", path.string(), why));
  }

  std::string Refusal() {
    std::sort(refused_.begin(), refused_.end());
    std::string text = refused_.size() == 1
                           ? "nothing was sent: "
                           : fmt::format("nothing was sent, for {} entries: ", refused_.size());
    for (size_t i = 0; i < refused_.size(); ++i) text += (i == 0 ? "" : "; ") + refused_[i];
    if (has_folder_link_) text += ". --follow-links stores what links to directories lead to";
    return text;
  }

  const bool follow_links_;
  LocalFiles found_;
  std::vector<fs::path> above_;  // the directories that the walk is in
  std::vector<std::string> refused_;
  bool has_folder_link_ = false;
};

}  // namespace

absl::StatusOr<LocalFiles> FindLocalFiles(const std::vector<std::string>& paths,
                                          const std::string& prefix, bool follow_links) {
  Walker walker(follow_links);
  for (const std::string& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (path.empty()) return UsageError("the path of a file is empty");
    if (!fs::exists(status)) {
      return FileError(error ? error.value() : ENOENT, "open", path);
    }
    if (!fs::is_directory(status) && !fs::is_regular_file(status)) {
      walker.RefuseKind(path, status);
      continue;
    }
    if (!fs::is_directory(status)) {
      walker.AddFile(path, (fs::path(prefix) / fs::path(path).filename()).generic_string());
      continue;
    }
    const size_t before = walker.found();
    const bool contents_only = path.back() == '/';
    walker.AddFolder(
        path, contents_only ? prefix
                            : (fs::path(prefix) / fs::weakly_canonical(path).filename()).string());
    if (walker.found() == before) return UsageError(fmt::format("{} holds no file", path));
  }
  return walker.Take();
}

absl::StatusOr<std::vector<client::UploadItem>> CollectFiles(Session& session,
                                                             const std::vector<std::string>& paths,
                                                             const std::string& prefix) {
  CAIRN_ASSIGN_OR_RETURN(LocalFiles found,
                         FindLocalFiles(paths, prefix, session.flags().Switch("follow-links")));
  for (const std::string& folder : found.empty_folders) {
    session.Note(fmt::format("{} is empty and is left out: only files are stored", folder));
  }
  return std::move(found.items);
}

}  // namespace cairn::cli
