#ifndef CAIRN_SERVER_ARTIFACTS_PACK_FILE_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "server/artifacts/pack_io.h"

namespace cairn::artifacts {

// An append-only file of blobs (docs/storage-format.md draws it): a file header
// with the pack's number, then records of header, bytes and trailer. Header and
// trailer carry checksums and say all the index says, so the index can be rebuilt
// from the packs alone. Only the last record may be open: an upload under way, or
// one that was broken off.
//
// After a Sync that failed nothing is known of what was written since the last one that did
// not: the system may have dropped it, and the next Sync is OK nevertheless. Who writes cuts
// it off or writes it again. `io` outlives the file.
//
// Reading is safe from any thread; writing belongs to one owner at a time.
class PackFile {
 public:
  static constexpr int64_t kFileHeaderBytes = 8 + 8 + 4;         // magic, number, crc
  static constexpr int64_t kRecordHeaderBytes = 4 + 32 + 8 + 4;  // magic, sha256, size, crc
  // magic, count of pieces, then a crc for each piece and one for the trailer
  static int64_t TrailerBytes(int64_t size_bytes);
  // All of a record.
  static int64_t RecordBytes(int64_t size_bytes);

  // What a record holds.
  enum class Kind {
    kBlob,  // the bytes of a blob; its digest is theirs
    kList,  // of what a blob is put together (chunk_list.h); its digest has the hash of that
            // blob and the length of the list
  };
  // A record as a scan finds it.
  struct Record {
    Kind kind = Kind::kBlob;
    Digest digest;
    int64_t offset = 0;       // of the record's header
    int64_t data_offset = 0;  // of the first byte of the blob
    std::vector<uint32_t> piece_crc32c;
  };
  // How a pack ends.
  struct Tail {
    int64_t end = 0;       // behind the last complete record
    bool open = false;     // part of a record follows; it may be cut off
    bool damaged = false;  // what follows is no record at all: leave it alone
  };

  // Creates the file and makes its name durable; after an error there is none. ALREADY_EXISTS
  // is an INTERNAL (FILE_ERROR) here: numbers are never used twice.
  static absl::StatusOr<std::unique_ptr<PackFile>> Create(const std::string& directory,
                                                          int64_t number,
                                                          PackIo& io = SystemPackIo());
  // Opens an existing one. NOT_FOUND (FILE_ERROR) when it is missing, DATA_LOSS
  // (BLOB_CORRUPT) when its header is not that of pack `number`.
  static absl::StatusOr<std::unique_ptr<PackFile>> Open(const std::string& directory,
                                                        int64_t number, bool writable,
                                                        PackIo& io = SystemPackIo());
  // Removes the file, durably. Whoever has it open still reads it. OK when it is gone.
  static absl::Status Remove(const std::string& directory, int64_t number,
                             PackIo& io = SystemPackIo());
  ~PackFile();
  PackFile(const PackFile&) = delete;
  PackFile& operator=(const PackFile&) = delete;

  int64_t number() const { return number_; }

  // The name of pack `number`: "0000000001.pack".
  static std::string NameOf(int64_t number);
  // The inverse; 0 for any other name.
  static int64_t NumberOf(std::string_view name);

  // Writes the header of a record at `offset` and returns where its bytes go.
  absl::StatusOr<int64_t> BeginRecord(int64_t offset, const Digest& digest,
                                      Kind kind = Kind::kBlob);
  // DATA_LOSS (BLOB_CORRUPT) unless the header of a record of `digest` is at `offset`.
  absl::Status CheckRecordHeader(int64_t offset, const Digest& digest,
                                 Kind kind = Kind::kBlob) const;
  // The same for the trailer of the record whose bytes begin at `data_offset`.
  absl::Status CheckTrailer(int64_t data_offset, const Digest& digest,
                            const std::vector<uint32_t>& piece_crc32c) const;
  // Writes the trailer and returns where the record ends.
  absl::StatusOr<int64_t> EndRecord(int64_t data_offset, const Digest& digest,
                                    const std::vector<uint32_t>& piece_crc32c);

  // Writes at any offset. RESOURCE_EXHAUSTED (DISK_FULL), INTERNAL (FILE_ERROR).
  absl::Status WriteAt(int64_t offset, std::string_view bytes);
  // Asks the system to start writing a range back, so that the next Sync is short.
  void StartWriteBack(int64_t offset, int64_t length);
  // Makes everything written durable. An error is told once.
  absl::Status Sync();
  // Cuts the file off at `size`, durably.
  absl::Status Truncate(int64_t size);

  // Reads exactly `length` bytes into `out`; DATA_LOSS (BLOB_CORRUPT) when the
  // file is shorter.
  absl::Status ReadAt(int64_t offset, int64_t length, std::string* out) const;
  absl::StatusOr<int64_t> Size() const;

  // Visits the complete records from the first on and says how the pack ends.
  // Reads headers and trailers only; the bytes of the blobs are not checked.
  absl::StatusOr<Tail> Scan(const std::function<void(const Record&)>& visitor) const;

 private:
  PackFile(PackIo& io, int fd, int64_t number) : io_(io), fd_(fd), number_(number) {}
  absl::Status WriteFileHeader(const std::string& directory);
  absl::StatusOr<bool> ReadRecord(int64_t offset, int64_t file_size, Record* record,
                                  Tail* tail) const;

  PackIo& io_;
  const int fd_;
  const int64_t number_;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_FILE_H_
