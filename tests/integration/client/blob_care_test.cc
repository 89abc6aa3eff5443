// What the bytes of artifacts need and how they go, with the real mlctl: du, gc, scrub and
// delete artifact.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

class BlobCareTest : public testing::MlctlFixture {
 protected:
  BlobCareTest() : MlctlFixture("10s") {}

  std::string WriteNoise(const std::string& name, size_t size) const {
    std::mt19937 random(static_cast<uint32_t>(size));
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_THAT(WriteFileAtomically(folder_ / name, bytes), IsOk());
    return folder_ / name;
  }

  // Flips a bit in the middle of the largest pack.
  void DamageAPack() const {
    std::string largest;
    uintmax_t most = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(server_.data_dir() + "/packs")) {
      if (!entry.is_regular_file() || entry.file_size() <= most) continue;
      most = entry.file_size();
      largest = entry.path();
    }
    ASSERT_NE(largest, "");
    std::string bytes = *ReadFile(largest);
    bytes[200'000] = static_cast<char>(bytes[200'000] ^ 1);
    ASSERT_THAT(WriteFileAtomically(largest, bytes), IsOk());
  }
};

TEST_F(BlobCareTest, ArtifactsAreDeletedAndTheirRoomIsCounted) {
  std::string run = Expect(0, {"run", "start", "-q"});
  run.pop_back();
  const std::string old_file = WriteNoise("old.bin", 300'000);
  const std::string new_file = WriteNoise("new.bin", 200'000);
  Expect(0, {"log", "artifact", run, old_file, "--path", "checkpoints", "-q"});
  Expect(0, {"log", "artifact", run, new_file, "-q"});
  EXPECT_THAT(Expect(0, {"du", run}), AllOf(HasSubstr("\t2\t500000\t"), HasSubstr("OWN")));
  EXPECT_THAT(Expect(0, {"du", "-o", "json"}), HasSubstr("\"packCount\""));
  EXPECT_THAT(Expect(0, {"delete", "artifact", run, "checkpoints/", "--dry-run"}),
              AllOf(HasSubstr("checkpoints/old.bin\n"), HasSubstr("would delete 1 files")));
  EXPECT_THAT(Expect(2, {"delete", "artifact", run, "checkpoints/"}), HasSubstr("--yes"));
  EXPECT_THAT(Expect(0, {"delete", "artifact", run, "checkpoints/", "--yes"}),
              HasSubstr("checkpoints/old.bin deleted\n"));
  EXPECT_THAT(Expect(3, {"delete", "artifact", run, "checkpoints/", "--yes"}),
              HasSubstr("checkpoints/"));
  EXPECT_THAT(Expect(0, {"du", run}), HasSubstr("\t1\t200000\t"));
}

TEST_F(BlobCareTest, ACollectionSaysWhatItDidOrWouldDo) {
  std::string run = Expect(0, {"run", "start", "-q"});
  run.pop_back();
  Expect(0, {"log", "artifact", run, WriteNoise("a.bin", 300'000), "-q"});
  Expect(0, {"delete", "artifact", run, "a.bin", "--yes", "-q"});
  EXPECT_THAT(Expect(0, {"gc", "--dry-run"}),
              AllOf(HasSubstr("would be removed"), HasSubstr("kept for their lease")));
  EXPECT_THAT(Expect(0, {"gc", "-o", "json"}), HasSubstr("\"done\": true"));
  std::string name = Expect(0, {"gc", "--background", "-q"});
  name.pop_back();
  EXPECT_THAT(Expect(0, {"wait", "operation", name}), HasSubstr("removed"));
  EXPECT_THAT(Expect(0, {"list", "operations"}), HasSubstr("collect garbage"));
}

TEST_F(BlobCareTest, AScrubFindsDamageAndSendingAgainHealsIt) {
  const std::string file = WriteNoise("a.bin", 400'000);
  Expect(0, {"put", "dataset", "d", file, "-q"});
  EXPECT_THAT(Expect(0, {"scrub"}), AllOf(HasSubstr("none damaged"), Not(HasSubstr("sha256:"))));
  server_.Kill();
  DamageAPack();
  ASSERT_TRUE(server_.Start());
  EXPECT_THAT(Expect(9, {"scrub"}), AllOf(HasSubstr("1 damaged"), HasSubstr("damaged: sha256:")));
  EXPECT_THAT(Expect(9, {"scrub", "-o", "json"}), HasSubstr("\"damagedBlobCount\": \"1\""));
  Expect(0, {"put", "dataset", "d", file, "-q"});
  EXPECT_THAT(Expect(0, {"scrub"}), HasSubstr("none damaged"));
  Expect(0, {"fetch", "dataset:d@1", "-o", folder_ / "out"});
  EXPECT_TRUE(*ReadFile(folder_ / "out/a.bin") == *ReadFile(file));
}

}  // namespace
}  // namespace cairn
