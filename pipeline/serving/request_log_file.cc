#include "pipeline/serving/request_log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline::serving {
namespace {

// Lines are written in blocks of about this size.
constexpr size_t kBlockBytes = size_t{256} << 10;

absl::Status NoLog(const std::string& path, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, "log-file", path, rule).ToStatus();
}

// Whatever else has the name is neither gone on with, nor cut, nor replaced.
absl::Status CheckLog(int fd, const std::string& path) {
  struct stat about = {};
  if (::fstat(fd, &about) != 0) return FileError(errno, "look at", path);
  if (!S_ISREG(about.st_mode)) return NoLog(path, "must be a regular file");
  std::string begin(kRowHeadBytes, '\0');
  CAIRN_ASSIGN_OR_RETURN(const size_t got, ReadAt(fd, 0, begin.data(), begin.size(), path));
  if (MayBeginRow(std::string_view(begin).substr(0, got))) return absl::OkStatus();
  return NoLog(path, "must be new, empty or a request log");
}

}  // namespace

size_t RequestLogFile::Item::bytes() const {
  return sizeof(Item) + inputs.size() * sizeof(double) + segments.size() * sizeof(int32_t) +
         distances.size() * sizeof(double) + refusal.message.size();
}

absl::StatusOr<std::unique_ptr<RequestLogFile>> RequestLogFile::Open(LogFileOptions options) {
  // The constructor is private.
  std::unique_ptr<RequestLogFile> file(new RequestLogFile(std::move(options)));  // NOLINT
  CAIRN_RETURN_IF_ERROR(file->OpenFile());
  file->thread_ = std::thread([raw = file.get()] { raw->Run(); });
  return file;
}

RequestLogFile::~RequestLogFile() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  changed_.SignalAll();
  if (thread_.joinable()) thread_.join();
  CloseFile();
}

void RequestLogFile::Add(const ModelPtr& model, std::span<const double> rows,
                         std::span<const int32_t> segments, std::span<const double> distances,
                         int64_t unix_nanos, int64_t latency_nanos) {
  if (segments.empty()) return;
  Item item;
  item.model = model;
  item.inputs.assign(rows.begin(), rows.end());
  item.segments.assign(segments.begin(), segments.end());
  item.distances.assign(distances.begin(), distances.end());
  item.refusal.unix_nanos = unix_nanos;
  item.refusal.latency_nanos = latency_nanos;
  Enqueue(std::move(item));
}

void RequestLogFile::Add(Refusal refusal) {
  Item item;
  item.refusal = std::move(refusal);
  Enqueue(std::move(item));
}

// One request that is larger than all that may wait is taken where nothing else does.
void RequestLogFile::Enqueue(Item item) {
  const size_t bytes = item.bytes();
  {
    MutexLock lock(&mutex_);
    if (queued_bytes_ > 0 && queued_bytes_ + bytes > options_.max_queued_bytes) {
      counts_.dropped += item.rows();
      return;
    }
    queued_bytes_ += bytes;
    queue_.push_back(std::move(item));
  }
  changed_.Signal();
}

LogFileCounts RequestLogFile::counts() const {
  MutexLock lock(&mutex_);
  return counts_;
}

void RequestLogFile::Run() {
  for (;;) {
    std::deque<Item> items;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (queue_.empty()) return;
      items.swap(queue_);
    }
    for (; !items.empty(); items.pop_front()) {
      WriteItem(items.front());
      MutexLock lock(&mutex_);
      queued_bytes_ -= items.front().bytes();
    }
    Flush();
  }
}

void RequestLogFile::WriteItem(const Item& item) {
  if (item.model == nullptr) {
    AppendRefusal(item.refusal, &text_);
    return EndLine();
  }
  if (item.model != writer_model_) {
    writer_model_ = item.model;
    writer_ = std::make_unique<RowWriter>(item.model->columns());
  }
  const size_t width = item.inputs.size() / item.segments.size();
  PredictionRow row;
  row.unix_nanos = item.refusal.unix_nanos;
  row.latency_nanos = item.refusal.latency_nanos;
  row.model_version = item.model->version();
  for (size_t i = 0; i < item.segments.size(); ++i) {
    row.segment = item.segments[i];
    row.distance = item.distances[i];
    row.inputs = std::span(item.inputs).subspan(i * width, width);
    writer_->Append(row, &text_);
    EndLine();
  }
}

void RequestLogFile::EndLine() {
  ++text_rows_;
  if (text_.size() >= kBlockBytes) Flush();
}

void RequestLogFile::Flush() {
  if (text_.empty()) return;
  const absl::Status status = WriteText();
  {
    MutexLock lock(&mutex_);
    (status.ok() ? counts_.written : counts_.failed) += text_rows_;
    counts_.errors += status.ok() ? 0 : 1;
  }
  text_.clear();
  text_rows_ = 0;
  if (!status.ok() && !in_trouble_ && options_.on_trouble) {
    const auto message = status.message();
    options_.on_trouble(std::string_view(message.data(), message.size()));
  }
  in_trouble_ = !status.ok();
}

absl::Status RequestLogFile::OpenFile() {
  const absl::Status opened = TryOpen();
  if (!opened.ok()) CloseFile();
  return opened;
}

// A link would be renamed in the place of what it leads to, which would grow on.
absl::Status RequestLogFile::TryOpen() {
  const std::string& path = options_.path;
  CAIRN_RETURN_IF_ERROR(CheckOlder());
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0600);
  if (fd_ < 0 && errno == ELOOP) return NoLog(path, "must not be a symbolic link");
  if (fd_ < 0) return FileError(errno, "open", path);
  CAIRN_RETURN_IF_ERROR(CheckLog(fd_, path));
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(errno, "lock", path);
    return Error(
               absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_LOCKED,
               fmt::format("{} is written by another process: each needs a file of its own", path))
        .With("path", path)
        .ToStatus();
  }
  return GoOnBehind();
}

absl::Status RequestLogFile::CheckOlder() const {
  const std::string older = OlderPath();
  const int fd = ::open(older.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return absl::OkStatus();
  if (fd < 0 && errno == ELOOP) return NoLog(older, "must not be a symbolic link");
  if (fd < 0) return FileError(errno, "open", older);
  const absl::Status checked = CheckLog(fd, older);
  ::close(fd);
  return checked;
}

// What is there may have become something else since it was opened.
absl::Status RequestLogFile::GoOnBehind() {
  struct stat about = {};
  if (::fstat(fd_, &about) != 0) return FileError(errno, "look at", options_.path);
  CAIRN_RETURN_IF_ERROR(CheckLog(fd_, options_.path));
  size_ = about.st_size;
  return TakeBackTornLine();
}

absl::Status RequestLogFile::TakeBackTornLine() {
  std::string block(kBlockBytes, '\0');
  int64_t whole = size_;
  while (whole > 0) {
    const int64_t begin = std::max<int64_t>(0, whole - static_cast<int64_t>(kBlockBytes));
    CAIRN_ASSIGN_OR_RETURN(
        const size_t got,
        ReadAt(fd_, begin, block.data(), static_cast<size_t>(whole - begin), options_.path));
    const size_t line_end = std::string_view(block).substr(0, got).rfind('\n');
    if (line_end != std::string_view::npos) {
      whole = begin + static_cast<int64_t>(line_end) + 1;
      break;
    }
    whole = begin;
  }
  if (whole == size_) return absl::OkStatus();
  if (::ftruncate(fd_, whole) != 0) return FileError(errno, "truncate", options_.path);
  size_ = whole;
  return absl::OkStatus();
}

absl::Status RequestLogFile::WriteText() {
  struct stat named = {};
  struct stat held = {};
  const bool there = fd_ >= 0 && ::fstat(fd_, &held) == 0 &&
                     ::lstat(options_.path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
                     held.st_dev == named.st_dev;
  if (!there) {
    CloseFile();
    CAIRN_RETURN_IF_ERROR(OpenFile());
  } else if (held.st_size != size_) {  // somebody emptied or cut it
    const absl::Status whole = GoOnBehind();
    if (!whole.ok()) {
      CloseFile();
      return whole;
    }
  }
  if (size_ > 0 && size_ + static_cast<int64_t>(text_.size()) > options_.max_bytes) {
    CAIRN_RETURN_IF_ERROR(Rotate());
  }
  const absl::Status written = WriteAllAt(fd_, size_, text_, options_.path);
  if (written.ok()) {
    size_ += static_cast<int64_t>(text_.size());
  } else if (::ftruncate(fd_, size_) != 0) {
    CloseFile();  // opening it takes the torn line back
  }
  return written;
}

absl::Status RequestLogFile::Rotate() {
  CAIRN_RETURN_IF_ERROR(CheckOlder());
  const std::string older = OlderPath();
  if (::rename(options_.path.c_str(), older.c_str()) != 0) {
    return FileError(errno, "rename", options_.path);
  }
  CloseFile();
  return OpenFile();
}

void RequestLogFile::CloseFile() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  size_ = 0;
}

}  // namespace cairn::pipeline::serving
