#include "lib/base/alias_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;

constexpr AliasRules kStrict = {.field = "alias", .max_bytes = 10, .dots = true};
constexpr AliasRules kLoose = {.field = "alias.name", .max_bytes = 10, .leading_dash = true};

bool IsReserved(std::string_view alias, const AliasRules& rules) {
  return HasReason(ValidateAlias(alias, rules), ErrorReason::ALIAS_RESERVED);
}

bool IsMalformed(std::string_view alias, const AliasRules& rules) {
  return HasReason(ValidateAlias(alias, rules), ErrorReason::NAME_INVALID);
}

TEST(AliasNamesTest, LettersDigitsAndAFewSignsAreAnAlias) {
  for (const char* alias :
       {"gold", "v", "v1x", "a-b_c", "0x", "Lately", "version", "v2beta", "1234567890x"}) {
    SCOPED_TRACE(alias);
    const bool fits = std::string_view(alias).size() <= 10;
    EXPECT_EQ(ValidateAlias(alias, kStrict).ok(), fits);
    EXPECT_EQ(ValidateAlias(alias, kLoose).ok(), fits);
  }
}

TEST(AliasNamesTest, OtherLettersAreRefused) {
  for (const char* alias : {"", "a b", "a/b", "a@b", "a#b", "\xc3\xa4", "a:"}) {
    SCOPED_TRACE(alias);
    EXPECT_TRUE(IsMalformed(alias, kStrict));
    EXPECT_TRUE(IsMalformed(alias, kLoose));
  }
}

TEST(AliasNamesTest, WhatLooksLikeAVersionIsReserved) {
  for (const char* alias : {"latest", "v1", "v0012", "V3", "12", "2024", "LATEST", "Latest",
                            "version-3", "VERSION-3"}) {
    SCOPED_TRACE(alias);
    EXPECT_TRUE(IsReserved(alias, kStrict));
    EXPECT_TRUE(IsReserved(alias, kLoose));
  }
}

TEST(AliasNamesTest, TheRulesDifferWhereTheySaySo) {
  EXPECT_THAT(ValidateAlias("a.b", kStrict), IsOk());
  EXPECT_TRUE(IsMalformed("a.b", kLoose));
  EXPECT_TRUE(IsMalformed("-a", kStrict));
  EXPECT_THAT(ValidateAlias("-a", kLoose), IsOk());
  EXPECT_TRUE(IsReserved("1.2", kStrict));
  EXPECT_TRUE(IsReserved("v1.2.3", kStrict));
  EXPECT_TRUE(IsReserved("-12", kLoose));
}

TEST(AliasNamesTest, TheErrorSaysTheRule) {
  EXPECT_NE(std::string(ValidateAlias("a b", kStrict).message())
                .find("1 to 10 letters, digits, '.', '_' and '-', and not begin with '-'"),
            std::string::npos);
  EXPECT_NE(
      std::string(ValidateAlias("a b", kLoose).message()).find("1 to 10 letters, digits, '_'"),
      std::string::npos);
}

TEST(AliasNamesTest, NumbersStandForThemselves) {
  for (const char* word : {"1", "0", "-5", "007", "99999999999999999999", "", "-", "a b", "a/"}) {
    EXPECT_FALSE(IsAliasNotNumber(word)) << word;
  }
  for (const char* word : {"latest", "gold", "1a", "v1", "a.b"}) {
    EXPECT_TRUE(IsAliasNotNumber(word)) << word;
  }
}

TEST(AliasNames, AnAliasIsNoPartOfAPathThatClientsResolve) {
  const AliasRules rules{.field = "alias", .max_bytes = 100, .dots = true};
  for (const char* alias : {".", ".."}) {
    EXPECT_TRUE(HasReason(ValidateAlias(alias, rules), ErrorReason::NAME_INVALID)) << alias;
  }
  EXPECT_THAT(ValidateAlias("...", rules), IsOk());
}

}  // namespace
}  // namespace cairn
