#include "client-cli/commands/decision_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "client-cli/cli/terminal.h"

namespace cairn::cli {
namespace {

using ::testing::HasSubstr;

v1::Decision Refused() {
  v1::Decision decision;
  decision.set_channel("models/m/channels/production");
  decision.set_policy("policies/p");
  decision.set_policy_revision(2);
  decision.set_verdict(v1::FAIL);
  decision.set_outcome(v1::Decision::REFUSED);
  decision.set_message("no candidate passed");
  auto* candidate = decision.add_candidates();
  candidate->set_version("models/m/versions/1");
  candidate->set_verdict(v1::FAIL);
  candidate->add_would_flip("min_cluster_share of 0.02 or more");
  auto* check = candidate->add_checks();
  check->set_id("no-dust-segments");
  check->set_verdict(v1::FAIL);
  check->set_observed(0.004);
  check->set_needed(">= 0.02");
  check->set_margin(-0.016);
  return decision;
}

TEST(DecisionTextTest, ARefusalNamesTheGateAndWhatWouldTurnIt) {
  EXPECT_EQ(DecisionText(Refused()),
            "m#production refused: FAIL (dry run: nothing was stored)\n"
            "no candidate passed\n"
            "epoch 0 -> 0, policy p revision 2\n"
            "\n"
            "FAIL m@1\n"
            "  VERDICT  CHECK             OBSERVED  NEEDED   CHAMPION  MARGIN  MESSAGE\n"
            "  FAIL     no-dust-segments     0.004  >= 0.02         -  -0.016  -\n"
            "  would turn: min_cluster_share of 0.02 or more\n");
}

TEST(DecisionTextTest, OnANarrowTerminalTheMessagesOfWhatFailedStandBelow) {
  v1::Decision decision = Refused();
  decision.mutable_candidates(0)->mutable_checks(0)->set_message("0.004 is not >= 0.02");
  std::istringstream lines(DecisionText(decision, 60));
  std::string text;
  for (std::string line; std::getline(lines, line); text += line + "\n") {
    EXPECT_LE(DisplayWidth(line), 60u) << line;
  }
  EXPECT_NE(text.find("  no-dust-segments: 0.004 is not >= 0.02\n"), std::string::npos) << text;
}

TEST(DecisionTextTest, ANameThatDoesNotFitStandsWholeInALineOfItsOwn) {
  v1::Decision decision = Refused();
  decision.set_committed(true);
  const std::string name =
      "models/m/channels/production/decisions/0123456789abcdef0123456789abcdef";
  decision.set_name(name);
  EXPECT_THAT(DecisionText(decision, name.size() + 9), HasSubstr("\ndecision " + name + "\n"));
  EXPECT_THAT(DecisionText(decision, name.size() + 8), HasSubstr("\ndecision\n" + name + "\n"));
  EXPECT_THAT(DecisionText(decision, 0), HasSubstr("\ndecision " + name + "\n"));
}

TEST(DecisionTextTest, AnExplanationBeginsWithItsSentences) {
  v1::ExplainResponse explanation;
  explanation.add_sentences("Version 1 is not served.");
  explanation.add_sentences("It failed one gate.");
  EXPECT_EQ(ExplanationText(explanation), "Version 1 is not served.\nIt failed one gate.\n");
}

TEST(DecisionTextTest, SentencesThatRepeatTheTableAreLeftOut) {
  v1::ExplainResponse explanation;
  explanation.add_sentences("Version 1 is served.");
  explanation.add_sentences("no-dust-segments (PASS): a share of 0.2 is enough");
  explanation.mutable_candidate()->set_version("models/m/versions/1");
  const std::string text = ExplanationText(explanation);
  EXPECT_EQ(text.rfind("Version 1 is served.\n\n", 0), 0U) << text;
  EXPECT_EQ(text.find("is enough"), std::string::npos) << text;
}

}  // namespace
}  // namespace cairn::cli
