#include "server/mlflow/prompt.h"

#include <initializer_list>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/limits.h"
#include "server/mlflow/registry_entities.h"
#include "tests/testing/status_matchers.h"

namespace cairn::mlflow {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

const std::string kText(kPromptTextTag);

Tags Of(std::initializer_list<Tags::value_type> tags) { return Tags(tags.begin(), tags.end()); }

TEST(Prompt, OnlyTheTagWithTrueMakesOne) {
  EXPECT_FALSE(IsPrompt({}));
  EXPECT_TRUE(IsPrompt(Of({{"mlflow.prompt.is_prompt", "true"}})));
  EXPECT_TRUE(IsPrompt(Of({{"mlflow.prompt.is_prompt", "True"}})));
  EXPECT_FALSE(IsPrompt(Of({{"mlflow.prompt.is_prompt", "false"}})));
  EXPECT_FALSE(IsPrompt(Of({{"mlflow.prompt.is_prompt", ""}})));
}

// That something is called a prompt never makes a place of it that is not looked at.
TEST(Prompt, NothingThatNamesAPlacePassesForThePlaceholder) {
  EXPECT_THAT(CheckPromptSource("dummy-source"), IsOk());
  EXPECT_THAT(CheckPromptSource("prompt-template"), IsOk());
  for (const char* source :
       {"", "Dummy-source", "dummy-source/..", "/etc", "file:///etc", "runs:/abc/model",
        "mlflow-artifacts:/1/abc/artifacts", "http://example.com/x", "dummy-source\n"}) {
    const absl::Status refused = CheckPromptSource(source);
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << source;
    EXPECT_THAT(refused.message(), HasSubstr("Prompt sources must use an MLflow placeholder"));
  }
}

TEST(Prompt, CharactersAreCountedAndNotBytes) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "ü";
  EXPECT_THAT(CheckPromptText(text), IsOk());
  EXPECT_THAT(CheckPromptText(text + "x").message(), HasSubstr("max length of 100000 characters"));
}

TEST(Prompt, ALongTextComesBackAsItWas) {
  for (const size_t size : {size_t{0}, size_t{1}, limits::kTextBytes, limits::kTextBytes + 1,
                            2 * limits::kTextBytes, size_t{100'003}}) {
    std::string text;
    while (text.size() < size) text += text.size() % 7 == 0 ? "€" : "x";
    Tags tags = Of({{kText, text}, {"other", "kept"}});
    CutPromptText(tags);
    EXPECT_EQ(tags.at("other"), "kept");
    for (const auto& [key, value] : tags) {
      EXPECT_LE(value.size(), limits::kTextBytes);
      EXPECT_EQ(IsOwnTag(key), key != "other" && key != kText);
    }
    const bool whole = text.size() <= limits::kTextBytes;
    EXPECT_EQ(tags.contains(kText), whole);
    EXPECT_EQ(JoinedPromptText(tags), whole ? "" : text);
  }
}

TEST(Prompt, AVersionShowsItsTextWhole) {
  v1::ModelVersion version;
  version.set_name("models/greeting/versions/1");
  const std::string text(20'000, 'x');
  (*version.mutable_tags())[kText] = text;
  CutPromptText(*version.mutable_tags());
  gateway::JsonText json;
  WriteVersion(version, {}, /*with_aliases=*/false, json);
  const std::string written = json.Take();
  EXPECT_THAT(written, HasSubstr("{\"key\":\"mlflow.prompt.text\",\"value\":\"" + text + "\"}"));
  EXPECT_THAT(written, ::testing::Not(HasSubstr(std::string(kPromptPiecePrefix))));
}

}  // namespace
}  // namespace cairn::mlflow
