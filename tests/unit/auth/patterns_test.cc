#include "server/auth/patterns.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/errors.h"

namespace cairn::auth {
namespace {

TEST(Patterns, SpellingsOfOneNameAreOne) {
  for (const char* name : {"models/Customer%20Segments", "models/Customer Segments",
                           "models/%43ustomer%20Segments", "models/Customer%20%53egments"}) {
    EXPECT_EQ(CanonicalName(name).value_or(""), "models/Customer%20Segments") << name;
  }
  EXPECT_EQ(CanonicalName("experiments/%37/runs/ab").value_or(""), "experiments/7/runs/ab");
  EXPECT_EQ(CanonicalName("models/a%2fb").value_or(""), "models/a%2Fb");
  EXPECT_EQ(CanonicalName("models/a%252Fb").value_or(""), "models/a%252Fb");
  EXPECT_EQ(CanonicalName("*").value_or(""), "*");
}

TEST(Patterns, WhatIsNoNameHasNoSpelling) {
  for (const std::string name : {"",
                                 "/",
                                 "models",
                                 "models/",
                                 "/models/m",
                                 "models//m",
                                 "models/m/",
                                 "models/m/channels",
                                 "models/m//channels/c",
                                 "Models/m",
                                 "models!/m",
                                 "models/.",
                                 "models/..",
                                 "models/%2e%2E",
                                 "models/m%2",
                                 "models/%zz",
                                 "models/%00",
                                 "models/a%0Ab",
                                 "models/%ff",
                                 "*/m",
                                 "**"}) {
    EXPECT_FALSE(CanonicalName(name).has_value()) << name;
  }
  EXPECT_FALSE(CanonicalName("models/" + std::string(5000, 'a')).has_value());
}

TEST(Patterns, WhatMayBeAskedAboutHasAName) {
  const std::string run = "0123456789abcdef0123456789abcdef";
  for (const std::string& name :
       {std::string("*"), std::string("models/-"), std::string("models/m"),
        std::string("models/m/versions/latest"), std::string("models/m/aliases/best"),
        std::string("models/m/channels/c"), std::string("models/m/channels/c/decisions/d"),
        std::string("datasets/d/versions/3"), std::string("operations/x"),
        std::string("experiments/7/views/ojuvejd23t"), "experiments/7/runs/" + run,
        "experiments/-/runs/" + run}) {
    EXPECT_EQ(CanonicalResource("r", name).value_or(""), name);
  }
  for (const std::string& name :
       {std::string(""), std::string("experimets/7"), std::string("models/m/chanels/c"),
        std::string("models/-/versions/3"), std::string("tokens/-"), std::string("experiments/x"),
        std::string("experiments/7/runs/x"), std::string("experiments/-/views/a"), "runs/" + run,
        "models/7/runs/" + run}) {
    EXPECT_TRUE(HasReason(CanonicalResource("r", name).status(), ErrorReason::NAME_INVALID))
        << name;
  }
}

TEST(Patterns, ABindingIsAboutTheServerAKindOrAWholeThing) {
  for (const char* pattern : {"*", "experiments/-", "datasets/-", "models/-", "policies/-",
                              "operations/-", "experiments/0", "experiments/7", "datasets/retail",
                              "models/m", "models/m/channels/production", "policies/p"}) {
    EXPECT_EQ(CanonicalPattern("r", pattern).value_or(""), pattern);
  }
  EXPECT_EQ(CanonicalPattern("r", "models/Customer Segments").value_or(""),
            "models/Customer%20Segments");
  for (const char* pattern :
       {"experiments/x", "experiments/07", "experiments/-1", "experiments/7/runs/-",
        "experiments/7/runs/0123456789abcdef0123456789abcdef", "models/m/versions/3",
        "models/m/versions/latest", "models/m/aliases/best", "models/-/channels/production",
        "models/m/channels/-", "datasets/d/versions/1", "operations/1", "tokens/-", "blobs/-",
        "runs/-", "models", "m", "models/m/"}) {
    const auto refused = CanonicalPattern("r", pattern);
    EXPECT_TRUE(HasReason(refused.status(), ErrorReason::NAME_INVALID)) << pattern;
    EXPECT_EQ(MetadataOf(refused.status(), "field"), "r");
  }
  EXPECT_TRUE(HasReason(CanonicalPattern("r", "").status(), ErrorReason::FIELD_REQUIRED));
}

TEST(Patterns, APrefixCoversWholePartsOnly) {
  EXPECT_TRUE(Covers("", "models/m"));
  EXPECT_TRUE(Covers("", "*"));
  EXPECT_TRUE(Covers("models", "models/m"));
  EXPECT_TRUE(Covers("experiments/7", "experiments/7"));
  EXPECT_TRUE(Covers("experiments/7", "experiments/7/runs/a"));
  EXPECT_FALSE(Covers("experiments/7", "experiments/70"));
  EXPECT_FALSE(Covers("experiments/7", "experiments/-"));
  EXPECT_FALSE(Covers("experiments/7/runs/a", "experiments/7"));
  EXPECT_FALSE(Covers("models", "*"));
}

TEST(Patterns, ThePrefixesOfANameAreThoseThatCoverIt) {
  const std::string name = "models/m/channels/c";
  std::vector<std::string> prefixes;
  AnyPrefixOf(name, [&](std::string_view prefix) {
    EXPECT_TRUE(Covers(prefix, name)) << prefix;
    prefixes.emplace_back(prefix);
    return false;
  });
  EXPECT_EQ(prefixes, (std::vector<std::string>{"", "models", "models/m", "models/m/channels",
                                                "models/m/channels/c"}));
}

}  // namespace
}  // namespace cairn::auth
