// Of what a blob is put together, as it stands in a pack.

#include "server/artifacts/chunk_list.h"

#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "server/artifacts/blob_codec.h"
#include "server/artifacts/pack_file.h"
#include "server/storage/key_codec.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::artifacts {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr char kRecordOfAbc[] =
    "4c495354ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0000000000000059"
    "c74742e8"
    "010000000000000003"
    "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
    "0000000000000002"
    "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"
    "0000000000000001"
    "444f4e450000000107b364cf0d4c00b8";

ChunkList ListOfAbc() { return {DigestOf("abc"), {DigestOf("ab"), DigestOf("c")}}; }

TEST(ChunkListTest, TheBytesOfAListInAPackAreAsDocumented) {
  storage::ScratchDirectory directory;
  const auto pack = PackFile::Create(directory.path(), 1).value();
  const std::string list = EncodeChunkList(ListOfAbc());
  const Digest name = ListRecordDigest(DigestOf("abc"), 2);
  ASSERT_EQ(name.size_bytes, static_cast<int64_t>(list.size()));
  PieceChecksums pieces;
  pieces.Update(list);
  const int64_t data =
      pack->BeginRecord(PackFile::kFileHeaderBytes, name, PackFile::Kind::kList).value();
  ASSERT_THAT(pack->WriteAt(data, list), IsOk());
  ASSERT_THAT(pack->EndRecord(data, name, pieces.Finish()), IsOk());
  const std::string file = ReadFile(directory.Join("0000000001.pack")).value();
  EXPECT_EQ(HexEncode(file.substr(PackFile::kFileHeaderBytes)), kRecordOfAbc);
  EXPECT_THAT(pack->CheckRecordHeader(PackFile::kFileHeaderBytes, name, PackFile::Kind::kList),
              IsOk());
  EXPECT_THAT(pack->CheckRecordHeader(PackFile::kFileHeaderBytes, name),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(ChunkListTest, AScanTellsListsFromBlobs) {
  storage::ScratchDirectory directory;
  const auto pack = PackFile::Create(directory.path(), 1).value();
  int64_t end = PackFile::kFileHeaderBytes;
  for (const auto kind : {PackFile::Kind::kBlob, PackFile::Kind::kList, PackFile::Kind::kBlob}) {
    const Digest name = DigestOf("abc");
    const int64_t data = pack->BeginRecord(end, name, kind).value();
    ASSERT_THAT(pack->WriteAt(data, "abc"), IsOk());
    end = pack->EndRecord(data, name, {1}).value();
  }
  std::vector<PackFile::Kind> kinds;
  ASSERT_THAT(
      pack->Scan([&kinds](const PackFile::Record& record) { kinds.push_back(record.kind); }),
      IsOk());
  EXPECT_EQ(kinds, (std::vector<PackFile::Kind>{PackFile::Kind::kBlob, PackFile::Kind::kList,
                                                PackFile::Kind::kBlob}));
}

TEST(ChunkListTest, AListReadsBackAndAnythingElseIsRefused) {
  const ChunkList list = ListOfAbc();
  const std::string bytes = EncodeChunkList(list);
  const auto back = ParseChunkList(list.digest.sha256, bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->digest, list.digest);
  EXPECT_EQ(back->chunks, list.chunks);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseChunkList(list.digest.sha256, bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(ParseChunkList(list.digest.sha256, bytes + "x").has_value());
  std::string other_format = bytes;
  other_format[0] = 2;
  EXPECT_FALSE(ParseChunkList(list.digest.sha256, other_format).has_value());
}

TEST(ChunkListTest, LengthsThatDoNotMakeUpTheWholeAreRefused) {
  const ChunkList list = ListOfAbc();
  for (const int64_t size :
       {int64_t{0}, int64_t{2}, int64_t{3}, int64_t{-1}, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()}) {
    ChunkList wrong = list;
    wrong.chunks[1].size_bytes = size;
    EXPECT_FALSE(ParseChunkList(list.digest.sha256, EncodeChunkList(wrong)).has_value()) << size;
  }
}

}  // namespace
}  // namespace cairn::artifacts
