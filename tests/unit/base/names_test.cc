#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

TEST(ResourceNamesTest, HumanNamesAreEncodedOnce) {
  EXPECT_EQ(ModelVersionName("Customer Segments", 3), "models/Customer%20Segments/versions/3");
  const auto parsed = ParseModelVersionName("name", "models/Customer%20Segments/versions/3");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->parent_id, "Customer Segments");
  EXPECT_EQ(parsed->version, 3);
}

TEST(ResourceNamesTest, ErrorsNameTheFieldTheValueAndTheRule) {
  const auto parsed = ParseRunName("run", "experiments/1/runs/short");
  EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ReasonOf(parsed.status()), "NAME_INVALID");
  EXPECT_EQ(MetadataOf(parsed.status(), "field"), "run");
  EXPECT_EQ(MetadataOf(parsed.status(), "value"), "experiments/1/runs/short");
}

TEST(ResourceNamesTest, NumbersHaveOneForm) {
  EXPECT_THAT(ParseExperimentName("name", "experiments/0"), IsOk());
  for (const char* bad : {"experiments/01", "experiments/-1", "experiments/", "experiments/1/",
                          "experiments/1x", "experiments/99999999999999999999", "experiments"}) {
    EXPECT_THAT(ParseExperimentName("name", bad), StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
  EXPECT_THAT(ParseModelVersionName("name", "models/m/versions/0"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseModelVersionName("name", "models/%ff/versions/1"),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ResourceNamesTest, HumanNamesFollowTheirRules) {
  EXPECT_THAT(ValidateHumanName("n", "grün", 10, false), IsOk());
  EXPECT_THAT(ValidateHumanName("n", "a/b:c", 10, true), IsOk());
  EXPECT_THAT(ValidateHumanName("n", "a/b", 10, false),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateHumanName("n", "a\nb", 10, true),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateHumanName("n", "", 10, true), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ValidateHumanName("n", "12345678901", 10, true),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ControlCharacterTest, IsRefusedInEveryNameAndShownEscaped) {
  std::vector<std::string> controls = {"\x7F", "\xE2\x80\xA8", "\xE2\x80\xA9"};
  for (int c = 0; c < 0x20; ++c) controls.push_back(std::string(1, static_cast<char>(c)));
  for (int c = 0x80; c < 0xA0; ++c) {
    controls.push_back(std::string("\xC2") + static_cast<char>(c));
  }
  for (const std::string& control : controls) {
    for (const std::string& name : {control, "a" + control, control + "b", "a" + control + "b"}) {
      SCOPED_TRACE(EscapeControlCharacters(name));
      for (const bool allow_slash : {false, true}) {
        const absl::Status status = ValidateHumanName("run.user", name, 100, allow_slash);
        ASSERT_EQ(ReasonOf(status), "NAME_INVALID");
        EXPECT_EQ(MetadataOf(status, "field"), "run.user");
        EXPECT_EQ(MetadataOf(status, "rule"), "must not hold control characters");
        EXPECT_EQ(MetadataOf(status, "value"), EscapeControlCharacters(name));
        EXPECT_FALSE(HasControlCharacter(std::string(status.message())));
      }
    }
  }
  for (const char* name : {" ", "\xC2\xA0", "\xC3\x80", "\xE2\x80\xA7", "\xE2\x80\xAA", "\\n"}) {
    EXPECT_THAT(ValidateHumanName("n", name, 10, false), IsOk()) << name;
  }
}

TEST(ControlCharacterTest, IsEscapedAsInJson) {
  EXPECT_EQ(EscapeControlCharacters("a\n\r\tb\x1B[2J\xC2\x85\xE2\x80\xA8\xC3\x85\\n"),
            "a\\n\\r\\tb\\u001b[2J\\u0085\\u2028\xC3\x85\\n");
}

TEST(ResourceNamesTest, NoIdIsAPartOfAPathThatClientsResolve) {
  for (const char* name : {".", ".."}) {
    EXPECT_EQ(ReasonOf(ValidateHumanName("n", name, 10, false)), "NAME_INVALID");
  }
  for (const char* name : {"...", ".a", "a.", "a..b"}) {
    EXPECT_THAT(ValidateHumanName("n", name, 10, false), IsOk()) << name;
  }
  for (const char* name : {"experiments/..", "experiments/."}) {
    EXPECT_EQ(ReasonOf(ParseExperimentName("n", name).status()), "NAME_INVALID");
  }
  for (const char* name : {"experiments/1/runs/..", "experiments/1/runs/."}) {
    EXPECT_EQ(ReasonOf(ParseRunName("n", name).status()), "NAME_INVALID");
  }
}

TEST(ResourceNamesTest, ALookedUpIdThatNoResourceCanHaveIsRefused) {
  for (const char* id : {".", "..", "%2E", "%2e%2E", "a%0Ab", "a%00", "%7F", "%C2%85", "a\nb"}) {
    const std::string name = std::string("models/") + id + "/versions/1";
    const absl::Status status = ParseModelVersionName("model_version", name).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << id;
    EXPECT_EQ(ReasonOf(status), "NAME_INVALID") << id;
    EXPECT_EQ(MetadataOf(status, "field"), "model_version");
    EXPECT_EQ(MetadataOf(status, "rule").rfind("must not", 0), 0u) << id;
  }
  for (const char* id : {"...", ".a", "a..b", "%2E%2E%2E"}) {
    EXPECT_THAT(ParseModelVersionName("n", std::string("models/") + id + "/versions/1"), IsOk())
        << id;
  }
}

TEST(ErrorsTest, AnErrorCarriesItsReasonMetadataAndCompanion) {
  const absl::Status status = NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", "models/m");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(HasReason(status, ErrorReason::MODEL_NOT_FOUND));
  EXPECT_EQ(MetadataOf(status, "resource"), "models/m");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.ResourceInfo").has_value());
  EXPECT_EQ(ReasonOf(absl::InternalError("bare")), "");
}

}  // namespace
}  // namespace cairn
