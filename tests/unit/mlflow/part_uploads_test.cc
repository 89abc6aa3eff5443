#include "server/mlflow/part_uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fmt/format.h"
#include "server/core/limits.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::HasSubstr;

PartUploadStart StartOf(const std::string& id, const std::string& holder = "ada") {
  PartUploadStart start;
  start.id = id;
  start.holder = holder;
  start.num_parts = 2;
  start.expire_unix_seconds = 100;
  return start;
}

ReceivedPart PartOf(const std::string& text) { return {DigestOf(text), {DigestOf(text)}}; }
std::string EtagOfText(const std::string& text) { return '"' + DigestOf(text).Hex() + '"'; }

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

TEST(PartUpload, ChunksAreInTheOrderOfParts) {
  PartUploads uploads;
  const auto upload = *uploads.Open(StartOf("u"), 0);
  ASSERT_TRUE(upload->Put(2, PartOf("two")).ok());
  ASSERT_TRUE(upload->Put(1, PartOf("wrong")).ok());
  ASSERT_TRUE(upload->Put(1, PartOf("one")).ok());
  const auto chunks = upload->BeginCompletion({{2, EtagOfText("two")}, {1, DigestOf("one").Hex()}});
  ASSERT_TRUE(chunks.ok()) << chunks.status();
  ASSERT_TRUE(chunks->has_value());
  EXPECT_EQ(**chunks, (std::vector<Digest>{DigestOf("one"), DigestOf("two")}));
  EXPECT_EQ(ErrorCodeOf(upload->BeginCompletion({}).status()), kBusy);
  EXPECT_EQ(ErrorCodeOf(upload->Put(1, PartOf("late"))), kInvalidParameter);
}

TEST(PartUpload, PartsAreCheckedBeforeItIsCompleted) {
  PartUploads uploads;
  const auto upload = *uploads.Open(StartOf("u"), 0);
  ASSERT_TRUE(upload->Put(1, PartOf("one")).ok());
  struct Case {
    std::vector<NamedPart> named;
    std::string error;
  };
  const NamedPart one{1, EtagOfText("one")};
  for (const Case& c : std::vector<Case>{{{}, "has 2 parts"},
                                         {{one}, "has 2 parts"},
                                         {{one, one}, "there twice"},
                                         {{one, {2, EtagOfText("two")}}, "did not come"},
                                         {{one, {3, ""}}, "parts 1 to 2"},
                                         {{{0, ""}, one}, "parts 1 to 2"},
                                         {{{1, EtagOfText("two")}}, "parts[0].etag"},
                                         {{{1, ""}}, "parts[0].etag"}}) {
    const absl::Status refused = upload->BeginCompletion(c.named).status();
    EXPECT_EQ(ErrorCodeOf(refused), kInvalidParameter) << c.error;
    EXPECT_THAT(TextOf(refused), HasSubstr(c.error));
  }
  ASSERT_TRUE(upload->Put(2, PartOf("two")).ok());
  EXPECT_TRUE(upload->BeginCompletion({one, {2, EtagOfText("two")}}).ok());
}

TEST(PartUpload, WhoAsksAgainGetsTheSameAnswer) {
  PartUploads uploads;
  const auto upload = *uploads.Open(StartOf("u"), 0);
  ASSERT_TRUE(upload->Put(1, PartOf("one")).ok());
  ASSERT_TRUE(upload->Put(2, PartOf("two")).ok());
  const std::vector<NamedPart> named = {{1, EtagOfText("one")}, {2, EtagOfText("two")}};
  ASSERT_TRUE(upload->BeginCompletion(named).ok());
  upload->EndCompletion(false);  // it may be tried again
  ASSERT_TRUE(upload->BeginCompletion(named).value().has_value());
  upload->EndCompletion(true);
  uploads.Completed("u");
  ASSERT_EQ(uploads.Find("u", 0), upload);
  const auto again = upload->BeginCompletion(named);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->has_value());
  EXPECT_EQ(ErrorCodeOf(upload->BeginCompletion({{1, ""}}).status()), kInvalidParameter);
}

TEST(PartUpload, HasNoMoreChunksThanABlob) {
  PartUploads uploads;
  const auto upload = *uploads.Open(StartOf("u"), 0);
  ReceivedPart part = PartOf("one");
  part.chunks.resize(limits::kChunksPerBlob, DigestOf("one"));
  ASSERT_TRUE(upload->Put(1, part).ok());
  EXPECT_THAT(TextOf(upload->Put(2, PartOf("two"))), HasSubstr("With part 2"));
  EXPECT_TRUE(upload->Put(1, PartOf("less")).ok());
  EXPECT_TRUE(upload->Put(2, PartOf("two")).ok());
}

TEST(PartUploads, AbortAndTimeFreeThem) {
  PartUploads uploads;
  const auto aborted = *uploads.Open(StartOf("a"), 0);
  uploads.Abort("a");
  uploads.Abort("a");
  EXPECT_EQ(uploads.Find("a", 0), nullptr);
  EXPECT_EQ(ErrorCodeOf(aborted->Put(1, PartOf("one"))), kNotExists);
  const auto over = *uploads.Open(StartOf("b"), 0);
  EXPECT_EQ(uploads.Sweep(99), 1u);
  EXPECT_EQ(uploads.Find("b", 100), nullptr);
  EXPECT_TRUE(over->aborted());
}

TEST(PartUploads, OneCallerHasHalfOfThem) {
  PartUploads uploads;
  for (size_t i = 0; i < PartUploads::kMostOpen / 2; ++i) {
    ASSERT_TRUE(uploads.Open(StartOf(fmt::format("a{}", i)), 0).ok());
  }
  EXPECT_EQ(ErrorCodeOf(uploads.Open(StartOf("a"), 0).status()), kBusy);
  for (size_t i = 0; i < PartUploads::kMostOpen / 2; ++i) {
    ASSERT_TRUE(uploads.Open(StartOf(fmt::format("b{}", i), "bob"), 0).ok());
  }
  EXPECT_EQ(ErrorCodeOf(uploads.Open(StartOf("c", "eve"), 0).status()), kBusy);
  uploads.Abort("a0");
  EXPECT_TRUE(uploads.Open(StartOf("c", "eve"), 0).ok());
  EXPECT_TRUE(uploads.Open(StartOf("d"), 100).ok());  // all others are over
}

}  // namespace
}  // namespace cairn::mlflow
