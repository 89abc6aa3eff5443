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
  // Takes all of the bytes or fails with the system's error.
  virtual absl::Status Write(std::string_view bytes) = 0;
};

// Where bytes come from. Read fills all of `to` or fails: DATA_LOSS
// (RECORD_CORRUPT) at the end, else the system's error.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual absl::Status Read(char* to, size_t size) = 0;
  // How many bytes Read can still give. A length in the file that is greater is damage,
  // and no memory is taken for it.
  virtual uint64_t remaining() const = 0;
};

// Bytes in memory; they must outlive it. For tests, and for whoever has a checkpoint in
// memory.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : rest_(bytes) {}
  absl::Status Read(char* to, size_t size) override;
  uint64_t remaining() const override { return rest_.size(); }

 private:
  std::string_view rest_;
};

// What a section holds. The numbers are on disk. There is one kBase, first, and one
// kEnd, last; those between may come in any order.
enum class SectionKind : uint8_t {
  kBase = 1,   // revision, identity, runs; the first one
  kTime = 2,   // a column of times; the key is the field
  kText = 3,   // a column of texts; the key is the field
  kParam = 4,  // a parameter's column; the key is its name
  kTag = 5,
  kMetric = 6,  // one of a metric's three columns: `part`
  kEnd = 255,   // nothing; the last one, at the end of the file
};

// Writes the head, then sections. All of it goes through the sink at once; nothing is
// kept but the checksum so far. The sink must outlive it. Errors are the sink's, and
// after one the bytes are good for nothing.
class SectionWriter {
 public:
  explicit SectionWriter(ByteSink& sink) : sink_(sink) {}

  // Writes the head. Call it once, before Add.
  absl::Status Begin();
  // One section, with its checksum. `part` tells sections of the same kind and key
  // apart and is 0 elsewhere. REQUIRES: the key is shorter than 4 GiB.
  absl::Status Add(SectionKind kind, uint8_t part, std::string_view key, std::string_view payload);

 private:
  ByteSink& sink_;
  uint32_t crc_ = 0;  // of all bytes so far
};

// Reads sections one after another. Every error but the source's own is DATA_LOSS
// (RECORD_CORRUPT), or FAILED_PRECONDITION (STORE_NEWER) from Begin. The order of calls
// is Begin, and then for each section Next, Read until nothing is left, End. The source
// must outlive it.
class SectionReader {
 public:
  explicit SectionReader(ByteSource& source) : source_(source) {}

  // Reads the head and checks that this build knows the format.
  absl::Status Begin();
  // Goes to the next section. What is read of it is to be trusted only after End.
  absl::Status Next();
  SectionKind kind() const { return kind_; }
  uint8_t part() const { return part_; }
  // Of the section that Next went to.
  const std::string& key() const { return key_; }
  uint64_t left() const { return left_; }  // bytes of the payload not read yet

  // Copies the next bytes of the payload. Damage if the section has fewer left; nothing
  // is copied then.
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
  uint32_t crc_ = 0;  // of all bytes so far
  SectionKind kind_ = SectionKind::kEnd;
  uint8_t part_ = 0;
  std::string key_;
  uint64_t left_ = 0;
};

// DATA_LOSS (RECORD_CORRUPT) for a checkpoint.
absl::Status CorruptCheckpoint(std::string_view what);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_STREAM_H_
