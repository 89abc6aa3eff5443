#ifndef CAIRN_PIPELINE_DATA_BYTE_SOURCE_H_
#define CAIRN_PIPELINE_DATA_BYTE_SOURCE_H_

// Bytes of an input file, whatever it is packed in.
//
// A file is read once; gzip, zstd and members of a zip archive (zip_archive.h) are unpacked as a
// stream. Everything that unpacks obeys InputLimits, so a small file
// that claims to be a huge one is refused with a clear error instead of filling the memory.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"

namespace cairn::pipeline {

// Bounds on what one input may unpack to. A breach is kResourceExhausted, kind
// INPUT_TOO_LARGE. The ratio is judged only past `ratio_floor_bytes`, since a few kilobytes of
// equal bytes may honestly shrink a thousandfold.
struct InputLimits {
  uint64_t max_decompressed_bytes = uint64_t{8} << 30;
  double max_ratio = 400.0;
  uint64_t ratio_floor_bytes = uint64_t{16} << 20;
};

// What the first bytes of a file say it is. An .xlsx is a zip and reads as kZip.
enum class InputKind { kPlain, kGzip, kZstd, kZip };

// Judges by magic numbers only; the file's name is never looked at.
InputKind DetectInputKind(std::string_view head);

// "plain", "gzip", "zstd" or "zip".
std::string_view InputKindName(InputKind kind);

// The name of standard input where a path is wanted.
inline constexpr std::string_view kStandardInput = "-";

// All bytes of an input, as long as this object lives: a copy that nobody else can change, so what
// is parsed, digested and uploaded is the same, whatever becomes of the file. Move-only. Not
// synchronised; `view()` may be read from any number of threads.
class InputBytes {
 public:
  InputBytes() = default;
  InputBytes(InputBytes&& other) noexcept;
  InputBytes& operator=(InputBytes&& other) noexcept;
  InputBytes(const InputBytes&) = delete;
  InputBytes& operator=(const InputBytes&) = delete;
  ~InputBytes();

  // Reads `path` to its end: a file, a pipe as `<(…)` makes it, or standard input for "-". Files
  // of up to 256 MiB are held in memory, larger ones and pipes in a temporary file without a name
  // in $TMPDIR. `copied` is called between reading and the check that the file stayed as it was.
  //   kNotFound         it does not exist
  //   kInvalidArgument  INPUT_UNREADABLE: a folder, a terminal or another device
  //   kFailedPrecondition  INPUT_CHANGED: size or time of change differ before and after
  //   kResourceExhausted  INPUT_TOO_LARGE: more than InputLimits allow; or the disk is full
  //   FileError's codes for other failures of the operating system
  static absl::StatusOr<InputBytes> Read(const std::string& path,
                                         const std::function<void()>& copied = {});

  std::string_view view() const { return {data_, size_}; }

  // SHA-256 of all bytes, taken while they were read.
  const Digest& digest() const { return digest_; }

  // Whether the bytes are pages of the temporary file, which may leave the memory and come back.
  bool mapped_file() const { return mapped_file_; }

 private:
  absl::Status ReadIntoMemory(int fd, size_t size, const std::string& name);
  absl::Status Spool(int fd, const std::string& name);
  void Release() noexcept;

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t mapped_ = 0;
  bool mapped_file_ = false;
  Digest digest_;
};

// Bytes that come in pieces. Not thread-safe: one reader at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Fills up to `capacity` (> 0) bytes and returns how many, 0 at the end. kDataLoss when the
  // packed bytes are damaged or cut off, kResourceExhausted when a limit is passed. After an
  // error the stream must not be read again.
  virtual absl::StatusOr<size_t> Read(char* out, size_t capacity) = 0;

  // How many packed bytes were taken for what Read gave so far; 0 where nobody counts. By the
  // thread that reads.
  virtual uint64_t consumed() const { return 0; }
};

// Unpacks `packed` as it is read; `packed` must outlive the stream. Concatenated gzip members
// and zstd frames read as one.
std::unique_ptr<ByteStream> OpenGzip(std::string_view packed, const InputLimits& limits);
std::unique_ptr<ByteStream> OpenZstd(std::string_view packed, const InputLimits& limits);

// Guards a running total against `limits`; kResourceExhausted names the limit that was passed.
absl::Status CheckUnpacked(uint64_t unpacked, uint64_t packed, const InputLimits& limits);

// The most that `packed` bytes may unpack to before CheckUnpacked objects.
uint64_t MostUnpacked(uint64_t packed, const InputLimits& limits);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_BYTE_SOURCE_H_
