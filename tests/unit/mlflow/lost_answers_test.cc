#include "server/mlflow/lost_answers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/departure.h"
#include "lib/http/responder.h"

namespace cairn::mlflow {
namespace {

// One client's request, and what it was told to do.
struct Asked {
  std::shared_ptr<http::Departure> departure = std::make_shared<http::Departure>();
  http::Responder responder{[](http::Response) {}, departure};
  std::shared_ptr<LostAnswers::Call> call;
  std::string answer;
  int turns = 0;

  void Leave() const {
    departure->Lose();
    departure->Depart();
  }
};

class LostAnswersTest : public ::testing::Test {
 protected:
  Asked& Ask(const std::string& key) {
    Asked& asked = *asked_.emplace_back(std::make_unique<Asked>());
    answers_.Enter(key, asked.responder, now_,
                   [&asked](std::shared_ptr<LostAnswers::Call> call, const std::string& answer) {
                     ++asked.turns;
                     asked.call = std::move(call);
                     asked.answer = answer;
                   });
    return asked;
  }
  void End(const Asked& asked, const std::string& answer) {
    answers_.End(asked.call, &answer, now_);
  }

  int64_t now_ = 1000;
  LostAnswers answers_;
  std::vector<std::unique_ptr<Asked>> asked_;
};

TEST_F(LostAnswersTest, GoToWhoAsksAgain) {
  const Asked& first = Ask("k");
  ASSERT_NE(first.call, nullptr);
  End(first, "run 1");
  first.Leave();
  const Asked& second = Ask("k");
  EXPECT_EQ(second.call, nullptr);
  EXPECT_EQ(second.answer, "run 1");
  second.Leave();
  EXPECT_EQ(Ask("k").answer, "run 1");
}

TEST_F(LostAnswersTest, AreNoneIfTheyArrived) {
  const Asked& first = Ask("k");
  End(first, "run 1");
  EXPECT_NE(Ask("k").call, nullptr) << "the connection stands";
  const Asked& third = Ask("k");
  End(third, "run 3");
  third.departure->Depart();
  EXPECT_NE(Ask("k").call, nullptr) << "the client left with it";
}

TEST_F(LostAnswersTest, AreOfOneKeyOnly) {
  const Asked& first = Ask("k");
  End(first, "run 1");
  first.Leave();
  EXPECT_NE(Ask("other").call, nullptr);
}

TEST_F(LostAnswersTest, EqualRequestsAtTheSameTimeAreCallsOfTheirOwn) {
  const Asked& first = Ask("k");
  const Asked& second = Ask("k");
  ASSERT_NE(first.call, nullptr);
  ASSERT_NE(second.call, nullptr);
  EXPECT_NE(first.call, second.call);
  End(first, "run 1");
  End(second, "run 2");
}

TEST_F(LostAnswersTest, OneThatRunsOnIsWaitedFor) {
  const Asked& first = Ask("k");
  first.Leave();
  const Asked& second = Ask("k");
  EXPECT_EQ(second.turns, 0);
  End(first, "run 1");
  EXPECT_EQ(second.turns, 1);
  EXPECT_EQ(second.answer, "run 1");
  EXPECT_NE(Ask("k").call, nullptr) << "the second one has it";
}

TEST_F(LostAnswersTest, OneThatFailsIsMadeByWhoWaited) {
  const Asked& first = Ask("k");
  first.Leave();
  const Asked& second = Ask("k");
  const Asked& third = Ask("k");
  answers_.End(first.call, nullptr, now_);
  EXPECT_NE(second.call, nullptr);
  EXPECT_NE(third.call, nullptr) << "the second is there, so the third is another one";
}

TEST_F(LostAnswersTest, AreForgottenAfterAWhile) {
  const Asked& first = Ask("k");
  End(first, "run 1");
  first.Leave();
  now_ += LostAnswers::kKeptSeconds + 1;
  EXPECT_NE(Ask("k").call, nullptr);
}

TEST_F(LostAnswersTest, AreBoundedInNumberAndBytes) {
  for (size_t i = 0; i <= LostAnswers::kMostAnswers; ++i) {
    const Asked& asked = Ask("k" + std::to_string(i));
    End(asked, "run");
    asked.Leave();
  }
  EXPECT_NE(Ask("k0").call, nullptr);
  EXPECT_EQ(Ask("k2").answer, "run");
  const Asked& large = Ask("large");
  End(large, std::string(LostAnswers::kMostBytes, 'x'));
  large.Leave();
  EXPECT_EQ(Ask("large").call, nullptr);
  EXPECT_NE(Ask("k3").call, nullptr);
}

TEST(LostAnswersKey, TellsCallerPathAndBodyApart) {
  EXPECT_EQ(LostAnswers::KeyOf("a", "b", "c"), LostAnswers::KeyOf("a", "b", "c"));
  EXPECT_NE(LostAnswers::KeyOf("ab", "", "c"), LostAnswers::KeyOf("a", "b", "c"));
}

}  // namespace
}  // namespace cairn::mlflow
