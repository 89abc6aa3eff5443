#include "server/gateway/connect_envelope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::gateway {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr size_t kMaxBytes = 4096;

std::string Raw(int flags, std::string_view bytes) {
  const std::string length = {0, 0, static_cast<char>(bytes.size() >> 8),
                              static_cast<char>(bytes.size())};
  return static_cast<char>(flags) + length + std::string(bytes);
}

// The unpacked messages of `body`, which comes in pieces of so many bytes, or the first error.
absl::StatusOr<std::vector<std::string>> ReadAll(std::string_view body, size_t piece,
                                                 Compression compression = Compression::kGzip) {
  EnvelopeReader reader(compression, kMaxBytes);
  std::vector<std::string> messages;
  while (!body.empty()) {
    std::string_view bytes = body.substr(0, piece);
    body.remove_prefix(bytes.size());
    while (!bytes.empty()) {
      auto next = reader.Next(bytes);
      if (!next.ok()) return next.status();
      if (!next->has_value()) continue;
      auto message = Unpack(*std::move(*next), kMaxBytes);
      if (!message.ok()) return message.status();
      messages.push_back(*std::move(message));
    }
  }
  if (const absl::Status end = reader.End(); !end.ok()) return end;
  return messages;
}

TEST(StreamTypeTest, TheTypeOfAStreamNamesItsCodec) {
  EXPECT_EQ(CodecOfStreamType("application/connect+json"), Codec::kJson);
  EXPECT_EQ(CodecOfStreamType("Application/Connect+Proto ; charset=utf-8"), Codec::kProto);
  for (const char* other : {"", "application/json", "application/proto", "application/connect+xml",
                            "application/connect", "application/grpc"}) {
    EXPECT_EQ(CodecOfStreamType(other), std::nullopt) << other;
  }
  EXPECT_EQ(CodecOfStreamType(StreamTypeOf(Codec::kJson)), Codec::kJson);
  EXPECT_EQ(CodecOfStreamType(StreamTypeOf(Codec::kProto)), Codec::kProto);
}

TEST(CompressionTest, WhatIsNotKnownIsRefusedAndTheTextSaysWhatIs) {
  EXPECT_EQ(*CompressionOf(""), Compression::kIdentity);
  EXPECT_EQ(*CompressionOf("identity"), Compression::kIdentity);
  EXPECT_EQ(*CompressionOf("gzip"), Compression::kGzip);
  const absl::Status refused = CompressionOf("br").status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_NE(refused.message().find("identity, gzip"), std::string_view::npos);
}

TEST(CompressionTest, AnAnswerHasTheFirstThatItsClientNamesAndThatIsKnown) {
  EXPECT_EQ(CompressionFor("", Compression::kIdentity), Compression::kIdentity);
  EXPECT_EQ(CompressionFor("", Compression::kGzip), Compression::kGzip) << "as the request";
  EXPECT_EQ(CompressionFor("br, gzip", Compression::kIdentity), Compression::kGzip);
  EXPECT_EQ(CompressionFor("identity,gzip", Compression::kGzip), Compression::kIdentity);
  EXPECT_EQ(CompressionFor("br,", Compression::kGzip), Compression::kIdentity);
}

TEST(EnvelopeReaderTest, MessagesComeWholeHoweverTheBodyIsCut) {
  const std::string large(3000, 'x');
  const std::string body = Raw(0, "first") + Raw(0, "") + Joined(Pack(large, Compression::kGzip)) +
                           Joined(Pack("last", Compression::kGzip));
  const std::vector<std::string> expected = {"first", "", large, "last"};
  for (size_t piece = 1; piece <= body.size(); ++piece) {
    const auto messages = ReadAll(body, piece);
    ASSERT_THAT(messages, IsOk()) << messages.status() << " in pieces of " << piece;
    EXPECT_EQ(*messages, expected);
  }
  EXPECT_EQ(ReadAll("", 1)->size(), 0u);
}

TEST(EnvelopeReaderTest, ABodyThatEndsWithinAMessageIsRefused) {
  const std::string body = Raw(0, "first") + Raw(0, "second");
  for (size_t size = 0; size < body.size(); ++size) {
    const auto messages = ReadAll(std::string_view(body).substr(0, size), size + 1);
    const bool between = size == 0 || size == 10;
    EXPECT_EQ(messages.ok(), between) << size;
    EXPECT_EQ(HasReason(messages.status(), ErrorReason::REQUEST_MALFORMED), !between) << size;
  }
}

TEST(EnvelopeReaderTest, FlagsThatARequestHasNotAreRefused) {
  for (int flags = 2; flags < 256; ++flags) {
    const auto messages = ReadAll(Raw(flags, ""), 64);
    EXPECT_TRUE(HasReason(messages.status(), ErrorReason::REQUEST_MALFORMED)) << flags;
  }
}

TEST(EnvelopeReaderTest, ACompressedMessageNeedsACompression) {
  const std::string body = Raw(1, "");
  EXPECT_THAT(ReadAll(body, 64, Compression::kGzip), IsOk()) << "nothing is unpacked of nothing";
  EXPECT_THAT(ReadAll(body, 64, Compression::kIdentity),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_TRUE(HasReason(ReadAll(Raw(1, "no gzip"), 64).status(), ErrorReason::REQUEST_MALFORMED));
}

TEST(EnvelopeReaderTest, AMessageThatIsTooLargeIsRefusedByItsLength) {
  EXPECT_THAT(ReadAll(Raw(0, std::string(kMaxBytes, 'x')), 100'000), IsOk());
  std::string_view prefix("\0\xff\xff\xff\xff", 5);
  EnvelopeReader reader(Compression::kIdentity, kMaxBytes);
  EXPECT_THAT(reader.Next(prefix), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(EnvelopeReaderTest, AMessageThatBecomesTooLargeIsRefused) {
  const Packed packed = Pack(std::string(kMaxBytes + 1, 'x'), Compression::kGzip);
  ASSERT_LT(packed.bytes.size(), kMaxBytes);
  const auto messages = ReadAll(Joined(packed), 100'000);
  EXPECT_THAT(messages, StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(EnvelopeReaderTest, ALengthThatIsOnlyPromisedIsNotHeld) {
  EnvelopeReader reader(Compression::kIdentity, size_t{1} << 30);
  std::string_view bytes("\0\x20\0\0\0abc", 8);
  const auto next = reader.Next(bytes);
  ASSERT_THAT(next, IsOk());
  EXPECT_FALSE(next->has_value());
  EXPECT_EQ(reader.held_bytes(), 8u);
}

TEST(PackTest, AMessageHasItsFlagsAndItsLengthBeforeIt) {
  EXPECT_EQ(Joined(Pack("abc", Compression::kIdentity)), Raw(0, "abc"));
  EXPECT_EQ(Joined(Pack("abc", Compression::kGzip)), Raw(0, "abc")) << "not worth it";
  EXPECT_EQ(Pack(std::string(3000, 'x'), Compression::kGzip).prefix[0], kCompressedFlag);
}

TEST(PackEndTest, AGoodEndIsAnEmptyObject) {
  EXPECT_EQ(Joined(PackEnd(absl::OkStatus())), Raw(2, "{}"));
}

TEST(PackEndTest, AnErrorAndMetadataAreSaidInJson) {
  const absl::Status error = NotFound(ErrorReason::RUN_NOT_FOUND, "Run", "runs/\"r\"");
  const Packed end = PackEnd(error, {{"a", {"1", "2"}}});
  EXPECT_EQ(end.prefix[0], kEndOfStreamFlag);
  const auto json = nlohmann::json::parse(end.bytes, nullptr, /*allow_exceptions=*/false);
  ASSERT_TRUE(json.is_object()) << end.bytes;
  EXPECT_EQ(json["error"]["code"], "not_found");
  EXPECT_NE(end.bytes.find("google.rpc.ErrorInfo"), std::string::npos) << end.bytes;
  EXPECT_EQ(json["metadata"]["a"], (std::vector<std::string>{"1", "2"}));
  const auto good = nlohmann::json::parse(PackEnd(absl::OkStatus(), {{"a", {"1"}}}).bytes);
  EXPECT_FALSE(good.contains("error"));
}

TEST(ConnectPacker, PacksWhatShrinksAndGivesUpForAWhileOnWhatDoesNot) {
  const std::string text(4000, 'x');
  std::string noise(4000, '\0');
  uint64_t state = 1;
  for (char& byte : noise) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
  const auto flags_of = [](const Packed& packed) { return static_cast<int>(packed.prefix[0]); };
  Packer packer(Compression::kGzip);
  EXPECT_EQ(flags_of(packer.Pack(text)), 1);
  EXPECT_EQ(flags_of(packer.Pack("small")), 0);
  const Packed packed = packer.Pack(noise);
  EXPECT_EQ(flags_of(packed), 0);
  EXPECT_EQ(packed.bytes, noise);
  for (int i = 0; i < 15; ++i) EXPECT_EQ(flags_of(packer.Pack(text)), 0) << i;
  EXPECT_EQ(flags_of(packer.Pack(text)), 1);
  EXPECT_EQ(flags_of(Packer(Compression::kIdentity).Pack(text)), 0);
}

}  // namespace
}  // namespace cairn::gateway
