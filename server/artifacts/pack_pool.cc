#include "server/artifacts/pack_pool.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "server/storage/store_directory.h"

namespace cairn::artifacts {
namespace {

absl::StatusOr<std::vector<int64_t>> NumbersIn(const std::string& directory) {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator(directory, error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    const int64_t number = PackFile::NumberOf(it->path().filename().string());
    if (number > 0) numbers.push_back(number);
  }
  if (error) return FileError(error.value(), "list", "packs");
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace

absl::StatusOr<PackPool::Room> PackPool::Room::Of(const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const storage::VolumeSpace space, storage::SpaceAt(directory));
  const auto free_bytes = [directory]() -> absl::StatusOr<int64_t> {
    CAIRN_ASSIGN_OR_RETURN(const storage::VolumeSpace now, storage::SpaceAt(directory));
    return now.free_bytes;
  };
  return Room{free_bytes, storage::DefaultReserveBytes(space)};
}

absl::Status PackPool::CheckRoom(int64_t bytes, RoomFor purpose) const {
  const absl::StatusOr<int64_t> free_bytes = room_.free_bytes();
  const int64_t kept = purpose == RoomFor::kUpload ? 2 * room_.reserve_bytes : room_.LeftByWork();
  // One that cannot be asked is found out by writing.
  if (!free_bytes.ok() || *free_bytes - bytes >= kept) return absl::OkStatus();
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::DISK_FULL,
               fmt::format("{} of {} bytes that are free on the volume of the packs must stay free",
                           kept, *free_bytes))
      .With("freeBytes", std::to_string(*free_bytes))
      .With("keptBytes", std::to_string(kept))
      .RetryAfterSeconds(1);
}

int64_t PackPool::RoomForCopies() const {
  const absl::StatusOr<int64_t> free_bytes = room_.free_bytes();
  if (!free_bytes.ok() || *free_bytes >= 2 * room_.reserve_bytes) {
    return std::numeric_limits<int64_t>::max();
  }
  return *free_bytes - room_.LeftByWork();
}

absl::StatusOr<std::unique_ptr<PackPool>> PackPool::Open(const std::string& directory,
                                                         int64_t pack_bytes,
                                                         const std::set<int64_t>& claimed,
                                                         PackIo& io) {
  CAIRN_RETURN_IF_ERROR(MakeDirectories(directory));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, NumbersIn(directory));
  std::unique_ptr<PackPool> pool(new PackPool(directory, pack_bytes, io));
  CAIRN_ASSIGN_OR_RETURN(pool->room_, Room::Of(directory));
  for (const int64_t number : numbers) {
    if (!claimed.contains(number)) pool->Adopt(number);
  }
  int64_t highest = numbers.empty() ? 0 : numbers.back();
  if (!claimed.empty()) highest = std::max(highest, *claimed.rbegin());
  MutexLock lock(&pool->mutex_);
  pool->next_number_ = highest + 1;
  pool->taken_ = claimed;
  return pool;
}

// Offers a pack for appending if it has room and a sound end. A pack that cannot be opened
// or cut off is left alone: whoever reads from it will hear why, and the next start tries
// again.
void PackPool::Adopt(int64_t number) {
  auto pack = PackFile::Open(directory_, number, /*writable=*/true, io_);
  if (!pack.ok()) return;
  const auto size = (*pack)->Size();
  if (!size.ok() || *size >= pack_bytes_) return;
  const auto tail = (*pack)->Scan(nullptr);
  if (!tail.ok() || tail->damaged) return;
  if (tail->open && !(*pack)->Truncate(tail->end).ok()) return;
  GiveBack({*std::move(pack), tail->end});
}

absl::StatusOr<PackPool::Place> PackPool::Take() {
  int64_t number = 0;
  {
    MutexLock lock(&mutex_);
    if (!free_.empty()) {
      Place place = std::move(free_.back());
      free_.pop_back();
      taken_.insert(place.pack->number());
      return place;
    }
    number = next_number_++;
    taken_.insert(number);
  }
  auto pack = PackFile::Create(directory_, number, io_);
  if (pack.ok()) return Place{*std::move(pack), PackFile::kFileHeaderBytes};
  MutexLock lock(&mutex_);
  taken_.erase(number);
  return pack.status();
}

absl::StatusOr<std::unique_ptr<PackFile>> PackPool::TakeClaimed(int64_t number, int64_t offset,
                                                                const Digest& digest) const {
  CAIRN_ASSIGN_OR_RETURN(auto pack, PackFile::Open(directory_, number, /*writable=*/true, io_));
  CAIRN_RETURN_IF_ERROR(pack->CheckRecordHeader(offset, digest));
  return pack;
}

void PackPool::GiveBack(Place place) {
  MutexLock lock(&mutex_);
  taken_.erase(place.pack->number());
  if (place.end < pack_bytes_) free_.push_back(std::move(place));  // else full: closes it
}

absl::StatusOr<std::vector<PackPool::File>> PackPool::List() const {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, NumbersIn(directory_));
  std::vector<File> files;
  for (const int64_t number : numbers) {
    std::error_code error;
    const auto bytes =
        std::filesystem::file_size(directory_ + "/" + PackFile::NameOf(number), error);
    if (!error) files.push_back({number, static_cast<int64_t>(bytes)});  // else just removed
  }
  return files;
}

bool PackPool::Reserve(int64_t number) {
  MutexLock lock(&mutex_);
  if (taken_.contains(number)) return false;
  std::erase_if(free_, [number](const Place& place) { return place.pack->number() == number; });
  return true;
}

absl::Status PackPool::Remove(int64_t number) {
  {
    MutexLock lock(&mutex_);
    readers_.erase(number);
    removed_.insert(number);
  }
  return PackFile::Remove(directory_, number, io_);
}

absl::StatusOr<std::shared_ptr<const PackFile>> PackPool::Reader(int64_t number) const {
  {
    MutexLock lock(&mutex_);
    const auto known = readers_.find(number);
    if (known != readers_.end()) return known->second;
  }
  CAIRN_ASSIGN_OR_RETURN(auto pack, PackFile::Open(directory_, number, /*writable=*/false, io_));
  std::shared_ptr<const PackFile> shared = std::move(pack);
  MutexLock lock(&mutex_);
  if (removed_.contains(number)) return shared;  // just now: kept open by its reader only
  if (readers_.size() >= max_readers_) readers_.erase(readers_.begin());
  readers_[number] = shared;
  return shared;
}

}  // namespace cairn::artifacts
