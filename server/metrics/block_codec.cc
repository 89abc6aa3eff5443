#include "server/metrics/block_codec.h"

#include <array>
#include <cstring>
#include <span>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/metrics/bit_packing.h"
#include "server/storage/crc32c.h"

namespace cairn::metrics {
namespace {

constexpr size_t kChecksumAt = 8;
constexpr size_t kChecksumEnd = 12;

absl::Status Damaged(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("a block of metric points is damaged: {}", what))
      .With("damage", what);
}

// Wrapping integers are what the columns hold; the signs are in the eye of the reader.
std::span<const uint64_t> AsUnsigned(const std::vector<int64_t>& numbers, size_t from, size_t to) {
  return {reinterpret_cast<const uint64_t*>(numbers.data()) + from, to - from};
}
std::span<uint64_t> AsUnsigned(std::vector<int64_t>& numbers, size_t from) {
  return {reinterpret_cast<uint64_t*>(numbers.data()) + from, numbers.size() - from};
}

bool StrictlyAscending(const PointColumns& points, size_t from) {
  for (size_t i = from + 1; i < points.size(); ++i) {
    if (!PointLess(points, i - 1, points, i)) return false;
  }
  return true;
}

absl::Status DecodeColumns(const BlockHeader& header, std::string_view bytes, size_t start,
                           PointColumns& out) {
  ByteReader reader(bytes.substr(kBlockHeaderBytes));
  const std::string_view steps = *reader.ReadBytes(header.step_bytes);
  const std::string_view times = *reader.ReadBytes(header.time_bytes);
  if (!ReadIntColumn(steps, AsUnsigned(out.steps, start))) return Damaged("the steps");
  if (!ReadIntColumn(times, AsUnsigned(out.times, start))) return Damaged("the times");
  if (!ReadValues(header.codec, reader.rest(), std::span(out.values).subspan(start))) {
    return Damaged("the values");
  }
  if (out.steps[start] != header.first_step || out.steps.back() != header.last_step) {
    return Damaged("its steps are not those of the header");
  }
  return StrictlyAscending(out, start) ? absl::OkStatus() : Damaged("its points are not in order");
}

}  // namespace

uint32_t BlockChecksum(std::string_view bytes) {
  return storage::Crc32c(bytes.substr(kChecksumEnd), storage::Crc32c(bytes.substr(0, kChecksumAt)));
}

void SealBlock(std::string& bytes) {
  const uint32_t checksum = BlockChecksum(bytes);
  std::memcpy(bytes.data() + kChecksumAt, &checksum, sizeof(checksum));
}

std::string EncodeBlock(const PointColumns& points, size_t from, size_t to) {
  std::string columns;
  columns.reserve((to - from) * 10);
  IntColumn::Plan(AsUnsigned(points.steps, from, to), IntColumn::Kind::kSequence).Write(&columns);
  const size_t step_bytes = columns.size();
  IntColumn::Plan(AsUnsigned(points.times, from, to), IntColumn::Kind::kSequence).Write(&columns);
  const size_t time_bytes = columns.size() - step_bytes;
  const ValueCodec codec = WriteValues(std::span(points.values).subspan(from, to - from), &columns);

  std::string block;
  block.reserve(kBlockHeaderBytes + columns.size());
  block.push_back(static_cast<char>(kBlockFormat));
  block.push_back(static_cast<char>(codec));
  AppendFixed16(&block, static_cast<uint16_t>(to - from));
  AppendFixed16(&block, static_cast<uint16_t>(step_bytes));
  AppendFixed16(&block, static_cast<uint16_t>(time_bytes));
  AppendFixed32(&block, 0);
  AppendFixed64(&block, static_cast<uint64_t>(points.steps[from]));
  AppendFixed64(&block, static_cast<uint64_t>(points.steps[to - 1]));
  block += columns;
  SealBlock(block);
  return block;
}

absl::StatusOr<BlockHeader> ReadBlockHeader(std::string_view bytes) {
  if (bytes.size() < kBlockHeaderBytes) return Damaged("it is shorter than its header");
  ByteReader reader(bytes);
  const uint8_t format = *reader.ReadByte();
  if (format != kBlockFormat) return Damaged(fmt::format("it has the unknown format {}", format));
  const uint8_t codec = *reader.ReadByte();
  BlockHeader header;
  header.codec = static_cast<ValueCodec>(codec);
  header.count = *reader.ReadFixed16();
  header.step_bytes = *reader.ReadFixed16();
  header.time_bytes = *reader.ReadFixed16();
  if (*reader.ReadFixed32() != BlockChecksum(bytes)) return Damaged("its checksum does not match");
  header.first_step = static_cast<int64_t>(*reader.ReadFixed64());
  header.last_step = static_cast<int64_t>(*reader.ReadFixed64());
  if (codec > kLastValueCodec) return Damaged(fmt::format("it has the unknown codec {}", codec));
  if (header.count == 0 || header.count > kBlockPoints) {
    return Damaged(fmt::format("it claims {} points", header.count));
  }
  if (header.step_bytes + header.time_bytes > reader.rest().size()) {
    return Damaged("its columns are longer than itself");
  }
  return header;
}

absl::Status DecodeBlock(std::string_view bytes, PointColumns& out) {
  CAIRN_ASSIGN_OR_RETURN(const BlockHeader header, ReadBlockHeader(bytes));
  const size_t start = out.size();
  out.Resize(start + header.count);
  absl::Status decoded = DecodeColumns(header, bytes, start, out);
  if (!decoded.ok()) out.Resize(start);
  return decoded;
}

}  // namespace cairn::metrics
