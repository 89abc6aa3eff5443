#ifndef CAIRN_TESTS_UNIT_SERVER_CHANNEL_FIXTURE_H_
#define CAIRN_TESTS_UNIT_SERVER_CHANNEL_FIXTURE_H_

#include <optional>
#include <string>

#include "cairn/v1/promotion.pb.h"
#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "server/registry/aliases.h"
#include "server/registry/holds.h"
#include "server/registry/override.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/registry/rollback.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {

inline std::string ChurnVersion(int64_t number) {
  return fmt::format("models/churn/versions/{}", number);
}

// The model churn and its channels, over a store whose clock the test moves: what is done at a call
// is committed at its time.
class ChannelTest : public UseCaseTest {
 protected:
  static constexpr const char* kProduction = "models/churn/channels/production";
  static constexpr const char* kStaging = "models/churn/channels/staging";

  ChannelTest() {
    storage::CommitterOptions options;
    options.clock = &clock_;
    store_ = storage::MakeMemoryStore(tracking::MergeRecords, options);
    EXPECT_THAT(tracking::EnsureDefaultExperiment(*store_, kStart), testing::IsOk());
  }
  // Before the clock goes.
  ~ChannelTest() override { store_.reset(); }

  // The next second, for the store's clock and for who calls.
  int64_t Tick() {
    clock_.AdvanceNanos(NextTime() - clock_.NowUnixNanos());
    return clock_.NowUnixNanos();
  }
  storage::Stamp By(const std::string& principal) { return {Tick(), principal}; }

  // The policy of the channel's name, which wants so much of silhouette.
  absl::Status Govern(const std::string& channel, double floor) {
    Tick();
    v1::ApplyPolicyRequest request;
    request.set_source(fmt::format(R"(
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {{name: {0}}}
spec:
  target: {{model: churn, channel: {0}}}
  evidence: {{trust: reported}}
  baseline: {{comparableOn: [dataset.digest]}}
  gates:
    - {{id: floor, metric: silhouette, pass: ">= {1}"}}
  choose:
    order:
      - {{field: version, direction: higher}}
)",
                                   channel, floor));
    return Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, By("pia"))).status();
  }

  absl::Status LeaveUngoverned(const std::string& policy) {
    v1::DeletePolicyRequest request;
    request.set_name("policies/" + policy);
    request.set_reason("no more");
    request.set_leave_ungoverned(true);
    return Apply<google::protobuf::Empty>(PlanDeletePolicy(*Now(), request, By("pia"))).status();
  }

  // The next version of the model.
  absl::Status Register(double silhouette) {
    Tick();
    v1::ModelVersion version;
    *version.add_files() = PutFile("model.bin", fmt::format("model {}", silhouette));
    version.set_description("as registered");
    (*version.mutable_tags())["team"] = "crm";
    v1::Evaluation evaluation;
    auto* measured = evaluation.add_values();
    measured->set_metric("silhouette");
    measured->set_value(silhouette);
    return CreateModelVersion("churn", version, "", evaluation).status();
  }

  absl::StatusOr<v1::Decision> Promote(const std::string& channel, int64_t version = 0) {
    v1::PromoteRequest request;
    request.set_name(channel);
    if (version != 0) request.set_version(ChurnVersion(version));
    std::optional<int64_t> epoch;
    return Apply<v1::Decision>(PlanPromote(*Now(), request, By("bot"), epoch));
  }

  absl::StatusOr<v1::Decision> Rollback(const std::string& channel) {
    v1::RollbackRequest request;
    request.set_name(channel);
    request.set_reason("half of all calls fail");
    std::optional<int64_t> epoch;
    return Apply<v1::Decision>(PlanRollback(*Now(), request, By("ann"), epoch));
  }

  absl::StatusOr<v1::Decision> Hold(const std::string& channel, int64_t version) {
    v1::HoldVersionRequest request;
    request.set_name(channel);
    request.set_version(ChurnVersion(version));
    request.set_reason("leaks");
    return Apply<v1::Decision>(PlanHoldVersion(*Now(), request, By("bea")));
  }

  absl::StatusOr<v1::Decision> Release(const std::string& channel, int64_t version) {
    v1::ReleaseVersionRequest request;
    request.set_name(channel);
    request.set_version(ChurnVersion(version));
    request.set_reason("measured again");
    return Apply<v1::Decision>(PlanReleaseVersion(*Now(), request, By("cem")));
  }

  absl::StatusOr<v1::Decision> Override(const std::string& channel, int64_t version) {
    v1::OverrideRequest request;
    request.set_name(channel);
    request.set_version(ChurnVersion(version));
    request.set_reason("signed off");
    std::optional<int64_t> epoch;
    return Apply<v1::Decision>(PlanOverride(*Now(), request, By("dan"), epoch));
  }

  absl::Status SetAlias(const std::string& alias, int64_t version) {
    v1::SetAliasRequest request;
    request.mutable_alias()->set_name("models/churn/aliases/" + alias);
    request.mutable_alias()->set_version(version);
    return Apply<v1::Alias>(PlanSetAlias(*Now(), request, By("eva"))).status();
  }

  absl::Status DeleteAlias(const std::string& alias) {
    Tick();
    v1::DeleteAliasRequest request;
    request.set_name("models/churn/aliases/" + alias);
    return Apply<google::protobuf::Empty>(PlanDeleteAlias(*Now(), request)).status();
  }

  ManualClock clock_{kStart};
};

}  // namespace cairn::registry

#endif  // CAIRN_TESTS_UNIT_SERVER_CHANNEL_FIXTURE_H_
