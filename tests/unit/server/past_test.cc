// Channels, policies, aliases and versions as they were: by revision and by time.

#include "server/registry/past.h"

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "server/storage/keyspace.h"
#include "tests/unit/server/channel_fixture.h"

namespace cairn::registry {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using internal::ModelVersionStateRecord;
using ::testing::ElementsAre;
using v1::ModelVersion;

constexpr uint64_t kPastSeed = 20261130;
constexpr int kSteps = 150;
constexpr int kMostVersions = 8;

// A moment, by its revision or by a time.
struct Then {
  storage::Revision revision = 0;
  int64_t unix_nanos = 0;
};

template <typename Request>
Request AsOfRevision(Request request, storage::Revision revision) {
  request.set_as_of_revision(revision);
  return request;
}
template <typename Request>
Request AsOfTime(Request request, int64_t unix_nanos) {
  *request.mutable_as_of_time() = ToTimestamp(unix_nanos);
  return request;
}

// The answer's bytes, or that there is nothing.
template <typename Message>
std::string Told(const absl::StatusOr<Message>& answer) {
  if (answer.ok()) return DeterministicBytes(*answer);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kNotFound) << answer.status();
  return "not there: " + ReasonOf(answer.status());
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

class PastTest : public ChannelTest {
 protected:
  using Answers = std::map<std::string, std::string>;

  // What everything is told to be, asked by `ask`, which sets the moment.
  template <typename Ask>
  Answers ReadAll(const Ask& ask) {
    Answers answers;
    const auto now = Now();
    for (const char* channel : {kProduction, kStaging}) {
      answers[channel] = Told(GetChannel(*now, ask(Named<v1::GetChannelRequest>(channel))));
      v1::ListDecisionsRequest list;
      list.set_parent(channel);
      list.set_page_size(1000);
      answers[std::string(channel) + "/decisions"] = Told(ListDecisions(*now, ask(list)));
    }
    for (const char* policy : {"policies/production", "policies/staging"}) {
      answers[policy] = Told(GetPolicy(*now, ask(Named<v1::GetPolicyRequest>(policy))));
    }
    std::vector<std::string> versions = {"models/churn/versions/latest", "models/churn/aliases/a",
                                         "models/churn/aliases/b"};
    for (int i = 1; i <= kMostVersions; ++i) versions.push_back(ChurnVersion(i));
    for (const std::string& version : versions) {
      answers[version] =
          Told(GetModelVersion(*now, ask(Named<v1::GetModelVersionRequest>(version))));
    }
    return answers;
  }
  Answers ReadNow() {
    return ReadAll([](auto request) { return request; });
  }
  Answers ReadAt(storage::Revision revision) {
    return ReadAll([&](auto request) { return AsOfRevision(request, revision); });
  }
  Answers ReadAtTime(int64_t unix_nanos) {
    return ReadAll([&](auto request) { return AsOfTime(request, unix_nanos); });
  }

  // Changes something, or is refused.
  bool Change(std::mt19937_64& rng) {
    const std::string channel = rng() % 3 == 0 ? kStaging : kProduction;
    const std::string policy = channel == kStaging ? "staging" : "production";
    const auto version = static_cast<int64_t>(1 + rng() % kMostVersions);
    switch (rng() % 12) {
      case 0:
      case 1:
        return versions_ < kMostVersions && Register(0.1 * static_cast<double>(rng() % 9)).ok() &&
               ++versions_ > 0;
      case 2:
        return Govern(policy, 0.1 * static_cast<double>(rng() % 5)).ok();
      case 3:
        return rng() % 3 == 0 && LeaveUngoverned(policy).ok();
      case 4:
      case 5:
        return Promote(channel, rng() % 2 == 0 ? version : 0).ok();
      case 6:
        return Rollback(channel).ok();
      case 7:
        return Hold(channel, version).ok();
      case 8:
        return Release(channel, version).ok();
      case 9:
        return Override(channel, version).ok();
      case 10:
        return SetAlias(rng() % 2 == 0 ? "a" : "b", version).ok();
      default:
        return DeleteAlias(rng() % 2 == 0 ? "a" : "b").ok();
    }
  }

  // What is recorded reads back, by revision and by any time until the next change.
  void ExpectRecorded() {
    for (size_t i = 0; i < recorded_.size(); ++i) {
      const auto& [then, answers] = recorded_[i];
      ASSERT_EQ(ReadAt(then.revision), answers) << "revision " << then.revision;
      ASSERT_EQ(ReadAtTime(then.unix_nanos), answers) << "revision " << then.revision;
    }
  }

  int versions_ = 0;
  std::vector<std::pair<Then, Answers>> recorded_;
};

TEST_F(PastTest, EverythingReadsBackAsItWasAtEachRevisionAndTime) {
  SCOPED_TRACE(kPastSeed);
  std::mt19937_64 rng(kPastSeed);
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  ASSERT_THAT(Register(0.5), IsOk());
  ++versions_;
  int changed = 0;
  for (int step = 0; step < kSteps; ++step) {
    changed += Change(rng) ? 1 : 0;
    // What has nothing to do with it makes revisions too.
    if (rng() % 4 == 0) CreateRun();
    const int64_t time = Tick();
    recorded_.push_back({{Revision(), time}, ReadNow()});
  }
  EXPECT_GT(changed, kSteps / 3);
  ExpectRecorded();

  // The events may go.
  storage::WriteSet trim;
  trim.TrimEventsBefore(Revision() + 1);
  ASSERT_THAT(store_->CommitAndWait(std::move(trim)), IsOk());
  ASSERT_THAT(store_->ScanEvents(1, [](const auto&) { return true; }),
              FailsWith(ErrorReason::EVENTS_COMPACTED));
  ExpectRecorded();
}

TEST_F(PastTest, HoldsAreToldAsTheyWere) {
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  ASSERT_THAT(Register(0.5), IsOk());
  ASSERT_THAT(Hold(kProduction, 1), IsOk());
  const storage::Revision held = Revision();
  ASSERT_THAT(Release(kProduction, 1), IsOk());
  const auto request = Named<v1::GetChannelRequest>(kProduction);
  const auto then = GetChannel(*Now(), AsOfRevision(request, held));
  ASSERT_THAT(then, IsOk());
  ASSERT_EQ(then->holds_size(), 1);
  EXPECT_EQ(then->holds(0).reason(), "leaks");
  EXPECT_TRUE(GetChannel(*Now(), request)->holds().empty());
}

TEST_F(PastTest, AThousandHoldsAreNoImageOfTheEntryAndReadBackAllTheSame) {
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  ASSERT_THAT(Register(0.5), IsOk());
  internal::ChannelRecord record;
  auto& channel = *record.mutable_channel();
  channel = *GetChannel(*Now(), Named<v1::GetChannelRequest>(kProduction));
  channel.clear_etag();
  for (int i = 0; i < 1000; ++i) {
    channel.add_holds()->set_version(ChurnVersion(i + 2));
    channel.mutable_holds(i)->set_reason(std::string(400, 'r'));
  }
  storage::WriteSet set;
  set.PutRecord(storage::ChannelKey("churn", "production"), record.SerializeAsString())
      .Audit(v1::Event::CHANNEL_UPDATED, kProduction, record.SerializeAsString());
  const auto large = store_->CommitAndWait(std::move(set));
  ASSERT_THAT(large, IsOk());
  ASSERT_THAT(Govern("production", 0.3), IsOk());
  const auto then =
      GetChannel(*Now(), AsOfRevision(Named<v1::GetChannelRequest>(kProduction), *large));
  ASSERT_THAT(then, IsOk());
  EXPECT_EQ(then->holds_size(), 1000);
}

TEST_F(PastTest, ARevisionThatIsNotThereYetAndTwoMomentsAtOnceAreRefused) {
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  const auto request = Named<v1::GetChannelRequest>(kProduction);
  const auto future = GetChannel(*Now(), AsOfRevision(request, Revision() + 1)).status();
  EXPECT_THAT(future, FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_EQ(MetadataOf(future, "currentRevision"), std::to_string(Revision()));
  EXPECT_THAT(GetChannel(*Now(), AsOfRevision(request, -1)), FailsWith(ErrorReason::VALUE_INVALID));
  EXPECT_THAT(GetChannel(*Now(), AsOfTime(AsOfRevision(request, 1), kStart)),
              FailsWith(ErrorReason::VALUE_INVALID));
  auto far = request;
  far.mutable_as_of_time()->set_seconds(int64_t{1} << 40);
  EXPECT_THAT(GetChannel(*Now(), far), FailsWith(ErrorReason::VALUE_INVALID));
}

TEST_F(PastTest, AnAliasIsOneHoweverItsNameIsSpelt) {
  ASSERT_THAT(Register(0.5), IsOk());
  ASSERT_THAT(SetAlias("%61", 1), IsOk());
  const storage::Revision set = Revision();
  ASSERT_THAT(DeleteAlias("%61"), IsOk());
  const auto request = Named<v1::GetModelVersionRequest>("models/churn/aliases/a");
  EXPECT_THAT(GetModelVersion(*Now(), AsOfRevision(request, set)), IsOk());
  EXPECT_THAT(GetModelVersion(*Now(), AsOfRevision(request, Revision())),
              FailsWith(ErrorReason::ALIAS_NOT_FOUND));
}

TEST_F(PastTest, WhatWasNotThereYetIsNotFound) {
  const storage::Revision before = Revision();
  ASSERT_THAT(Register(0.5), IsOk());
  ASSERT_THAT(SetAlias("a", 1), IsOk());
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  const auto channel =
      GetChannel(*Now(), AsOfRevision(Named<v1::GetChannelRequest>(kProduction), before)).status();
  EXPECT_THAT(channel, FailsWith(ErrorReason::CHANNEL_NOT_FOUND));
  EXPECT_EQ(MetadataOf(channel, "asOfRevision"), std::to_string(before));
  const auto version = [&](const std::string& name) {
    return GetModelVersion(*Now(), AsOfRevision(Named<v1::GetModelVersionRequest>(name), before))
        .status();
  };
  EXPECT_THAT(version(ChurnVersion(1)), FailsWith(ErrorReason::MODEL_VERSION_NOT_FOUND));
  EXPECT_THAT(version("models/churn/versions/latest"),
              FailsWith(ErrorReason::MODEL_VERSION_NOT_FOUND));
  EXPECT_THAT(version("models/churn/aliases/a"), FailsWith(ErrorReason::ALIAS_NOT_FOUND));
  EXPECT_THAT(version("models/none/versions/1"), FailsWith(ErrorReason::MODEL_NOT_FOUND));
}

TEST_F(PastTest, OfAPolicyARevisionIsReadIfItWasThere) {
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  const storage::Revision first = Revision();
  ASSERT_THAT(Govern("production", 0.3), IsOk());
  auto request = AsOfRevision(Named<v1::GetPolicyRequest>("policies/production"), first);
  EXPECT_EQ(GetPolicy(*Now(), request)->revision(), 1);
  request.set_revision(1);
  EXPECT_EQ(GetPolicy(*Now(), request)->revision(), 1);
  request.set_revision(2);
  EXPECT_THAT(GetPolicy(*Now(), request), FailsWith(ErrorReason::POLICY_NOT_FOUND));
  EXPECT_EQ(GetPolicy(*Now(), AsOfRevision(request, Revision()))->revision(), 2);
}

TEST_F(PastTest, AChannelThatIsOlderThanTheAuditIsReadFromItsFirstEntryOn) {
  internal::ChannelRecord record;
  record.mutable_channel()->set_name(kProduction);
  storage::WriteSet old;
  old.PutRecord(storage::ChannelKey("churn", "production"), record.SerializeAsString());
  const auto made = store_->CommitAndWait(std::move(old));
  ASSERT_THAT(made, IsOk());
  const auto request = Named<v1::GetChannelRequest>(kProduction);
  // Nothing changed since.
  EXPECT_THAT(GetChannel(*Now(), AsOfRevision(request, *made)), IsOk());
  EXPECT_THAT(GetChannel(*Now(), AsOfRevision(request, *made - 1)),
              FailsWith(ErrorReason::CHANNEL_NOT_FOUND));

  ASSERT_THAT(Govern("staging", 0.2), IsOk());
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  const storage::Revision changed = Revision();
  for (storage::Revision revision = *made; revision < changed; ++revision) {
    const auto lost = GetChannel(*Now(), AsOfRevision(request, revision)).status();
    EXPECT_THAT(lost, FailsWith(ErrorReason::PAST_NOT_KEPT)) << revision;
    EXPECT_EQ(lost.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(MetadataOf(lost, "oldestRevision"), std::to_string(changed));
  }
  EXPECT_THAT(GetChannel(*Now(), AsOfRevision(request, changed)), IsOk());
  EXPECT_THAT(GetChannel(*Now(), AsOfRevision(request, *made - 1)),
              FailsWith(ErrorReason::CHANNEL_NOT_FOUND));
}

TEST_F(PastTest, AnAliasWhoseFirstEntryIsItsDeletionWasThere) {
  ASSERT_THAT(Register(0.5), IsOk());
  internal::AliasRecord record;
  record.mutable_alias()->set_name("models/churn/aliases/a");
  record.mutable_alias()->set_version(1);
  storage::WriteSet old;
  old.PutRecord(storage::AliasKey("churn", "a"), record.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(old)), IsOk());
  ASSERT_THAT(SetAlias("b", 1), IsOk());
  const storage::Revision then = Revision();
  ASSERT_THAT(DeleteAlias("a"), IsOk());
  const auto request = Named<v1::GetModelVersionRequest>("models/churn/aliases/a");
  EXPECT_THAT(GetModelVersion(*Now(), AsOfRevision(request, then)),
              FailsWith(ErrorReason::PAST_NOT_KEPT));
}

// What may change of versions is written as an entry says that it was left.
class VersionPastTest : public PastTest {
 protected:
  storage::Revision Leave(int64_t number, const std::string& image) {
    Tick();
    storage::WriteSet set;
    const storage::Key state = storage::ModelVersionStateKey("churn", number);
    if (image.empty()) {
      set.Delete(storage::ModelVersionKey("churn", number)).Delete(state);
    } else {
      set.PutRecord(state, image);
    }
    set.Audit(image.empty() ? v1::Event::MODEL_VERSION_DELETED : v1::Event::MODEL_VERSION_UPDATED,
              ChurnVersion(number), image);
    const auto committed = store_->CommitAndWait(std::move(set));
    EXPECT_THAT(committed, IsOk());
    return committed.value_or(0);
  }
  storage::Revision Leave(int64_t number, ModelVersion::State state,
                          const std::string& description) {
    ModelVersionStateRecord record;
    record.set_state(state);
    record.set_description(description);
    (*record.mutable_tags())["stage"] = "later";
    record.mutable_update_time()->set_seconds(7);
    return Leave(number, record.SerializeAsString());
  }

  absl::StatusOr<ModelVersion> Read(const std::string& name, storage::Revision revision) {
    return GetModelVersion(*Now(), AsOfRevision(Named<v1::GetModelVersionRequest>(name), revision));
  }
};

TEST_F(VersionPastTest, StateDescriptionAndTagsAreThoseOfTheLastEntryByThen) {
  ASSERT_THAT(Register(0.5), IsOk());
  const storage::Revision registered = Revision();
  const storage::Revision archived = Leave(1, ModelVersion::ARCHIVED, "of no use");
  const storage::Revision restored = Leave(1, ModelVersion::READY, "of some use");

  const auto first = Read(ChurnVersion(1), registered);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->state(), ModelVersion::READY);
  EXPECT_EQ(first->description(), "as registered");
  EXPECT_EQ(first->tags().at("team"), "crm");
  EXPECT_FALSE(first->has_update_time());
  const auto second = Read(ChurnVersion(1), archived);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->state(), ModelVersion::ARCHIVED);
  EXPECT_EQ(second->description(), "of no use");
  EXPECT_EQ(second->tags().count("team"), 0u);
  EXPECT_EQ(second->update_time().seconds(), 7);
  EXPECT_NE(second->etag(), first->etag());
  // What was registered stays.
  EXPECT_EQ(second->sha256(), first->sha256());
  EXPECT_EQ(Read(ChurnVersion(1), restored)->description(), "of some use");
}

TEST_F(VersionPastTest, LatestIsTheNewestThatWasReady) {
  ASSERT_THAT(Register(0.5), IsOk());
  const storage::Revision one = Revision();
  ASSERT_THAT(Register(0.6), IsOk());
  const storage::Revision two = Revision();
  const storage::Revision archived = Leave(2, ModelVersion::ARCHIVED, "");
  const storage::Revision restored = Leave(2, ModelVersion::READY, "");
  const auto latest = [&](storage::Revision revision) {
    return Read("models/churn/versions/latest", revision)->name();
  };
  EXPECT_EQ(latest(one), ChurnVersion(1));
  EXPECT_EQ(latest(two), ChurnVersion(2));
  EXPECT_EQ(latest(archived), ChurnVersion(1));
  EXPECT_EQ(latest(restored), ChurnVersion(2));
}

TEST_F(VersionPastTest, AVersionThatWasDeletedSinceCannotBeRead) {
  ASSERT_THAT(Register(0.5), IsOk());
  ASSERT_THAT(Register(0.6), IsOk());
  const storage::Revision ready = Revision();
  const storage::Revision archived = Leave(2, ModelVersion::ARCHIVED, "");
  const storage::Revision deleted = Leave(2, "");
  ASSERT_THAT(Register(0.7), IsOk());
  for (const storage::Revision revision : {ready, archived}) {
    const auto lost = Read(ChurnVersion(2), revision).status();
    EXPECT_THAT(lost, FailsWith(ErrorReason::PAST_NOT_KEPT)) << revision;
    EXPECT_EQ(MetadataOf(lost, "resource"), ChurnVersion(2));
  }
  EXPECT_THAT(Read(ChurnVersion(2), deleted), FailsWith(ErrorReason::MODEL_VERSION_NOT_FOUND));
  // Whether it was the latest is known once an entry tells its state.
  EXPECT_THAT(Read("models/churn/versions/latest", ready), FailsWith(ErrorReason::PAST_NOT_KEPT));
  EXPECT_EQ(Read("models/churn/versions/latest", archived)->name(), ChurnVersion(1));
  EXPECT_EQ(Read("models/churn/versions/latest", deleted)->name(), ChurnVersion(1));
  EXPECT_EQ(Read("models/churn/versions/latest", Revision())->name(), ChurnVersion(3));
}

TEST_F(VersionPastTest, AliasesOfAVersionAreThoseThatPointedAtIt) {
  ASSERT_THAT(Register(0.5), IsOk());
  ASSERT_THAT(Register(0.6), IsOk());
  ASSERT_THAT(SetAlias("b", 1), IsOk());
  ASSERT_THAT(SetAlias("a", 1), IsOk());
  const storage::Revision both = Revision();
  ASSERT_THAT(SetAlias("a", 2), IsOk());
  const storage::Revision moved = Revision();
  ASSERT_THAT(DeleteAlias("b"), IsOk());
  EXPECT_THAT(Read(ChurnVersion(1), both)->aliases(), ElementsAre("a", "b"));
  EXPECT_THAT(Read(ChurnVersion(1), moved)->aliases(), ElementsAre("b"));
  EXPECT_THAT(Read("models/churn/aliases/a", moved)->aliases(), ElementsAre("a"));
  EXPECT_THAT(Read(ChurnVersion(1), Revision())->aliases(), ElementsAre());
}

TEST_F(PastTest, WhyWasAnsweredByTheDecisionOfThen) {
  ASSERT_THAT(Govern("production", 0.4), IsOk());
  ASSERT_THAT(Register(0.3), IsOk());
  const auto refused = Promote(kProduction);
  ASSERT_THAT(refused, IsOk());
  const storage::Revision then = Revision();
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  const auto promoted = Promote(kProduction);
  ASSERT_THAT(promoted, IsOk());
  ASSERT_EQ(promoted->outcome(), v1::Decision::PROMOTED);

  auto request = AsOfRevision(Named<v1::ExplainRequest>(kProduction), then);
  const auto head = Explain(*Now(), request, Tick());
  ASSERT_THAT(head, IsOk());
  EXPECT_EQ(head->channel().epoch(), 0);
  EXPECT_EQ(head->decision().name(), "");
  request.set_version(ChurnVersion(1));
  const auto why = Explain(*Now(), request, Tick());
  ASSERT_THAT(why, IsOk());
  EXPECT_EQ(why->decision().name(), refused->name());
  EXPECT_EQ(why->candidate().verdict(), v1::FAIL);
  EXPECT_THAT(why->sentences(0), ::testing::HasSubstr(std::to_string(then)));
  request.set_as_of_revision(Revision());
  EXPECT_EQ(Explain(*Now(), request, Tick())->decision().name(), promoted->name());
  request.set_version(ChurnVersion(9));
  EXPECT_THAT(Explain(*Now(), request, Tick()), FailsWith(ErrorReason::DECISION_NOT_FOUND));
}

TEST_F(PastTest, AListOfThenIsPagedAndStaysTheSame) {
  ASSERT_THAT(Govern("production", 0.2), IsOk());
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(Register(0.3 + 0.1 * i), IsOk());
    newest_first.insert(newest_first.begin(), Promote(kProduction)->name());
  }
  v1::ListDecisionsRequest request;
  request.set_parent(kProduction);
  request.set_page_size(2);
  request.set_as_of_revision(Revision());
  std::vector<std::string> listed;
  do {
    ASSERT_THAT(Promote(kProduction, 1), IsOk());
    ASSERT_THAT(Register(0.9), IsOk());
    const auto page = ListDecisions(*Now(), request);
    ASSERT_THAT(page, IsOk());
    for (const auto& decision : page->decisions()) listed.push_back(decision.name());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, newest_first);
}

}  // namespace
}  // namespace cairn::registry
