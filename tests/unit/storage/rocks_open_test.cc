#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "rocksdb/db.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/rocks_store.h"
#include "server/storage/store_directory.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

absl::StatusOr<std::unique_ptr<KvStore>> OpenIn(const std::string& directory) {
  RocksOptions options;
  options.directory = directory;
  options.reserve_bytes = 0;
  return OpenRocksStore(options);
}

void MakeStore(const std::string& directory) {
  auto store = OpenIn(directory);
  ASSERT_THAT(store, IsOk());
  ASSERT_THAT(
      (*store)->CommitAndWait(
          WriteSet().PutRecord(RunKey("r"), "x").Emit("r", cairn::v1::Event::MODEL_CREATED)),
      IsOk());
}

// Opens the database as RocksDB does, behind the store's back.
void WithDatabase(const std::string& path,
                  const std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle* meta,
                                           rocksdb::ColumnFamilyHandle* event)>& action) {
  std::vector<std::string> names;
  ASSERT_THAT(rocksdb::DB::ListColumnFamilies({}, path, &names), IsOk());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_THAT(rocksdb::DB::Open({}, path, families, &handles, &db), IsOk());
  const std::unique_ptr<rocksdb::DB> owned(db);
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  rocksdb::ColumnFamilyHandle* event = nullptr;
  for (auto* handle : handles) {
    if (handle->GetName() == "meta") meta = handle;
    if (handle->GetName() == "event") event = handle;
  }
  action(*db, meta, event);
  for (auto* handle : handles) ASSERT_THAT(db->DestroyColumnFamilyHandle(handle), IsOk());
}

void ExpectCorrupt(const std::string& directory, const std::string& what) {
  const absl::Status status = OpenIn(directory).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_CORRUPT)) << status;
  EXPECT_EQ(MetadataOf(status, "directory"), directory);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(what));
}

TEST(RocksOpen, ANewDirectoryWithParentsBecomesAStore) {
  ScratchDirectory scratch;
  MakeStore(scratch.Join("a/b"));
  EXPECT_EQ(ReadFile(scratch.Join("a/b/CAIRN")).value(), "cairn store, format 2\n");
  EXPECT_FALSE(fs::exists(scratch.Join("a/b/kv.creating")));
}

TEST(RocksOpen, AHeldDirectoryIsRefusedNamingItAndTheProcess) {
  ScratchDirectory scratch;
  auto holder = OpenIn(scratch.path());
  ASSERT_THAT(holder, IsOk());
  const absl::Status status = OpenIn(scratch.path()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_LOCKED));
  EXPECT_EQ(MetadataOf(status, "directory"), scratch.path());
  EXPECT_EQ(MetadataOf(status, "pid"), std::to_string(::getpid()));
  holder->reset();
  EXPECT_THAT(OpenIn(scratch.path()), IsOk());
}

TEST(RocksOpen, AMarkerOfANewerFormatIsRefusedNamingBoth) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  ASSERT_THAT(WriteFileAtomically(scratch.Join("CAIRN"), "cairn store, format 3\n"), IsOk());
  const absl::Status status = OpenIn(scratch.path()).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_NEWER));
  EXPECT_EQ(MetadataOf(status, "storeFormat"), "3");
  EXPECT_EQ(MetadataOf(status, "supportedFormat"), "2");
}

TEST(RocksOpen, ANewerFormatInTheDatabaseIsRefusedToo) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  WithDatabase(scratch.Join("kv"), [](rocksdb::DB& db, auto* meta, auto*) {
    Record record{1, 1, 1, {}};
    AppendBigEndian32(&record.payload, 9);
    const Key key = FormatKey();
    ASSERT_THAT(db.Put({}, meta, key.bytes, EncodeRecord(key, record)), IsOk());
  });
  const absl::Status status = OpenIn(scratch.path()).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::STORE_NEWER)) << status;
  EXPECT_EQ(MetadataOf(status, "storeFormat"), "9");
}

TEST(RocksOpen, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  ScratchDirectory scratch;
  rocksdb::DB* db = nullptr;
  rocksdb::Options options;
  options.create_if_missing = true;
  ASSERT_THAT(rocksdb::DB::Open(options, scratch.Join("top"), &db), IsOk());
  delete db;
  ASSERT_TRUE(fs::create_directory(scratch.Join("inner")));
  ASSERT_THAT(rocksdb::DB::Open(options, scratch.Join("inner/kv"), &db), IsOk());
  delete db;
  ExpectCorrupt(scratch.Join("top"), "another program");
  ExpectCorrupt(scratch.Join("inner"), "another program");
  EXPECT_TRUE(fs::exists(scratch.Join("inner/kv/CURRENT")));
}

TEST(RocksOpen, AMissingPieceIsRefusedAndNeverReset) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  fs::rename(scratch.Join("kv/CURRENT"), scratch.Join("CURRENT.aside"));
  ExpectCorrupt(scratch.path(), "CURRENT is missing");
  fs::rename(scratch.Join("CURRENT.aside"), scratch.Join("kv/CURRENT"));
  fs::rename(scratch.Join("kv"), scratch.Join("kv.aside"));
  ExpectCorrupt(scratch.path(), "kv is missing");
  fs::remove(scratch.Join("CAIRN"));
  ASSERT_TRUE(fs::create_directories(scratch.Join("packs/x")));
  ExpectCorrupt(scratch.path(), "kv is missing");
  fs::rename(scratch.Join("kv.aside"), scratch.Join("kv"));
  EXPECT_THAT(OpenIn(scratch.path()), IsOk());
}

TEST(RocksOpen, AnUnreadableMarkerIsRefused) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  for (const char* text : {"", "something else\n", "cairn store, format x\n",
                           "cairn store, format 1", "cairn store, format 0\n"}) {
    ASSERT_THAT(WriteFileAtomically(scratch.Join("CAIRN"), text), IsOk());
    const absl::Status status = OpenIn(scratch.path()).status();
    EXPECT_TRUE(HasReason(status, ErrorReason::STORE_CORRUPT)) << text << status;
  }
}

TEST(RocksOpen, AStartThatDiedWhileCreatingIsStartedAgain) {
  ScratchDirectory scratch;
  ASSERT_TRUE(fs::create_directories(scratch.Join("kv.creating")));
  ASSERT_THAT(WriteFileAtomically(scratch.Join("kv.creating/MANIFEST-000001"), "half"), IsOk());
  MakeStore(scratch.path());
}

TEST(RocksOpen, EventsBehindTheLastRevisionMeanThatCommitsAreMissing) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  WithDatabase(scratch.Join("kv"), [](rocksdb::DB& db, auto*, auto* event) {
    const Key key = EventKey(7, 0);
    ASSERT_THAT(
        db.Put({}, event, key.bytes, EncodeEvent(key, {"r", v1::Event::MODEL_CREATED, "", "", 0})),
        IsOk());
  });
  ExpectCorrupt(scratch.path(), "commits are missing");
}

TEST(RocksOpen, ADamagedFormatOrRevisionIsRefused) {
  for (const Key& key : {FormatKey(), LastRevisionKey()}) {
    ScratchDirectory scratch;
    MakeStore(scratch.path());
    WithDatabase(scratch.Join("kv"), [&key](rocksdb::DB& db, auto* meta, auto*) {
      ASSERT_THAT(db.Put({}, meta, key.bytes, "rubbish"), IsOk());
    });
    ExpectCorrupt(scratch.path(), "damaged");
  }
}

TEST(RocksOpen, AMissingTableFileIsRefused) {
  ScratchDirectory scratch;
  MakeStore(scratch.path());
  // Without options of ours the replayed log goes into tables.
  WithDatabase(scratch.Join("kv"), [](rocksdb::DB&, auto*, auto*) {});
  int removed = 0;
  for (const auto& entry : fs::directory_iterator(scratch.Join("kv"))) {
    if (entry.path().extension() == ".sst") removed += fs::remove(entry.path()) ? 1 : 0;
  }
  ASSERT_GT(removed, 0);
  EXPECT_TRUE(HasReason(OpenIn(scratch.path()).status(), ErrorReason::STORE_CORRUPT));
}

}  // namespace
}  // namespace cairn::storage
