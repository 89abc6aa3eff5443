#include "lib/promotion/stored_candidates.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "tests/testing/status_matchers.h"

namespace cairn::promotion {
namespace {

using cairn::internal::DecisionRecord;
using testing::FailsWith;
using testing::IsOk;

// The decision of the documentation.
DecisionRecord TwoCandidates() {
  DecisionRecord record;
  record.mutable_decision()->set_message("chosen");
  auto* chosen = record.mutable_decision()->add_candidates();
  chosen->set_version("models/m/versions/2");
  chosen->set_verdict(cairn::v1::PASS);
  auto* refused = record.mutable_decision()->add_candidates();
  refused->set_version("models/m/versions/1");
  refused->set_verdict(cairn::v1::FAIL);
  return record;
}

TEST(StoredCandidates, TheBytesOfTheDocumentation) {
  DecisionRecord record = TwoCandidates();
  const auto records = SplitCandidates(record);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(HexEncode(records[0]), "0a170a136d6f64656c732f6d2f76657273696f6e732f321001");
  EXPECT_EQ(HexEncode(records[1]), "0a170a136d6f64656c732f6d2f76657273696f6e732f311002");
  EXPECT_EQ(record.candidates_sha256(),
            "6658a5f48df0814a4e97616f0cee853559084392ba950f4a71d19e0eed84fe58");
}

TEST(StoredCandidates, AHeaderTakesBackWhatWasTakenFromIt) {
  DecisionRecord record = TwoCandidates();
  const auto records = SplitCandidates(record);
  EXPECT_TRUE(record.decision().candidates().empty());
  EXPECT_EQ(record.decision().candidate_count(), 2);
  EXPECT_EQ(record.decision().message(), "chosen");
  ASSERT_THAT(JoinCandidates(CandidatesValue(records), record), IsOk());
  ASSERT_EQ(record.decision().candidates_size(), 2);
  EXPECT_EQ(record.decision().candidates(0).version(), "models/m/versions/2");
  EXPECT_EQ(record.decision().candidates(1).verdict(), cairn::v1::FAIL);
}

TEST(StoredCandidates, WithoutCandidatesARecordStaysAsItIs) {
  DecisionRecord record;
  record.mutable_decision()->set_message("held");
  const std::string before = record.SerializeAsString();
  EXPECT_TRUE(SplitCandidates(record).empty());
  EXPECT_EQ(record.SerializeAsString(), before);
}

TEST(StoredCandidates, OtherCandidatesAreRefused) {
  DecisionRecord header = TwoCandidates();
  auto records = SplitCandidates(header);
  for (const auto& others : {std::vector<std::string>{records[0]},
                             {records[1], records[0]},
                             {records[0], records[0]},
                             {records[0] + records[1]},
                             std::vector<std::string>()}) {
    DecisionRecord record = header;
    EXPECT_THAT(JoinCandidates(CandidatesValue(others), record),
                FailsWith(ErrorReason::RECORD_CORRUPT));
    EXPECT_TRUE(record.decision().candidates().empty());
  }
  // A digest alone does not make a value one of candidates.
  for (const std::string value : {"", "5:other,", "19:cairn.candidates.v1,x"}) {
    DecisionRecord record = header;
    record.set_candidates_sha256(Sha256Hex(value));
    EXPECT_THAT(JoinCandidates(value, record), FailsWith(ErrorReason::RECORD_CORRUPT)) << value;
  }
  DecisionRecord more = header;
  more.mutable_decision()->set_candidate_count(3);
  EXPECT_THAT(JoinCandidates(CandidatesValue(records), more),
              FailsWith(ErrorReason::RECORD_CORRUPT));
}

}  // namespace
}  // namespace cairn::promotion
