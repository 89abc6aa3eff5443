// The table of methods: whole for the real server, and refused for every way of not being so.

#include "server/service/method_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/server.pb.h"
#include "server/artifacts/manifest_blob.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/service/methods.h"
#include "server/service/resources.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using service::Method;
using testing::HasSubstr;

// Every service whose protos are linked and which the server is to serve; gRPC itself serves health
// and reflection.
std::set<const ServiceDescriptor*> ServicesOfTheApi() {
  std::set<const ServiceDescriptor*> services;
  for (const char* file :
       {"cairn/v1/tracking.proto", "cairn/v1/datasets.proto", "cairn/v1/artifacts.proto",
        "cairn/v1/registry.proto", "cairn/v1/promotion.proto", "cairn/v1/server.proto",
        "google/longrunning/operations.proto"}) {
    const auto* proto = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file);
    for (int i = 0; i < proto->service_count(); ++i) services.insert(proto->service(i));
  }
  return services;
}

class WholeTableTest : public RpcTest {
 protected:
  WholeTableTest() {
    artifacts::BlobStoreOptions options;
    options.directory = directory_;
    blobs_ = *artifacts::OpenBlobStore(options, *store_, SystemClock());
    // NOLINTNEXTLINE(modernize-make-unique): an aggregate
    backends_.reset(new service::Backends{*store_,
                                          SystemIds(),
                                          SystemClock(),
                                          searcher_,
                                          *folder_,
                                          leases_,
                                          purger_,
                                          operations_,
                                          *blobs_,
                                          artifacts::MakeManifestLoader(*blobs_),
                                          {}});
    auto table = service::MakeMethodTable(*backends_);
    EXPECT_TRUE(table.ok()) << table.status();
    if (table.ok()) table_ = *std::move(table);
  }
  ~WholeTableTest() override {
    blobs_.reset();
    std::filesystem::remove_all(directory_);
  }

  const std::string directory_ = testing::TempDir() + "/method_table_" +
                                 testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<const service::Backends> backends_;
  std::unique_ptr<const service::MethodTable> table_;
};

TEST_F(WholeTableTest, EveryMethodOfEveryServiceHasARowAndAVerb) {
  size_t methods = 0;
  for (const ServiceDescriptor* service : ServicesOfTheApi()) {
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const std::string path = service->full_name() + "/" + service->method(i)->name();
      const Method* row = table_->Find(path);
      ASSERT_NE(row, nullptr) << path;
      EXPECT_EQ(row->descriptor, service->method(i));
      EXPECT_NE(row->rule.verb(), v1::VERB_UNSPECIFIED) << path;
    }
  }
  EXPECT_EQ(table_->methods().size(), methods);
  EXPECT_EQ(table_->Find("cairn.v1.TrackingService/Nothing"), nullptr);
}

// What a caller needs is said: a resource, that the answer is filtered, or the server as a whole
// for what has no resource.
TEST_F(WholeTableTest, AReadOfNothingInParticularIsFilteredOrOfTheWholeServer) {
  const std::set<std::string> of_the_server = {
      "cairn.v1.ArtifactService/FindMissingBlobs", "cairn.v1.ArtifactService/BatchReadBlobs",
      "cairn.v1.ArtifactService/QueryWriteStatus", "cairn.v1.ArtifactService/Read",
      "cairn.v1.ArtifactService/SplitBlob",        "cairn.v1.ArtifactService/GetBlobUsage"};
  for (const Method* row : table_->methods()) {
    if (row->rule.verb() != v1::READ || row->rule.resource_size() > 0) continue;
    EXPECT_EQ(row->rule.filtered(), of_the_server.count(row->path) == 0) << row->path;
  }
}

// Whoever changes something can check first and repeat safely, whatever the method.
TEST_F(WholeTableTest, EveryChangeCanBeCheckedAndRepeated) {
  const std::set<std::string> counts_instead = {"cairn.v1.ArtifactService/CollectGarbage",
                                                "cairn.v1.ArtifactService/ScrubBlobs"};
  for (const Method* row : table_->methods()) {
    const bool ours = row->path.starts_with("cairn.v1.");
    if (!ours || !std::holds_alternative<service::ChangeFunction>(row->serve)) continue;
    const bool idempotent = row->descriptor->options().idempotency_level() ==
                            google::protobuf::MethodOptions::IDEMPOTENT;
    EXPECT_TRUE(row->request_id != nullptr || idempotent) << row->path;
    EXPECT_EQ(row->validate_only != nullptr, counts_instead.count(row->path) == 0) << row->path;
  }
}

TEST_F(WholeTableTest, AMethodThatOnlyReadsTakesNoRequestId) {
  for (const Method* row : table_->methods()) {
    EXPECT_TRUE(!row->only_reads || row->request_id == nullptr) << row->path;
  }
}

// What WholeTableTest's rows find in a request.
TEST_F(WholeTableTest, ResourcesAreThoseThatTheRequestNames) {
  using Names = std::vector<std::string>;
  v1::UpdateRunRequest update;
  const Method& update_run = *table_->Find("cairn.v1.TrackingService/UpdateRun");
  EXPECT_EQ(service::ResourcesOf(update_run, update), Names());
  update.mutable_run()->set_name("experiments/1/runs/2");
  EXPECT_EQ(service::ResourcesOf(update_run, update), Names{"experiments/1/runs/2"});
  v1::SearchRunsRequest search;
  search.add_parents("experiments/7");
  search.add_parents("experiments/8");
  EXPECT_EQ(service::ResourcesOf(*table_->Find("cairn.v1.TrackingService/SearchRuns"), search),
            (Names{"experiments/7", "experiments/8"}));
  v1::DiffDatasetVersionsRequest diff;
  diff.set_to("datasets/a/versions/2");
  EXPECT_EQ(
      service::ResourcesOf(*table_->Find("cairn.v1.DatasetService/DiffDatasetVersions"), diff),
      Names{"datasets/a/versions/2"});
  EXPECT_EQ(service::ResourcesOf(*table_->Find("cairn.v1.AdminService/GetServerInfo"),
                                 v1::GetServerInfoRequest()),
            Names());
}

class TableFaultsTest : public UseCaseTest {
 protected:
  using Registry = std::function<void(service::MethodTableBuilder&)>;

  // What Build says of a table of AdminService with these rows.
  std::string FaultsOf(const std::string& service, const Registry& add) {
    service::MethodTableBuilder builder(*store_);
    builder.Of(ServiceNamed(service));
    add(builder);
    return std::string(builder.Build().status().message());
  }

  static constexpr auto kRead = [](const service::Caller&, const auto&) {
    return absl::StatusOr<v1::ServerInfo>(v1::ServerInfo());
  };
  static constexpr auto kPlan = [](const storage::Snapshot&, const auto&) {
    return absl::StatusOr<storage::Plan>(storage::Plan());
  };
};

TEST_F(TableFaultsTest, AMethodWithoutARow) {
  EXPECT_THAT(FaultsOf("cairn.v1.AdminService", [](auto&) {}),
              HasSubstr("cairn.v1.AdminService/GetServerInfo has no row"));
}

TEST_F(TableFaultsTest, ARowWithoutAMethodAndTwoForOne) {
  const std::string faults = FaultsOf("cairn.v1.AdminService", [](auto& table) {
    table.template Answers<v1::GetServerInfoRequest>("GetServerInfo", kRead);
    table.template Answers<v1::GetServerInfoRequest>("GetServerInfo", kRead);
    table.template Answers<v1::GetServerInfoRequest>("GetEverything", kRead);
  });
  EXPECT_THAT(faults, HasSubstr("has no method GetEverything"));
  EXPECT_THAT(faults, HasSubstr("GetServerInfo has two rows"));
}

TEST_F(TableFaultsTest, ARequestOfAnotherType) {
  EXPECT_THAT(FaultsOf("cairn.v1.AdminService",
                       [](auto& table) {
                         table.template Answers<v1::GetRunRequest>("GetServerInfo", kRead);
                       }),
              HasSubstr("takes cairn.v1.GetServerInfoRequest, not cairn.v1.GetRunRequest"));
}

TEST_F(TableFaultsTest, AReadThatPlansAChange) {
  EXPECT_THAT(FaultsOf("cairn.v1.AdminService",
                       [](auto& table) {
                         table.template Changes<v1::GetServerInfoRequest>("GetServerInfo", kPlan);
                       }),
              HasSubstr("has no side effects and plans a change"));
}

TEST_F(TableFaultsTest, AFunctionOfAnotherKind) {
  EXPECT_THAT(FaultsOf("cairn.v1.TrackingService",
                       [](auto& table) {
                         table.template Answers<v1::ReadMetricsRequest>("ReadMetrics", kRead);
                       }),
              HasSubstr("ReadMetrics is of another kind than its function"));
}

// Google's operations carry no options of ours: without rules of their own nobody may call them.
TEST_F(TableFaultsTest, AMethodWithoutAVerb) {
  EXPECT_THAT(FaultsOf("google.longrunning.Operations",
                       [](auto& table) { table.LeftToTransport("WaitOperation"); }),
              HasSubstr("WaitOperation has no verb"));
}

// Kind of fault: a rule that the adapter of the method's kind cannot follow.
TEST_F(TableFaultsTest, ARuleThatItsKindCannotFollow) {
  const auto faults_of = [this](const v1::MethodRule& rule, const std::string& method,
                                const Registry& add) {
    service::MethodTableBuilder builder(*store_);
    service::ForeignRule foreign;
    foreign.rule = rule;
    foreign.rule.set_verb(v1::LOG);
    builder.Of(ServiceNamed("cairn.v1.TrackingService"), {{method, foreign}});
    add(builder);
    return std::string(builder.Build().status().message());
  };
  const Registry stream = [](auto& table) {
    table.template Streams<v1::ReadMetricsRequest>(
        "ReadMetrics",
        [](const service::Caller&,
           const v1::ReadMetricsRequest&) -> absl::StatusOr<std::unique_ptr<service::PartSource>> {
          return absl::UnimplementedError("");
        });
  };
  v1::MethodRule rule;
  EXPECT_THAT(faults_of(rule, "ReadMetrics", stream), HasSubstr("would be served inline"));
  rule.set_effort(v1::CPU);
  EXPECT_THAT(faults_of(rule, "ReadMetrics", stream),
              testing::Not(HasSubstr("ReadMetrics is a stream")));
  rule.set_max_in_flight(3);
  EXPECT_THAT(faults_of(rule, "ReadMetrics", stream), HasSubstr("has no bound of its own"));
  rule.Clear();
  rule.set_large_request(true);
  EXPECT_THAT(faults_of(rule, "UpdateRun",
                        [](auto& table) {
                          table.template Changes<v1::UpdateRunRequest>("UpdateRun", kPlan);
                        }),
              HasSubstr("UpdateRun has large requests and does not answer them"));
}

TEST_F(TableFaultsTest, AResourceThatLeadsNowhere) {
  for (const char* path : {"nothing", "name.more", "timeout", "timeout.seconds", ""}) {
    service::MethodTableBuilder builder(*store_);
    service::ForeignRule rule;
    rule.rule.set_verb(v1::READ);
    rule.rule.add_resource(path);
    builder.Of(ServiceNamed("google.longrunning.Operations"), {{"WaitOperation", rule}});
    builder.LeftToTransport("WaitOperation");
    EXPECT_THAT(std::string(builder.Build().status().message()),
                HasSubstr("which is no text of its request"))
        << path;
  }
}

}  // namespace
}  // namespace cairn
