#include "server/front/http2_frame_guard.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "tests/testing/http2_frames.h"

namespace cairn::front {
namespace {

using namespace cairn::testing;  // NOLINT(google-build-using-namespace): frames by hand

constexpr int64_t kSecond = 1'000'000'000;

std::string Open(uint32_t stream, size_t header_bytes = 30) {
  return Frame(kHeadersFrame, kEndHeadersFlag, stream, std::string(header_bytes, 'h'));
}

// A guard whose reads are a string each.
class Connection {
 public:
  explicit Connection(std::string_view first = Http2Hello(),
                      Http2FrameGuard guard = Http2FrameGuard())
      : guard_(std::move(guard)) {
    Read(first);
  }

  Misuse Read(std::string_view bytes) {
    guard_.BeginRead(now_);
    return guard_.Feed(bytes);
  }
  Misuse OpenAndReset() {
    stream_ += 2;
    return Read(Open(stream_) + ResetOf(stream_));
  }
  Misuse Call() {
    stream_ += 2;
    return Read(Open(stream_) +
                Frame(kDataFrame, kEndStreamFlag, stream_, std::string_view("\0\0\0\0\0", 5)));
  }
  void Wait(int64_t nanos) { now_ += nanos; }

 private:
  Http2FrameGuard guard_;
  int64_t now_ = 1000 * kSecond;
  uint32_t stream_ = 1;
};

TEST(Http2FrameGuardTest, ABusyClientIsFine) {
  Connection connection;
  for (int i = 0; i < 200'000; ++i) ASSERT_EQ(connection.Call(), Misuse::kNone) << i;
}

TEST(Http2FrameGuardTest, AClientMayCancelAThousandCallsAtOnce) {
  Connection connection;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(connection.OpenAndReset(), Misuse::kNone) << i;
}

TEST(Http2FrameGuardTest, AClientThatCancelsEveryThirdCallIsFineForEver) {
  Connection connection;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_EQ(connection.Call(), Misuse::kNone);
    ASSERT_EQ(connection.Call(), Misuse::kNone);
    ASSERT_EQ(connection.OpenAndReset(), Misuse::kNone) << i;
  }
}

TEST(Http2FrameGuardTest, OpeningToResetIsCutSoon) {
  Connection connection;
  int count = 0;
  while (connection.OpenAndReset() == Misuse::kNone) ASSERT_LT(++count, 4 * 1024);
  EXPECT_GT(count, 1024);
  EXPECT_EQ(connection.Read(""), Misuse::kResets) << "what was wrong stays wrong";
  EXPECT_EQ(connection.Call(), Misuse::kResets);
}

TEST(Http2FrameGuardTest, AConnectionThatIsWatchedCloselyMayDoAPartOfThat) {
  Http2FrameGuard guard(16);
  guard.BeginRead(0);
  ASSERT_EQ(guard.Feed(std::string(kHttp2Preface) + Frame(kSettingsFrame, kNoFlags, 0)),
            Misuse::kNone);
  int count = 0;
  for (uint32_t stream = 1; guard.Feed(Open(stream) + ResetOf(stream)) == Misuse::kNone;
       stream += 2) {
    ASSERT_LT(++count, 4 * 64);
  }
  EXPECT_GT(count, 64);
}

// A new client of an address that misbehaves may be honest and fast.
TEST(Http2FrameGuardTest, AConnectionThatIsWatchedCloselyMayCallAsFastAsItCan) {
  Connection connection(Http2Hello(), Http2FrameGuard(16));
  const std::string acknowledged = Frame(kWindowUpdateFrame, kNoFlags, 0, "1234") +
                                   Frame(kPingFrame, kAckFlag, 0, "12345678") +
                                   Frame(kWindowUpdateFrame, kNoFlags, 1, "1234");
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(connection.Call(), Misuse::kNone) << i;
    ASSERT_EQ(connection.Read(acknowledged), Misuse::kNone) << i;
  }
}

// What one may not do many may not do together; those who do little of it are not cut for it.
TEST(Http2FrameGuardTest, ResetsOfManyConnectionsAreCutSooner) {
  const auto crowd = std::make_shared<SharedAllowance>(Http2FrameGuard::kCrowdResetBurst,
                                                       Http2FrameGuard::kCrowdResetsPerSecond);
  const auto connect = [&crowd] { return Connection(Http2Hello(), Http2FrameGuard(1, crowd)); };
  Connection honest = connect();
  int resets = 0;
  for (int i = 0; i < 200; ++i) {
    Connection flood = connect();
    while (flood.OpenAndReset() == Misuse::kNone) ++resets;
  }
  EXPECT_GT(resets, Http2FrameGuard::kCrowdResetBurst);
  EXPECT_LT(resets, Http2FrameGuard::kCrowdResetBurst + 200 * 2 * Http2FrameGuard::kResetsInACrowd +
                        2 * Http2FrameGuard::kResetBurst);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(honest.OpenAndReset(), Misuse::kNone) << i;
  // Time gives back what all may do together too.
  Connection later = connect();
  later.Wait(10 * kSecond);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(later.OpenAndReset(), Misuse::kNone) << i;
}

TEST(Http2FrameGuardTest, TimeGivesResetsBack) {
  Connection connection;
  for (int second = 0; second < 100; ++second) {
    for (int i = 0; i < 300; ++i) ASSERT_EQ(connection.OpenAndReset(), Misuse::kNone) << second;
    connection.Wait(kSecond);
  }
}

TEST(Http2FrameGuardTest, FrequentReadsGetAsMuchBackAsSeldomOnes) {
  Connection connection;
  // 300 a second, half of which the streams pay for.
  for (int i = 0; i < 30'000; ++i) {
    ASSERT_EQ(connection.OpenAndReset(), Misuse::kNone) << i;
    for (int part = 0; part < 10; ++part) {
      connection.Wait(kSecond / 3000);
      connection.Read("");
    }
  }
}

TEST(Http2FrameGuardTest, OneReadOpensNoMoreStreamsThanAClientMayHave) {
  std::string calls;
  uint32_t stream = 1;
  for (int i = 0; i < Http2FrameGuard::kStreamsAtOnce; ++i) calls += Open(stream += 2);
  Connection connection;
  EXPECT_EQ(connection.Read(calls), Misuse::kNone);
  EXPECT_EQ(connection.Read(Open(stream += 2)), Misuse::kNone) << "the next read";
  EXPECT_EQ(Connection().Read(calls + Open(stream + 2)), Misuse::kStreams);
}

TEST(Http2FrameGuardTest, StreamsBeforeOurSettingsAreKnownAreBounded) {
  Connection connection(std::string(kHttp2Preface) + Frame(kSettingsFrame, kNoFlags, 0));
  for (int i = 0; i < Http2FrameGuard::kStreamsAtOnce; ++i) {
    ASSERT_EQ(connection.Call(), Misuse::kNone) << i;
  }
  EXPECT_EQ(connection.Call(), Misuse::kStreams);
}

TEST(Http2FrameGuardTest, ABlockOfHeadersHasFewContinuations) {
  const auto block = [](int continuations) {
    std::string bytes = Frame(kHeadersFrame, kNoFlags, 3, "h");
    for (int i = 1; i < continuations; ++i) bytes += Frame(kContinuationFrame, kNoFlags, 3, "h");
    return bytes + Frame(kContinuationFrame, kEndHeadersFlag, 3, "h");
  };
  EXPECT_EQ(Connection().Read(block(8)), Misuse::kNone);
  EXPECT_EQ(Connection().Read(block(9)), Misuse::kHeaderBlock);
  Connection connection;
  EXPECT_EQ(connection.Read(block(8) + Open(5) + block(8)), Misuse::kNone) << "each block anew";
}

TEST(Http2FrameGuardTest, ABlockOfHeadersHasAtMost64KiB) {
  const auto block = [](size_t bytes) {
    return Frame(kHeadersFrame, kNoFlags, 3, std::string(bytes / 2, 'h')) +
           Frame(kContinuationFrame, kEndHeadersFlag, 3, std::string(bytes - bytes / 2, 'h'));
  };
  EXPECT_EQ(Connection().Read(block(64 << 10)), Misuse::kNone);
  EXPECT_EQ(Connection().Read(block((64 << 10) + 1)), Misuse::kHeaderBlock);
  EXPECT_EQ(Connection().Read(Open(3, (64 << 10) + 1)), Misuse::kHeaderBlock);
}

TEST(Http2FrameGuardTest, LargeHeadersAreFineNowAndThen) {
  Connection connection;
  uint32_t stream = 1;
  for (int i = 0; i < 64; ++i) ASSERT_EQ(connection.Read(Open(stream += 2, 12'000)), Misuse::kNone);
  EXPECT_EQ(connection.Read(Open(stream += 2, 8 << 10)), Misuse::kNone);
  connection.Wait(kSecond);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(connection.Read(Open(stream += 2, 12'000)), Misuse::kNone);
  EXPECT_EQ(connection.Read(Open(stream += 2, 12'000)), Misuse::kLargeHeaders);
}

TEST(Http2FrameGuardTest, FloodsOfOtherFramesAreCut) {
  const auto frames_until = [](const std::string& frame, Misuse misuse) {
    Connection connection;
    for (int i = 0; i < 1'000'000; ++i) {
      const Misuse found = connection.Read(frame);
      if (found != Misuse::kNone) {
        EXPECT_EQ(found, misuse);
        return i;
      }
    }
    return -1;
  };
  const std::string eight(8, 'p');
  EXPECT_EQ(frames_until(Frame(kSettingsFrame, kNoFlags, 0), Misuse::kSettings), 99);
  EXPECT_EQ(frames_until(Frame(kPingFrame, kNoFlags, 0, eight), Misuse::kPings), 2000);
  EXPECT_EQ(frames_until(Frame(kDataFrame, kNoFlags, 1), Misuse::kControlFrames), 99'999);
  EXPECT_EQ(frames_until(Frame(kWindowUpdateFrame, kNoFlags, 1, "1234"), Misuse::kControlFrames),
            99'999);
  EXPECT_EQ(frames_until(Frame(0xba, kNoFlags, 1), Misuse::kControlFrames), 99'999);
  EXPECT_EQ(frames_until(Frame(kDataFrame, kNoFlags, 1, "x"), Misuse::kNone), -1);
}

TEST(Http2FrameGuardTest, WhatIsNotHttp2IsCut) {
  Http2FrameGuard guard;
  EXPECT_EQ(guard.Feed("PRI * HTTP/"), Misuse::kNone);
  EXPECT_EQ(guard.Feed("1.1\r\n"), Misuse::kPreface);
}

TEST(Http2FrameGuardTest, HowTheBytesAreCutMakesNoDifference) {
  std::string bytes = Http2Hello() + Open(3) + ResetOf(3) +
                      Frame(kDataFrame, kNoFlags, 5, std::string(300, '\x01'));
  bytes += Frame(kHeadersFrame, kNoFlags, 7, "h");
  for (int i = 0; i < 9; ++i) bytes += Frame(kContinuationFrame, kNoFlags, 7, "h");
  for (size_t at = 0; at <= bytes.size(); ++at) {
    Http2FrameGuard guard;
    const std::string_view all = bytes;
    guard.BeginRead(0);
    guard.Feed(all.substr(0, at));
    guard.BeginRead(0);
    ASSERT_EQ(guard.Feed(all.substr(at)), Misuse::kHeaderBlock) << at;
    // Everything but the last frame's header is fine, wherever it is cut.
    Http2FrameGuard shorter;
    const std::string_view most = all.substr(0, all.size() - 2);
    shorter.Feed(most.substr(0, std::min(at, most.size())));
    ASSERT_EQ(shorter.Feed(most.substr(std::min(at, most.size()))), Misuse::kNone) << at;
  }
}

}  // namespace
}  // namespace cairn::front
