#include "lib/tables/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/zstd/frames.h"

namespace cairn::tables {
namespace {

constexpr size_t kPackedBytes = size_t{128} << 10;

bool EndsWithIgnoringCase(std::string_view text, std::string_view end) {
  if (text.size() < end.size()) return false;
  const std::string_view tail = text.substr(text.size() - end.size());
  return std::equal(tail.begin(), tail.end(), end.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

absl::StatusOr<ByteSource> OpenFile(const std::string& path) {
  const std::shared_ptr<std::FILE> file(std::fopen(path.c_str(), "rbe"), [](std::FILE* opened) {
    if (opened != nullptr) std::fclose(opened);
  });
  if (file == nullptr) return FileError(errno, "open", path);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  return ByteSource([file, path](char* out, size_t capacity) -> absl::StatusOr<size_t> {
    const size_t size = std::fread(out, 1, capacity, file.get());
    if (size == 0 && std::ferror(file.get()) != 0) return FileError(errno, "read", path);
    return size;
  });
}

ByteSource Unzstd(ByteSource packed) {
  auto more = [packed = std::move(packed),
               buffer =
                   std::vector<char>(kPackedBytes)]() mutable -> absl::StatusOr<std::string_view> {
    CAIRN_ASSIGN_OR_RETURN(const size_t size, packed(buffer.data(), buffer.size()));
    return std::string_view(buffer.data(), size);
  };
  return [frames = std::make_shared<zstd::FrameReader>(std::move(more))](
             char* out, size_t capacity) { return frames->Read(out, capacity); };
}

ByteSource FromText(std::string_view text, size_t piece_bytes) {
  return [text, piece_bytes](char* out, size_t capacity) mutable -> absl::StatusOr<size_t> {
    const size_t size = std::min({capacity, piece_bytes, text.size()});
    std::memcpy(out, text.data(), size);
    text.remove_prefix(size);
    return size;
  };
}

bool IsTableName(std::string_view name) {
  return EndsWithIgnoringCase(name, ".csv") || EndsWithIgnoringCase(name, ".csv.zst");
}

absl::StatusOr<ByteSource> OpenTable(const std::string& path, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(ByteSource file, OpenFile(path));
  if (EndsWithIgnoringCase(name, ".zst")) return Unzstd(std::move(file));
  return file;
}

}  // namespace cairn::tables
