#include "server/front/connection_counts.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace cairn::front {
namespace {

using Answer = ConnectionCounts::Answer;

constexpr int64_t kOneSecond = 1'000'000'000;

Origin From(const std::string& address) {
  sockaddr_storage peer{};
  if (address.find(':') == std::string::npos) {
    peer.ss_family = AF_INET;
    inet_pton(AF_INET, address.c_str(), &reinterpret_cast<sockaddr_in&>(peer).sin_addr);
  } else {
    peer.ss_family = AF_INET6;
    inet_pton(AF_INET6, address.c_str(), &reinterpret_cast<sockaddr_in6&>(peer).sin6_addr);
  }
  return Origin::Of(peer);
}

TEST(OriginTest, AnIpv6AddressStandsForItsNetwork) {
  EXPECT_EQ(From("2001:db8::1").key, From("2001:db8::ffff:2").key);
  EXPECT_NE(From("2001:db8::1").key, From("2001:db8:0:1::1").key);
  EXPECT_EQ(From("::ffff:10.0.0.1").key, From("10.0.0.1").key);
  EXPECT_NE(From("10.0.0.2").key, From("10.0.0.1").key);
  EXPECT_TRUE(From("::1").loopback);
  EXPECT_TRUE(From("::ffff:127.0.0.1").loopback);
  EXPECT_TRUE(From("127.8.8.8").loopback);
  EXPECT_FALSE(From("10.0.0.1").loopback);
  EXPECT_FALSE(From("2001:db8::1").loopback);
}

TEST(ConnectionCountsTest, AnAddressHasItsShareAndLoopbackAll) {
  ConnectionCounts counts({4, 2});
  EXPECT_EQ(counts.Admit(From("10.0.0.1"), 0), Answer::kWelcome);
  EXPECT_EQ(counts.Admit(From("10.0.0.1"), 0), Answer::kWelcome);
  EXPECT_EQ(counts.Admit(From("10.0.0.1"), 0), Answer::kAddressFull);
  EXPECT_EQ(counts.Admit(From("127.0.0.1"), 0), Answer::kWelcome);
  EXPECT_EQ(counts.Admit(From("127.0.0.1"), 0), Answer::kWelcome);
  EXPECT_EQ(counts.Admit(From("127.0.0.1"), 0), Answer::kFull);
  counts.Leave(From("10.0.0.1"));
  EXPECT_EQ(counts.Admit(From("127.0.0.1"), 0), Answer::kWelcome);
  EXPECT_EQ(counts.totals().open, 4);
  EXPECT_EQ(counts.totals().refused, 2);
}

TEST(ConnectionCountsTest, AnAddressWhoseConnectionsAreCutHasToWait) {
  ConnectionCounts counts({1000, 1000});
  const Origin bad = From("10.0.0.1");
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(counts.Admit(bad, 0), Answer::kWelcome);
    counts.Cut(bad, Misuse::kResets);
    counts.Leave(bad);
  }
  EXPECT_EQ(counts.Admit(bad, 0), Answer::kAddressMisbehaves);
  EXPECT_EQ(counts.Admit(From("10.0.0.2"), 0), Answer::kWelcome) << "others need not";
  EXPECT_EQ(counts.Admit(bad, kOneSecond), Answer::kWelcome);
  EXPECT_EQ(counts.totals().cut, 8);
}

TEST(ConnectionCountsTest, ProgramsOfThisMachineAreWatchedCloselyInsteadOfKeptOut) {
  ConnectionCounts counts({1000, 1000});
  const Origin here = From("127.0.0.1");
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(counts.Admit(here, 0), Answer::kWelcome);
    counts.Cut(here, Misuse::kResets);
    counts.Leave(here);
  }
  EXPECT_EQ(counts.Admit(here, 0), Answer::kSuspect);
  EXPECT_EQ(counts.totals().open, 1);
  EXPECT_EQ(counts.totals().refused, 0);
  EXPECT_EQ(counts.Admit(here, kOneSecond), Answer::kWelcome);
}

}  // namespace
}  // namespace cairn::front
