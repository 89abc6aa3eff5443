#include "server/storage/record_codec.h"

#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "server/storage/crc32c.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {
namespace {

using testing::IsOk;
using testing::StatusIs;

const Key kKey{Family::kRecord, "k"};
const Record kRecord{2, 300, 4, "payload"};

TEST(Crc32c, GivesTheKnownAnswers) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);              // the standard check value
  EXPECT_EQ(Crc32c(std::string(32, '\x00')), 0x8A9136AAu);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32c, BothFormsAgreeAndContinue) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const size_t cut = bytes.empty() ? 0 : random() % bytes.size();
    ASSERT_EQ(Crc32c(bytes), Crc32cPortable(bytes));
    ASSERT_EQ(Crc32c(bytes), Crc32c(bytes.substr(cut), Crc32c(bytes.substr(0, cut))));
  }
}

TEST(RecordCodec, TheEnvelopeIsAsDocumented) {
  EXPECT_EQ(HexEncode(EncodeRecord(kKey, kRecord)),
            "01"
            "bea1157a"
            "0000000000000002"
            "000000000000012c"
            "0000000000000004"
            "7061796c6f6164");
}

TEST(RecordCodec, RecordsReadBack) {
  const auto record = DecodeRecord(kKey.family, kKey.bytes, EncodeRecord(kKey, kRecord));
  ASSERT_THAT(record, IsOk());
  EXPECT_EQ(record->create_revision, 2);
  EXPECT_EQ(record->mod_revision, 300);
  EXPECT_EQ(record->version, 4);
  EXPECT_EQ(record->payload, "payload");
}

TEST(RecordCodec, EveryFlippedBitIsNoticed) {
  const std::string value = EncodeRecord(kKey, kRecord);
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto record = DecodeRecord(kKey.family, kKey.bytes, damaged);
    EXPECT_THAT(record, StatusIs(absl::StatusCode::kDataLoss)) << bit;
    EXPECT_TRUE(HasReason(record.status(), ErrorReason::RECORD_CORRUPT));
    EXPECT_EQ(MetadataOf(record.status(), "key"), "6b");
  }
}

TEST(RecordCodec, EveryShorterValueIsNoticed) {
  const std::string value = EncodeRecord(kKey, kRecord);
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_THAT(DecodeRecord(kKey.family, kKey.bytes, value.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(RecordCodec, AValueUnderAnotherKeyOrFamilyIsNoticed) {
  const std::string value = EncodeRecord(kKey, kRecord);
  EXPECT_THAT(DecodeRecord(Family::kRecord, "l", value), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeRecord(Family::kIndex, "k", value), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordCodec, ImpossibleCountersAreRefused) {
  for (const Record& record : {Record{0, 1, 1, ""}, Record{2, 1, 1, ""}, Record{1, 1, 0, ""}}) {
    EXPECT_THAT(DecodeRecord(kKey.family, kKey.bytes, EncodeRecord(kKey, record)),
                StatusIs(absl::StatusCode::kDataLoss));
  }
}

TEST(RecordCodec, EventsReadBackAndAreAsDocumented) {
  const Key key = EventKey(5, 1);
  EXPECT_EQ(HexEncode(key.bytes), "000000000000000500000001");
  const Event event{"models/m", v1::Event::MODEL_CREATED, std::string("\x00\xFF", 2), "ada", 1};
  const std::string value = EncodeEvent(key, event);
  EXPECT_EQ(HexEncode(value),
            "01"
            "bc8e9aab"
            "000000000000000000000000000000000000000000000000"
            "0a086d6f64656c732f6d"
            "1a0200ff"
            "2028"
            "2a03616461"
            "3001");
  const auto back = DecodeEvent(key.bytes, value);
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->revision, 5);
  EXPECT_EQ(back->ordinal, 1);
  EXPECT_EQ(back->event.resource, event.resource);
  EXPECT_EQ(back->event.kind, event.kind);
  EXPECT_EQ(back->event.image, event.image);
  EXPECT_EQ(back->event.principal, "ada");
  EXPECT_EQ(back->event.commit_unix_nanos, 1);
  EXPECT_THAT(DecodeEvent(key.bytes + "x", value), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeEvent(EventKey(5, 2).bytes, value), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(RecordCodec, EventsOfBeforeKindsHadNumbersAreStillRead) {
  // Revision 5, ordinal 1, `models/m`, `model.created`.
  const std::string value = HexDecode(
                                "01"
                                "d78b5683"
                                "000000000000000000000000000000000000000000000000"
                                "0a086d6f64656c732f6d"
                                "120d6d6f64656c2e63726561746564"
                                "1a0200ff")
                                .value();
  const auto event = DecodeEvent(EventKey(5, 1).bytes, value);
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->event.resource, "models/m");
  EXPECT_EQ(event->event.kind, v1::Event::MODEL_CREATED);
  EXPECT_EQ(event->event.image, "");
}

}  // namespace
}  // namespace cairn::storage
