#include "server/mlflow/artifact_tree.h"

#include <utility>

#include "cairn/internal/page_token.pb.h"
#include "lib/base/page_token.h"
#include "server/storage/keyspace.h"

namespace cairn::mlflow {
namespace {

constexpr int32_t kPageFiles = 1000;

// What makes the list begin with the first file that is not before `path`: the place right before
// its key, where no key is.
std::string TokenBefore(const v1::ListArtifactsRequest& request, const std::string& path) {
  std::string before = storage::ArtifactKey(request.parent(), path).bytes;
  if (before.back() == '\0') {
    before.pop_back();
  } else {
    --before.back();
  }
  cairn::internal::PageToken token;
  token.set_last_key(std::move(before));
  return EncodePageToken(request, std::move(token));
}

// Adds the entry of `directory` ("" or with `/` behind it) that a file is, or is below; false when
// the file is behind the directory.
bool AddEntry(const v1::ArtifactFile& file, const std::string& directory,
              ArtifactEntries& entries) {
  if (!file.path().starts_with(directory)) return false;
  const size_t slash = file.path().find('/', directory.size());
  if (slash == std::string::npos) {
    entries[file.path()] = file.digest().size_bytes();
  } else {
    entries[file.path().substr(0, slash)] = std::nullopt;
  }
  return true;
}

// Where the list goes on behind its last file: behind the directory that the file is in.
std::string NextOf(const v1::ListArtifactsRequest& request, const v1::ListArtifactsResponse& page,
                   size_t directory_bytes) {
  const std::string& last = page.files(page.files_size() - 1).path();
  const size_t slash = last.find('/', directory_bytes);
  if (slash == std::string::npos) return page.next_page_token();
  return TokenBefore(request, last.substr(0, slash) + '0');  // '0' comes after '/'
}

}  // namespace

Task<absl::StatusOr<std::optional<v1::ArtifactFile>>> FindArtifact(Session& session,
                                                                   std::string run,
                                                                   std::string path) {
  v1::ListArtifactsRequest list;
  list.set_parent(run);
  list.set_page_size(1);
  list.set_page_token(TokenBefore(list, path));
  auto page = co_await session.Call(session.rows().list_artifacts, std::move(list));
  if (!page.ok()) co_return page.status();
  std::optional<v1::ArtifactFile> found;
  if (page->files_size() > 0 && page->files(0).path() == path) {
    found = std::move(*page->mutable_files(0));
  }
  co_return std::move(found);
}

Task<absl::StatusOr<ArtifactEntries>> ListDirectory(Session& session, std::string run,
                                                    std::string path) {
  const std::string directory = path.empty() ? "" : path + '/';
  ArtifactEntries entries;
  v1::ListArtifactsRequest list;
  list.set_parent(run);
  list.set_page_size(kPageFiles);
  if (!directory.empty()) list.set_page_token(TokenBefore(list, directory));
  do {
    const auto page = co_await session.Call(session.rows().list_artifacts, list);
    if (!page.ok()) co_return page.status();
    bool within = true;
    for (const v1::ArtifactFile& file : page->files()) {
      within = within && AddEntry(file, directory, entries);
    }
    const bool more = within && !page->next_page_token().empty() && page->files_size() > 0;
    list.set_page_token(more ? NextOf(list, *page, directory.size()) : "");
  } while (!list.page_token().empty());
  co_return std::move(entries);
}

void WriteFiles(const ArtifactEntries& entries, size_t skipped, gateway::JsonText& json) {
  if (entries.empty()) return;
  json.Key("files").Begin('[');
  for (const auto& [path, size] : entries) {
    const std::string_view shown = std::string_view(path).substr(skipped);
    json.Begin('{').Key("path").Text(shown).Key("is_dir").Bool(!size.has_value());
    if (size.has_value()) json.Key("file_size").Int(*size);
    json.End('}');
  }
  json.End(']');
}

}  // namespace cairn::mlflow
