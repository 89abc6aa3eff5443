#include "lib/tables/byte_source.h"

#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"

namespace cairn::tables {
namespace {

constexpr size_t kPackedBytes = size_t{128} << 10;

absl::Status DamagedZstd(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::VALUE_INVALID, what);
}

class ZstdFrames {
 public:
  explicit ZstdFrames(ByteSource packed)
      : packed_(std::move(packed)), stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
    ZSTD_initDStream(stream_.get());
  }

  absl::StatusOr<size_t> Read(char* out, size_t capacity) {
    ZSTD_outBuffer output{out, capacity, 0};
    while (output.pos == 0) {
      if (input_.pos == input_.size && !at_end_) {
        CAIRN_ASSIGN_OR_RETURN(const size_t size, packed_(buffer_.data(), buffer_.size()));
        at_end_ = size == 0;
        input_ = {buffer_.data(), size, 0};
      }
      const size_t consumed = input_.pos;
      if (at_end_ && frame_done_ && input_.pos == input_.size) return size_t{0};
      const size_t result = ZSTD_decompressStream(stream_.get(), &output, &input_);
      if (ZSTD_isError(result) != 0) return DamagedZstd("the zstd frames are damaged");
      frame_done_ = result == 0;
      const bool stuck = output.pos == 0 && input_.pos == consumed;
      if (at_end_ && stuck && !frame_done_) return DamagedZstd("the zstd frames are cut off");
    }
    return output.pos;
  }

 private:
  ByteSource packed_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  std::vector<char> buffer_ = std::vector<char>(kPackedBytes);
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool at_end_ = false;
  bool frame_done_ = true;
};

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
  return [frames = std::make_shared<ZstdFrames>(std::move(packed))](char* out, size_t capacity) {
    return frames->Read(out, capacity);
  };
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
