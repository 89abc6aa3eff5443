#include "lib/client/model_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/client/model_record.h"

namespace cairn::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPart = ".part";
constexpr int64_t kMaxRecordBytes = int64_t{256} << 20;

// "12" is 12; nothing for what is written differently.
std::optional<int64_t> EpochOf(std::string_view text) {
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (epoch <= 0 || std::to_string(epoch) != text) return std::nullopt;
  return epoch;
}

absl::Status Refused(ErrorReason reason, const std::string& directory, const std::string& message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message)
      .With("directory", directory)
      .Precondition(ReasonName(reason), directory, message);
}

absl::Status SyncPath(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
  if (fd < 0) return FileError(errno, "open", path);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? absl::OkStatus() : FileError(error, "sync", path);
}

// Waits until the disk has all files and folders below `folder`, and itself.
absl::Status SyncTree(const std::string& folder) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const bool is_folder = entry->is_directory(error);
    if (error) break;
    CAIRN_RETURN_IF_ERROR(SyncPath(entry->path().string(), is_folder ? O_DIRECTORY : 0));
  }
  if (error) return FileError(error.value(), "read", folder);
  return SyncPath(folder, O_DIRECTORY);
}

// Moves a folder to its place. One that is there already, damaged, changes places with it.
absl::Status Place(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  if ((errno == ENOTEMPTY || errno == EEXIST) &&
      ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) {
    return absl::OkStatus();
  }
  return FileError(errno, "rename", from);
}

absl::StatusOr<int> Lock(const std::string& root) {
  const std::string path = root + "/.lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return FileError(errno, "open", path);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int error = errno;
  ::close(fd);
  if (error != EWOULDBLOCK) return FileError(error, "lock", path);
  return Refused(ErrorReason::STORE_LOCKED, root,
                 fmt::format("{} is kept by another follower, which has locked {}", root, path));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelDirectory>> ModelDirectory::Open(const std::string& directory,
                                                                     std::string channel,
                                                                     OnStep on_step) {
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory + "/epochs"));
  CAIRN_ASSIGN_OR_RETURN(const int lock, Lock(directory));
  // The constructor is private.
  std::unique_ptr<ModelDirectory> opened(
      new ModelDirectory(directory, std::move(channel), std::move(on_step), lock));  // NOLINT
  CAIRN_RETURN_IF_ERROR(opened->Look());
  opened->Clean(0);
  return opened;
}

ModelDirectory::~ModelDirectory() { ::close(lock_); }

std::string ModelDirectory::PathOf(int64_t epoch, std::string_view ending) const {
  return fmt::format("{}/{}{}", Epochs(), epoch, ending);
}

void ModelDirectory::Before(std::string_view step) const {
  if (on_step_) on_step_(step);
}

absl::Status ModelDirectory::Look() {
  const std::string link = root_ + "/current";
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error == std::errc::no_such_file_or_directory) return absl::OkStatus();
  constexpr std::string_view kBefore = "epochs/";
  const std::string text = error ? "" : target.string();
  const auto epoch =
      text.starts_with(kBefore) ? EpochOf(text.substr(kBefore.size())) : std::nullopt;
  if (!epoch) {
    return Refused(ErrorReason::VALUE_INVALID, root_,
                   fmt::format("{} is no link to a folder of epochs, and stays as it is", link));
  }
  epoch_ = *epoch;
  const auto bytes = ReadFile(PathOf(epoch_, ".json"), kMaxRecordBytes);
  if (!bytes.ok()) return absl::OkStatus();
  auto model = ParseRecord(*bytes);
  if (!model.ok() || model->head.epoch != epoch_) return absl::OkStatus();
  if (model->channel != channel_) {
    return Refused(
        ErrorReason::VALUE_INVALID, root_,
        fmt::format("{} has models of {} and cannot follow {}", root_, model->channel, channel_));
  }
  model->path = PathOf(epoch_);
  if (VerifyFiles(*model).ok()) shown_ = *std::move(model);
  return absl::OkStatus();
}

ChannelHead ModelDirectory::Beginning() const {
  if (shown_) return shown_->head;
  return ChannelHead{.epoch = std::max<int64_t>(epoch_ - 1, 0), .version = "", .sha256 = ""};
}

absl::StatusOr<std::string> ModelDirectory::BeginPart(int64_t epoch) {
  Clean(epoch);
  std::string part = PathOf(epoch, kPart);
  CAIRN_RETURN_IF_ERROR(MakeDirectories(part));
  return part;
}

absl::Status ModelDirectory::Show(KeptModel model) {
  const int64_t epoch = model.head.epoch;
  model.path = PathOf(epoch);
  const std::string part = PathOf(epoch, kPart);
  Before("sync");
  CAIRN_RETURN_IF_ERROR(SyncTree(part));
  Before("place");
  CAIRN_RETURN_IF_ERROR(Place(part, model.path));
  Before("record");
  CAIRN_RETURN_IF_ERROR(WriteFileAtomically(PathOf(epoch, ".json"), RecordText(model)));
  CAIRN_RETURN_IF_ERROR(SyncPath(Epochs(), O_DIRECTORY));
  CAIRN_RETURN_IF_ERROR(Link(epoch));
  epoch_ = epoch;
  shown_ = std::move(model);
  CAIRN_RETURN_IF_ERROR(SyncPath(root_, O_DIRECTORY));
  Before("clean");
  Clean(0);
  Before("end");
  return absl::OkStatus();
}

absl::Status ModelDirectory::Link(int64_t epoch) const {
  const std::string link = root_ + "/current";
  const std::string beside = root_ + "/.current.part";
  Before("link");
  ::unlink(beside.c_str());  // of a process that crashed
  if (::symlink(fmt::format("epochs/{}", epoch).c_str(), beside.c_str()) != 0) {
    return FileError(errno, "create", beside);
  }
  Before("show");
  if (::rename(beside.c_str(), link.c_str()) != 0) return FileError(errno, "rename", beside);
  return absl::OkStatus();
}

void ModelDirectory::Clean(int64_t fetching) const {
  // What cannot be read or removed now is removed another time.
  std::error_code ignored;
  std::set<int64_t> folders;
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(Epochs(), ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    entries.push_back(entry->path());
    const auto epoch = EpochOf(entry->path().filename().string());
    if (epoch && *epoch < epoch_) folders.insert(*epoch);
  }
  const int64_t before = folders.empty() ? 0 : *folders.rbegin();
  for (const fs::path& path : entries) {
    const std::string name = path.filename().string();
    const size_t dot = std::min(name.find('.'), name.size());
    const auto epoch = EpochOf(name.substr(0, dot));
    if (!epoch) continue;
    const std::string ending = name.substr(dot);
    const bool whole = ending.empty() || ending == ".json";
    const bool ours =
        whole || ending == kPart || (ending.starts_with(".json.") && ending.ends_with(".tmp"));
    const bool kept =
        whole ? *epoch == epoch_ || *epoch == before : ending == kPart && *epoch == fetching;
    if (ours && !kept) fs::remove_all(path, ignored);
  }
}

}  // namespace cairn::client
