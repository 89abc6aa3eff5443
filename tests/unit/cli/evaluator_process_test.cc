#include "client-cli/commands/evaluator_process.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/scratch_directory.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

TEST(Evaluator, FindsItsInputsInTheEnvironmentAndIsReadBack) {
  const auto folder = ScratchDirectory::Make();
  ASSERT_THAT(folder, IsOk());
  const auto metrics = RunEvaluator(
      "echo progress; printf '{\"metric\": \"a\", \"value\": %s}\\n' "
      "\"$(cat $CAIRN_MODEL_DIR $CAIRN_DATA_DIR)\" > $CAIRN_METRICS; "
      "test $CAIRN_VERSION = v && test $CAIRN_DATASET_VERSION = d",
      {"/dev/null", "/dev/null", "v", "d"}, (*folder)->path());
  ASSERT_THAT(metrics, IsOk());
  EXPECT_EQ(*metrics, "{\"metric\": \"a\", \"value\": }\n");
}

TEST(Evaluator, ThatFailsOrWritesNothingIsAnError) {
  const auto folder = ScratchDirectory::Make();
  const auto failed = RunEvaluator("exit 3", {}, (*folder)->path());
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("ended with 3"));
  const auto silent = RunEvaluator(":", {}, (*folder)->path());
  EXPECT_EQ(silent.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(silent.status().message()), HasSubstr("CAIRN_METRICS"));
}

TEST(Evaluator, TheFolderGoesWithEverythingInIt) {
  std::string path;
  {
    const auto folder = ScratchDirectory::Make();
    path = (*folder)->path();
    ASSERT_THAT(WriteFileAtomically(path + "/file", "x"), IsOk());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Evaluator, IsNamedByItsFirstWordAlone) {
  EXPECT_EQ(EvaluatorName("./score.py --token secret"), "./score.py");
  EXPECT_EQ(EvaluatorName("score"), "score");
  EXPECT_EQ(EvaluatorName("a;b"), "a");
}

TEST(Evaluator, ItsLinesBecomeValues) {
  v1::Evaluation evaluation;
  ASSERT_THAT(AddMeasuredValues("{\"metric\": \"accuracy\", \"value\": 0.93}\n\n"
                                "{\"name\": \"loss\", \"value\": \"NaN\"}",
                                evaluation),
              IsOk());
  ASSERT_EQ(evaluation.values_size(), 2);
  EXPECT_EQ(evaluation.values(0).metric(), "accuracy");
  EXPECT_EQ(evaluation.values(0).value(), 0.93);
  EXPECT_EQ(evaluation.values(1).metric(), "loss");
}

TEST(Evaluator, LinesThatSayNothingOrTooMuchAreRefused) {
  for (const char* text : {"", "\n", "no metric\n",
                           "{\"metric\": \"a\", \"value\": 1}\n{\"metric\": \"a\", \"value\": 1}\n",
                           "{\"metric\": \"a\", \"value\": 1, \"definition\": \"mine\"}\n"}) {
    v1::Evaluation evaluation;
    EXPECT_THAT(AddMeasuredValues(text, evaluation), FailsWith(ErrorReason::VALUE_INVALID)) << text;
  }
}

}  // namespace
}  // namespace cairn::cli
