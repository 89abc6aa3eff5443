#include "server/artifacts/pack_file.h"

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/artifacts/blob_codec.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::artifacts {
namespace {

using storage::ScratchDirectory;
using testing::IsOk;

int64_t Append(PackFile& pack, int64_t offset, const std::string& bytes) {
  const Digest digest = DigestOf(bytes);
  PieceChecksums pieces;
  pieces.Update(bytes);
  const int64_t data = pack.BeginRecord(offset, digest).value();
  EXPECT_THAT(pack.WriteAt(data, bytes), IsOk());
  return pack.EndRecord(data, digest, pieces.Finish()).value();
}

TEST(PackFile, TheBytesOfAPackAreAsDocumented) {
  ScratchDirectory directory;
  auto pack = PackFile::Create(directory.path(), 1).value();
  const int64_t end = Append(*pack, PackFile::kFileHeaderBytes, "abc");
  EXPECT_EQ(HexEncode(ReadFile(directory.Join("0000000001.pack")).value()),
            "434149524e504b31"
            "0000000000000001"
            "fc79e670"
            "424c4f42"
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            "0000000000000003"
            "0d9c135f"
            "616263"
            "444f4e45"
            "00000001"
            "364b3fb7"
            "99dd1011");
  EXPECT_EQ(end, PackFile::kFileHeaderBytes + PackFile::RecordBytes(3));
}

TEST(PackFile, NamesAndNumbersBelongTogether) {
  EXPECT_EQ(PackFile::NameOf(42), "0000000042.pack");
  EXPECT_EQ(PackFile::NumberOf("0000000042.pack"), 42);
  for (const char* other : {"42.pack", "0000000042.pack.tmp", "0000000000.pack", "x", ""}) {
    EXPECT_EQ(PackFile::NumberOf(other), 0) << other;
  }
}

TEST(PackFile, AScanFindsEveryRecord) {
  ScratchDirectory directory;
  auto pack = PackFile::Create(directory.path(), 7).value();
  int64_t end = PackFile::kFileHeaderBytes;
  const std::vector<std::string> blobs = {"", "a", std::string(kPieceBytes, 'x'),
                                          std::string(kPieceBytes * 2 + 1, 'y')};
  for (const std::string& blob : blobs) end = Append(*pack, end, blob);
  std::vector<PackFile::Record> found;
  const auto tail = PackFile::Open(directory.path(), 7, false)
                        .value()
                        ->Scan([&](const PackFile::Record& r) { found.push_back(r); })
                        .value();
  ASSERT_EQ(found.size(), blobs.size());
  for (size_t i = 0; i < blobs.size(); ++i) {
    EXPECT_EQ(found[i].digest, DigestOf(blobs[i]));
    EXPECT_EQ(static_cast<int64_t>(found[i].piece_crc32c.size()),
              PieceCount(static_cast<int64_t>(blobs[i].size())));
  }
  EXPECT_EQ(tail.end, end);
  EXPECT_FALSE(tail.open);
  EXPECT_FALSE(tail.damaged);
}

TEST(PackFile, CutAnywhereTheLastRecordIsOpenAndTheOthersStand) {
  ScratchDirectory directory;
  auto pack = PackFile::Create(directory.path(), 1).value();
  const int64_t first_end = Append(*pack, PackFile::kFileHeaderBytes, "first");
  const int64_t end = Append(*pack, first_end, "second");
  for (int64_t size = end - 1; size > first_end; --size) {
    ASSERT_THAT(pack->Truncate(size), IsOk());
    int records = 0;
    const auto tail = pack->Scan([&records](const PackFile::Record&) { ++records; }).value();
    EXPECT_EQ(records, 1) << size;
    EXPECT_TRUE(tail.open) << size;
    EXPECT_FALSE(tail.damaged) << size;
    EXPECT_EQ(tail.end, first_end) << size;
  }
}

TEST(PackFile, ADamagedHeaderIsNeverTakenForAnOpenRecord) {
  ScratchDirectory directory;
  auto pack = PackFile::Create(directory.path(), 1).value();
  const int64_t first_end = Append(*pack, PackFile::kFileHeaderBytes, "first");
  Append(*pack, first_end, "second");
  for (int64_t at = PackFile::kFileHeaderBytes;
       at < PackFile::kFileHeaderBytes + PackFile::kRecordHeaderBytes; ++at) {
    std::string byte;
    ASSERT_THAT(pack->ReadAt(at, 1, &byte), IsOk());
    const std::string flipped(1, static_cast<char>(byte[0] ^ 0x10));
    ASSERT_THAT(pack->WriteAt(at, flipped), IsOk());
    const auto tail = pack->Scan(nullptr).value();
    EXPECT_TRUE(tail.damaged) << at;
    EXPECT_FALSE(tail.open) << at;
    ASSERT_THAT(pack->WriteAt(at, byte), IsOk());
  }
}

TEST(PackFile, AScanOfRandomBytesEnds) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ScratchDirectory directory;
  auto pack = PackFile::Create(directory.path(), 1).value();
  for (int i = 0; i < 200; ++i) {
    std::string noise(random() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    ASSERT_THAT(pack->Truncate(PackFile::kFileHeaderBytes), IsOk());
    ASSERT_THAT(pack->WriteAt(PackFile::kFileHeaderBytes, noise), IsOk());
    int records = 0;
    ASSERT_THAT(pack->Scan([&records](const PackFile::Record&) { ++records; }), IsOk());
    EXPECT_EQ(records, 0);
  }
}

TEST(PackFile, AnotherPacksHeaderIsRefused) {
  ScratchDirectory directory;
  const std::string bytes = [&] {
    PackFile::Create(directory.path(), 1).value();
    return ReadFile(directory.Join(PackFile::NameOf(1))).value();
  }();
  ASSERT_THAT(WriteFileAtomically(directory.Join(PackFile::NameOf(2)), bytes), IsOk());
  const auto pack = PackFile::Open(directory.path(), 2, false);
  EXPECT_TRUE(HasReason(pack.status(), ErrorReason::BLOB_CORRUPT));
  EXPECT_TRUE(absl::IsNotFound(PackFile::Open(directory.path(), 3, false).status()));
}

}  // namespace
}  // namespace cairn::artifacts
