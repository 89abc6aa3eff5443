// Webhooks and their positions in a store.

#include "server/webhooks/webhook_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lib/base/errors.h"
#include "server/storage/memory_store.h"
#include "server/tracking/merge_records.h"
#include "tests/testing/status_matchers.h"

namespace cairn::webhooks {
namespace {

using testing::IsOk;

class WebhookStoreTest : public ::testing::Test {
 protected:
  static internal::WebhookRecord Record(const std::string& name) {
    internal::WebhookRecord record;
    record.set_name(name);
    record.set_url("https://example.org/hook");
    auto& event = *record.add_events();
    event.set_entity(1);
    event.set_action(1);
    return record;
  }

  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore(tracking::MergeRecords);
  WebhookStore webhooks_{*store_, SystemIds(), SystemClock(), {}};
};

TEST_F(WebhookStoreTest, KeepsWhatItIsGiven) {
  const auto made = webhooks_.Create(Record("a"));
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(IsUuid4(made->id));
  const auto found = webhooks_.Get(made->id);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->record.name(), "a");
  EXPECT_EQ(webhooks_.List()->size(), 1U);
  EXPECT_THAT(webhooks_.Delete(made->id), IsOk());
  EXPECT_EQ(webhooks_.Get(made->id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(webhooks_.Delete(made->id).code(), absl::StatusCode::kNotFound);
}

TEST_F(WebhookStoreTest, PositionsAreKeptBesideAndBeginBehindTheMaking) {
  const auto made = webhooks_.Create(Record("a"));
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(*webhooks_.ReadPosition(*made), (Position{made->record.after_revision() + 1, 0}));
  const Position later{made->record.after_revision() + 7, 2};
  ASSERT_THAT(webhooks_.WritePosition(made->id, later), IsOk());
  EXPECT_EQ(*webhooks_.ReadPosition(*made), later);
  ASSERT_THAT(webhooks_.Delete(made->id), IsOk());
  EXPECT_TRUE(absl::IsAborted(webhooks_.WritePosition(made->id, later)));
}

TEST_F(WebhookStoreTest, WhoIsEnabledAgainHearsOfWhatComesThen) {
  const auto made = webhooks_.Create(Record("a"));
  ASSERT_THAT(made, IsOk());
  const auto set_disabled = [&](bool disabled) {
    return webhooks_.Update(made->id, [disabled](auto& record) { record.set_disabled(disabled); });
  };
  ASSERT_THAT(set_disabled(true), IsOk());
  ASSERT_THAT(webhooks_.Create(Record("another")), IsOk());
  const auto enabled = set_disabled(false);
  ASSERT_THAT(enabled, IsOk());
  EXPECT_GT(enabled->record.after_revision(), made->record.after_revision() + 1);
  EXPECT_EQ(webhooks_.ReadPosition(*enabled)->revision, enabled->record.after_revision() + 1);
}

TEST_F(WebhookStoreTest, AChangeIsCheckedAsAWhole) {
  const auto made = webhooks_.Create(Record("a"));
  ASSERT_THAT(made, IsOk());
  const auto refused =
      webhooks_.Update(made->id, [](auto& record) { record.set_url("https://127.0.0.1/"); });
  EXPECT_EQ(ReasonOf(refused.status()), "VALUE_INVALID");
  EXPECT_EQ(webhooks_.Get(made->id)->record.url(), "https://example.org/hook");
}

TEST_F(WebhookStoreTest, ThereIsALimit) {
  for (size_t i = 0; i < WebhookStore::kMaxWebhooks; ++i) {
    ASSERT_THAT(webhooks_.Create(Record("a")), IsOk());
  }
  EXPECT_EQ(ReasonOf(webhooks_.Create(Record("a")).status()), "TOO_LARGE");
}

}  // namespace
}  // namespace cairn::webhooks
