#include "server/artifacts/pack_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_codec.h"
#include "server/storage/crc32c.h"
#include "server/storage/key_codec.h"

namespace cairn::artifacts {
namespace {

using storage::AppendBigEndian32;
using storage::AppendBigEndian64;
using storage::KeyReader;

constexpr std::string_view kFileMagic = "CAIRNPK1";
constexpr std::string_view kBlobMagic = "BLOB";
constexpr std::string_view kListMagic = "LIST";
constexpr std::string_view kTrailerMagic = "DONE";
constexpr std::string_view kSuffix = ".pack";
constexpr size_t kCrcBytes = 4;

// Appends the CRC-32C of what is there.
std::string Sealed(std::string bytes) {
  AppendBigEndian32(&bytes, storage::Crc32c(bytes));
  return bytes;
}

// The bytes before the checksum, or nullopt when magic or checksum do not match.
std::optional<std::string_view> Unseal(std::string_view sealed, std::string_view magic) {
  if (sealed.size() < magic.size() + kCrcBytes) return std::nullopt;
  const std::string_view body = sealed.substr(0, sealed.size() - kCrcBytes);
  KeyReader crc(sealed.substr(body.size()));
  if (crc.ReadBigEndian32() != storage::Crc32c(body)) return std::nullopt;
  if (body.substr(0, magic.size()) != magic) return std::nullopt;
  return body.substr(magic.size());
}

std::string FileHeader(int64_t number) {
  std::string header(kFileMagic);
  AppendBigEndian64(&header, static_cast<uint64_t>(number));
  return Sealed(std::move(header));
}

std::string RecordHeader(const Digest& digest, PackFile::Kind kind) {
  std::string header(kind == PackFile::Kind::kBlob ? kBlobMagic : kListMagic);
  header.append(digest.sha256.begin(), digest.sha256.end());
  AppendBigEndian64(&header, static_cast<uint64_t>(digest.size_bytes));
  return Sealed(std::move(header));
}

std::string Trailer(const std::vector<uint32_t>& piece_crc32c) {
  std::string trailer(kTrailerMagic);
  AppendBigEndian32(&trailer, static_cast<uint32_t>(piece_crc32c.size()));
  for (const uint32_t crc : piece_crc32c) AppendBigEndian32(&trailer, crc);
  return Sealed(std::move(trailer));
}

std::optional<Digest> ParseRecordHeader(std::string_view sealed, PackFile::Kind* kind) {
  auto body = Unseal(sealed, kBlobMagic);
  *kind = body ? PackFile::Kind::kBlob : PackFile::Kind::kList;
  if (!body) body = Unseal(sealed, kListMagic);
  if (!body || body->size() != 32 + 8) return std::nullopt;
  Digest digest;
  std::copy_n(body->begin(), 32, digest.sha256.begin());
  KeyReader size(body->substr(32));
  digest.size_bytes = static_cast<int64_t>(size.ReadBigEndian64().value());
  return digest.size_bytes >= 0 ? std::optional<Digest>(digest) : std::nullopt;
}

std::optional<std::vector<uint32_t>> ParseTrailer(std::string_view sealed) {
  const auto body = Unseal(sealed, kTrailerMagic);
  if (!body) return std::nullopt;
  KeyReader reader(*body);
  const uint32_t count = reader.ReadBigEndian32().value_or(0);
  if (body->size() != 4 + size_t{4} * count) return std::nullopt;
  std::vector<uint32_t> pieces(count);
  for (uint32_t& crc : pieces) crc = reader.ReadBigEndian32().value();
  return pieces;
}

std::string PathOf(const std::string& directory, int64_t number) {
  return fmt::format("{}/{}", directory, PackFile::NameOf(number));
}

// Names the pack by its number: paths are nobody's business outside.
absl::Status PackError(int error_number, std::string_view action, int64_t number) {
  return FileError(error_number, action, fmt::format("pack {}", number));
}

absl::Status PackCorrupt(int64_t number, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("pack {} is damaged: {}", number, what))
      .With("pack", std::to_string(number))
      .With("damage", what);
}

}  // namespace

int64_t PackFile::TrailerBytes(int64_t size_bytes) {
  return static_cast<int64_t>(kTrailerMagic.size()) + 4 + 4 * PieceCount(size_bytes) + 4;
}

int64_t PackFile::RecordBytes(int64_t size_bytes) {
  return kRecordHeaderBytes + size_bytes + TrailerBytes(size_bytes);
}

std::string PackFile::NameOf(int64_t number) { return fmt::format("{:010}{}", number, kSuffix); }

int64_t PackFile::NumberOf(std::string_view name) {
  int64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number > 0 && NameOf(number) == name ? number : 0;
}

absl::StatusOr<std::unique_ptr<PackFile>> PackFile::Create(const std::string& directory,
                                                           int64_t number, PackIo& io) {
  const int fd = io.Open(PathOf(directory, number), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC);
  if (fd < 0) return PackError(errno, "create", number);
  std::unique_ptr<PackFile> pack(new PackFile(io, fd, number));
  if (absl::Status made = pack->WriteFileHeader(directory); !made.ok()) {
    io.Unlink(PathOf(directory, number));  // a file that stays is no pack, and in nobody's way
    return made;
  }
  return pack;
}

absl::Status PackFile::WriteFileHeader(const std::string& directory) {
  CAIRN_RETURN_IF_ERROR(WriteAt(0, FileHeader(number_)));
  CAIRN_RETURN_IF_ERROR(Sync());
  return io_.SyncDirectory(directory);
}

absl::StatusOr<std::unique_ptr<PackFile>> PackFile::Open(const std::string& directory,
                                                         int64_t number, bool writable,
                                                         PackIo& io) {
  const int fd = io.Open(PathOf(directory, number), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (fd < 0) return PackError(errno, "open", number);
  std::unique_ptr<PackFile> pack(new PackFile(io, fd, number));
  std::string header;
  CAIRN_RETURN_IF_ERROR(pack->ReadAt(0, kFileHeaderBytes, &header));
  if (header != FileHeader(number)) return PackCorrupt(number, "its header does not match");
  return pack;
}

absl::Status PackFile::Remove(const std::string& directory, int64_t number, PackIo& io) {
  if (io.Unlink(PathOf(directory, number)) != 0 && errno != ENOENT) {
    return PackError(errno, "remove", number);
  }
  return io.SyncDirectory(directory);
}

PackFile::~PackFile() { io_.Close(fd_); }

absl::StatusOr<int64_t> PackFile::BeginRecord(int64_t offset, const Digest& digest, Kind kind) {
  CAIRN_RETURN_IF_ERROR(WriteAt(offset, RecordHeader(digest, kind)));
  return offset + kRecordHeaderBytes;
}

absl::Status PackFile::CheckRecordHeader(int64_t offset, const Digest& digest, Kind kind) const {
  std::string header;
  CAIRN_RETURN_IF_ERROR(ReadAt(offset, kRecordHeaderBytes, &header));
  return header == RecordHeader(digest, kind)
             ? absl::OkStatus()
             : PackCorrupt(number_, "a record is not where it began");
}

absl::Status PackFile::CheckTrailer(int64_t data_offset, const Digest& digest,
                                    const std::vector<uint32_t>& piece_crc32c) const {
  const std::string expected = Trailer(piece_crc32c);
  std::string trailer;
  CAIRN_RETURN_IF_ERROR(
      ReadAt(data_offset + digest.size_bytes, static_cast<int64_t>(expected.size()), &trailer));
  return trailer == expected ? absl::OkStatus()
                             : PackCorrupt(number_, "the end of a record does not match");
}

absl::StatusOr<int64_t> PackFile::EndRecord(int64_t data_offset, const Digest& digest,
                                            const std::vector<uint32_t>& piece_crc32c) {
  const std::string trailer = Trailer(piece_crc32c);
  const int64_t trailer_offset = data_offset + digest.size_bytes;
  CAIRN_RETURN_IF_ERROR(WriteAt(trailer_offset, trailer));
  return trailer_offset + static_cast<int64_t>(trailer.size());
}

absl::Status PackFile::WriteAt(int64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = io_.Write(fd_, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PackError(errno, "write", number_);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return absl::OkStatus();
}

void PackFile::StartWriteBack(int64_t offset, int64_t length) {
#if defined(__linux__)
  // Advice only: Sync reports whatever goes wrong.
  static_cast<void>(::sync_file_range(fd_, offset, length, SYNC_FILE_RANGE_WRITE));
#else
  static_cast<void>(offset);
  static_cast<void>(length);
#endif
}

absl::Status PackFile::Sync() {
  return io_.Sync(fd_) == 0 ? absl::OkStatus() : PackError(errno, "sync", number_);
}

absl::Status PackFile::Truncate(int64_t size) {
  if (io_.Truncate(fd_, size) != 0) return PackError(errno, "shorten", number_);
  return Sync();
}

absl::Status PackFile::ReadAt(int64_t offset, int64_t length, std::string* out) const {
  out->resize(static_cast<size_t>(length));
  size_t done = 0;
  while (done < out->size()) {
    const ssize_t n =
        io_.Read(fd_, out->data() + done, out->size() - done, offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EIO) return PackCorrupt(number_, "the disk cannot read it");
    if (n < 0) return PackError(errno, "read", number_);
    if (n == 0) return PackCorrupt(number_, "it is too short");
    done += static_cast<size_t>(n);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> PackFile::Size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return PackError(errno, "examine", number_);
  return static_cast<int64_t>(info.st_size);
}

// False at the end of what can be read; `tail` then says what follows.
absl::StatusOr<bool> PackFile::ReadRecord(int64_t offset, int64_t file_size, Record* record,
                                          Tail* tail) const {
  if (offset == file_size) return false;
  tail->open = file_size - offset < kRecordHeaderBytes;
  if (tail->open) return false;
  std::string bytes;
  CAIRN_RETURN_IF_ERROR(ReadAt(offset, kRecordHeaderBytes, &bytes));
  const std::optional<Digest> digest = ParseRecordHeader(bytes, &record->kind);
  tail->damaged = !digest.has_value();
  if (tail->damaged) return false;
  const int64_t room = file_size - offset - kRecordHeaderBytes;
  // Compared by subtraction: a length from a file may be anything.
  tail->open =
      digest->size_bytes > room || TrailerBytes(digest->size_bytes) > room - digest->size_bytes;
  if (tail->open) return false;
  record->digest = *digest;
  record->offset = offset;
  record->data_offset = offset + kRecordHeaderBytes;
  CAIRN_RETURN_IF_ERROR(
      ReadAt(record->data_offset + digest->size_bytes, TrailerBytes(digest->size_bytes), &bytes));
  auto pieces = ParseTrailer(bytes);
  tail->damaged = !pieces.has_value();
  if (tail->damaged) return false;
  record->piece_crc32c = *std::move(pieces);
  return true;
}

absl::StatusOr<PackFile::Tail> PackFile::Scan(
    const std::function<void(const Record&)>& visitor) const {
  CAIRN_ASSIGN_OR_RETURN(const int64_t file_size, Size());
  Tail tail;
  tail.end = kFileHeaderBytes;
  while (true) {
    Record record;
    CAIRN_ASSIGN_OR_RETURN(const bool found, ReadRecord(tail.end, file_size, &record, &tail));
    if (!found) return tail;
    if (visitor) visitor(record);
    tail.end = record.offset + RecordBytes(record.digest.size_bytes);
  }
}

}  // namespace cairn::artifacts
