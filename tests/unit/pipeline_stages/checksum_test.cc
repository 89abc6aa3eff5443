#include "pipeline/stages/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

namespace cairn::pipeline {
namespace {

std::string Bytes(size_t size) {
  std::mt19937 random(static_cast<uint32_t>(size));
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

TEST(Checksum, EveryFlippedBitShows) {
  for (const size_t size : {1, 7, 8, 31, 32, 33, 100}) {
    SCOPED_TRACE(size);
    std::string bytes = Bytes(size);
    std::set<uint64_t> sums = {Checksum(bytes, 0)};
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      sums.insert(Checksum(bytes, 0));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
    EXPECT_EQ(sums.size(), 8 * size + 1);
  }
}

TEST(Checksum, LengthAndOrderShow) {
  std::set<uint64_t> sums;
  for (size_t size = 0; size <= 100; ++size) sums.insert(Checksum(std::string(size, '\0'), 0));
  EXPECT_EQ(sums.size(), 101u);
  EXPECT_NE(Checksum(std::string(8, 'a') + std::string(8, 'b'), 0),
            Checksum(std::string(8, 'b') + std::string(8, 'a'), 0));
}

TEST(Checksum, WhatCameBeforeShows) {
  EXPECT_NE(Checksum("value", Checksum("head", 0)), Checksum("value", Checksum("Head", 0)));
  EXPECT_EQ(Checksum("value", 5), Checksum("value", 5));
}

}  // namespace
}  // namespace cairn::pipeline
