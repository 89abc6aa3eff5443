#include "server/index/checkpoint_stream.h"

#include <bit>
#include <cstring>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/crc32c.h"

namespace cairn::index {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are stored as they stand");

constexpr std::string_view kMagic = "CAIRNIDX";
constexpr uint32_t kFormat = 5;

// What stands before the key of a section.
struct SectionHead {
  uint8_t kind = 0;
  uint8_t part = 0;
  uint16_t zero = 0;
  uint32_t key_size = 0;
  uint64_t payload_size = 0;
};
static_assert(sizeof(SectionHead) == 16);

template <typename Value>
std::string_view BytesOf(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace

absl::Status CorruptCheckpoint(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("the checkpoint is damaged: {}", what));
}

absl::Status StringSource::Read(char* to, size_t size) {
  if (size > rest_.size()) return CorruptCheckpoint("it ends too early");
  std::memcpy(to, rest_.data(), size);
  rest_.remove_prefix(size);
  return absl::OkStatus();
}

absl::Status SectionWriter::Begin() {
  std::string head(kMagic);
  head += BytesOf(kFormat);
  crc_ = storage::Crc32c(head);
  head += BytesOf(crc_);
  return sink_.Write(head);
}

absl::Status SectionWriter::Add(SectionKind kind, uint8_t part, std::string_view key,
                                std::string_view payload) {
  const SectionHead head{static_cast<uint8_t>(kind), part, 0, static_cast<uint32_t>(key.size()),
                         payload.size()};
  for (const std::string_view bytes : {BytesOf(head), key, payload}) {
    crc_ = storage::Crc32c(bytes, crc_);
    CAIRN_RETURN_IF_ERROR(sink_.Write(bytes));
  }
  return sink_.Write(BytesOf(crc_));
}

absl::Status SectionReader::Begin() {
  std::string head(kMagic.size() + sizeof(kFormat), '\0');
  CAIRN_RETURN_IF_ERROR(source_.Read(head.data(), head.size()));
  uint32_t crc = 0;
  CAIRN_RETURN_IF_ERROR(source_.Read(reinterpret_cast<char*>(&crc), sizeof(crc)));
  crc_ = storage::Crc32c(head);
  if (crc != crc_ || head.compare(0, kMagic.size(), kMagic) != 0) {
    return CorruptCheckpoint("it does not begin as one");
  }
  uint32_t format = 0;
  std::memcpy(&format, head.data() + kMagic.size(), sizeof(format));
  if (format == kFormat) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::STORE_NEWER,
               fmt::format("the checkpoint has format {}, this build reads {}", format, kFormat));
}

absl::Status SectionReader::Next() {
  SectionHead head;
  CAIRN_RETURN_IF_ERROR(source_.Read(reinterpret_cast<char*>(&head), sizeof(head)));
  crc_ = storage::Crc32c(BytesOf(head), crc_);
  if (head.key_size > source_.remaining() || head.payload_size > source_.remaining()) {
    return CorruptCheckpoint("a section is longer than the file");
  }
  left_ = head.key_size;
  CAIRN_ASSIGN_OR_RETURN(key_, ReadText(head.key_size));
  kind_ = static_cast<SectionKind>(head.kind);
  part_ = head.part;
  left_ = head.payload_size;
  return absl::OkStatus();
}

absl::Status SectionReader::Read(void* to, size_t size) {
  if (size > left_) return CorruptCheckpoint("a section is too short");
  if (size == 0) return absl::OkStatus();
  auto* bytes = static_cast<char*>(to);
  CAIRN_RETURN_IF_ERROR(source_.Read(bytes, size));
  crc_ = storage::Crc32c({bytes, size}, crc_);
  left_ -= size;
  return absl::OkStatus();
}

absl::StatusOr<std::string> SectionReader::ReadText(uint64_t size) {
  if (size > left_) return CorruptCheckpoint("a text is longer than its section");
  std::string text(size, '\0');
  CAIRN_RETURN_IF_ERROR(Read(text.data(), text.size()));
  return text;
}

absl::Status SectionReader::End() {
  if (left_ != 0) return CorruptCheckpoint("a section is too long");
  uint32_t crc = 0;
  CAIRN_RETURN_IF_ERROR(source_.Read(reinterpret_cast<char*>(&crc), sizeof(crc)));
  if (crc != crc_) return CorruptCheckpoint("a checksum does not match");
  if (kind_ == SectionKind::kEnd && source_.remaining() != 0) {
    return CorruptCheckpoint("bytes follow its end");
  }
  return absl::OkStatus();
}

}  // namespace cairn::index
