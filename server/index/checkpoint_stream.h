#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_STREAM_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_STREAM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::index {

// The frame of a checkpoint: bytes in sections, each sealed by a CRC-32C that
// goes on from the section before it, so that none can be missing, repeated or
// moved. docs/storage-format.md draws it. Nothing here is thread-safe.

// Where bytes go. After an error nothing more is written.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
};

// Where bytes come from. Read fills all of `to` or fails: DATA_LOSS
// (RECORD_CORRUPT) at the end, else the system's error.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual absl::Status Read(char* to, size_t size) = 0;
  virtual uint64_t remaining() const = 0;
};

// Bytes in memory; they must outlive it.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}
  absl::Status Read(char* to, size_t size) override;
  uint64_t remaining() const override { return rest_.size(); }

 private:
  std::string_view rest_;
};

enum class SectionKind : uint8_t {
  kBase = 1,   // revision, identity, runs; the first one
  kTime = 2,   // a column of times; the key is the field
  kText = 3,   // a column of texts; the key is the field
  kParam = 4,  // a parameter's column; the key is its name
  kTag = 5,
  kMetric = 6,  // one of a metric's three columns: `part`
  kEnd = 255,   // nothing; the last one, at the end of the file
};

// Writes the head when made, then sections.
class SectionWriter {
 public:
  explicit SectionWriter(ByteSink& sink) : sink_(sink) {}

  absl::Status Begin();
  absl::Status Add(SectionKind kind, uint8_t part, std::string_view key, std::string_view payload);

 private:
  ByteSink& sink_;
  uint32_t crc_ = 0;
};

// Reads sections one after another. Every error but the source's own is DATA_LOSS
// (RECORD_CORRUPT), or FAILED_PRECONDITION (STORE_NEWER) from Begin.
class SectionReader {
 public:
  explicit SectionReader(ByteSource& source) : source_(source) {}

  absl::Status Begin();
  // Goes to the next section. What is read of it is to be trusted only after End.
  absl::Status Next();
  SectionKind kind() const { return kind_; }
  uint8_t part() const { return part_; }
  const std::string& key() const { return key_; }
  uint64_t left() const { return left_; }  // bytes of the payload not read yet

  absl::Status Read(void* to, size_t size);
  // Reads a number. REQUIRES: `Number` is an integer.
  template <typename Number>
  absl::StatusOr<Number> ReadNumber() {
    static_assert(std::is_integral_v<Number>);
    Number number = 0;
    if (absl::Status status = Read(&number, sizeof(number)); !status.ok()) return status;
    return number;
  }
  // A text of `size` bytes, which are there.
  absl::StatusOr<std::string> ReadText(uint64_t size);

  // Checks that all was read and nothing is damaged; in the last section also
  // that the source ends.
  absl::Status End();

 private:
  ByteSource& source_;
  uint32_t crc_ = 0;
  SectionKind kind_ = SectionKind::kEnd;
  uint8_t part_ = 0;
  std::string key_;
  uint64_t left_ = 0;
};

// DATA_LOSS (RECORD_CORRUPT) for a checkpoint.
absl::Status CorruptCheckpoint(std::string_view what);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_STREAM_H_
