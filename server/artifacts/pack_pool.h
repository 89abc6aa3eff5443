#ifndef CAIRN_SERVER_ARTIFACTS_PACK_POOL_H_
#define CAIRN_SERVER_ARTIFACTS_PACK_POOL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "server/artifacts/pack_file.h"

namespace cairn::artifacts {

// The packs of a directory: which may be appended to, and open files for reading.
//
// A pack is written by one upload at a time, which takes it out of the pool and
// gives it back; so its last record is the only one that can be open, and giving
// up an upload means cutting the file off where the upload began. A pack that is to be
// written anew is reserved: nobody appends to it any more. Safe to call from any thread.
class PackPool {
 public:
  // A pack and where its last complete record ends.
  struct Place {
    std::unique_ptr<PackFile> pack;
    int64_t end = 0;
  };

  // What room on the volume is asked for. Uploads stop first, then the writing anew of packs,
  // so that the key-value store keeps room for the commits that remove something. A pack is
  // small beside the reserve (VolumeBudget::pack_bytes).
  enum class RoomFor { kRewrite, kUpload };

  // How much room there is. `reserve_bytes` is about what the key-value store keeps free for
  // itself: packs are written anew down to three quarters of that, uploads take bytes
  // down to twice that.
  struct Room {
    // What work that removes something leaves free for the commits that do.
    int64_t LeftByWork() const { return 3 * reserve_bytes / 4; }

    std::function<absl::StatusOr<int64_t>()> free_bytes;
    int64_t reserve_bytes = 0;

    // That of the volume of `directory`.
    static absl::StatusOr<Room> Of(const std::string& directory);
  };

  // Creates the directory if it is absent and looks at its packs. Those in
  // `claimed` belong to uploads that may be resumed and are left alone; open
  // records of the others are cut off. A pack whose end is damaged is kept for
  // reading and never written again. Packs of `pack_bytes` or more are full. `io` outlives
  // the pool and all its packs.
  static absl::StatusOr<std::unique_ptr<PackPool>> Open(const std::string& directory,
                                                        int64_t pack_bytes,
                                                        const std::set<int64_t>& claimed,
                                                        PackIo& io = SystemPackIo());

  // What the key-value store may take for a while at once: all there is below twice the reserve
  // but three quarters of that; without a bound where there is more.
  int64_t RoomForCopies() const;

  // Asks `room` from now on instead of the volume; for tests.
  void SetRoom(Room room) { room_ = std::move(room); }

  // Keeps at most so many packs open for reading; before the first is read.
  void SetMaxReaders(size_t most) { max_readers_ = most; }

  // RESOURCE_EXHAUSTED (DISK_FULL) when `bytes` more would leave too little room.
  absl::Status CheckRoom(int64_t bytes, RoomFor purpose) const;

  // A pack to append to, a new one if need be. RESOURCE_EXHAUSTED (DISK_FULL),
  // INTERNAL (FILE_ERROR).
  absl::StatusOr<Place> Take() CAIRN_EXCLUDES(mutex_);

  // The pack of an upload that is resumed. Errors of PackFile::Open, and
  // DATA_LOSS (BLOB_CORRUPT) when no record of `digest` begins at `offset`.
  absl::StatusOr<std::unique_ptr<PackFile>> TakeClaimed(int64_t number, int64_t offset,
                                                        const Digest& digest) const;

  // Gives a pack back. `place.end` is behind its last complete record, and
  // nothing follows there.
  void GiveBack(Place place) CAIRN_EXCLUDES(mutex_);

  // A pack's file.
  struct File {
    int64_t number = 0;
    int64_t bytes = 0;
  };
  // The packs there are, by number. INTERNAL (FILE_ERROR).
  absl::StatusOr<std::vector<File>> List() const;

  // Takes a pack out of use for appending until the next start; false when an upload has it.
  bool Reserve(int64_t number) CAIRN_EXCLUDES(mutex_);

  // Removes the file of a reserved pack, which no entry names. Who reads it reads on.
  absl::Status Remove(int64_t number) CAIRN_EXCLUDES(mutex_);

  // The pack `number`, for reading. Errors of PackFile::Open.
  absl::StatusOr<std::shared_ptr<const PackFile>> Reader(int64_t number) const
      CAIRN_EXCLUDES(mutex_);

 private:
  PackPool(std::string directory, int64_t pack_bytes, PackIo& io)
      : directory_(std::move(directory)), pack_bytes_(pack_bytes), io_(io) {}
  void Adopt(int64_t number) CAIRN_EXCLUDES(mutex_);

  const std::string directory_;
  const int64_t pack_bytes_;
  PackIo& io_;
  Room room_;
  size_t max_readers_ = 256;
  mutable Mutex mutex_;
  int64_t next_number_ CAIRN_GUARDED_BY(mutex_) = 1;
  std::vector<Place> free_ CAIRN_GUARDED_BY(mutex_);
  std::set<int64_t> taken_ CAIRN_GUARDED_BY(mutex_);  // by uploads, also claimed ones
  std::set<int64_t> removed_ CAIRN_GUARDED_BY(mutex_);
  mutable std::map<int64_t, std::shared_ptr<const PackFile>> readers_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_PACK_POOL_H_
