// The table of methods: whole for the real server, and refused for every way of not being so.

#include "server/service/method_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/server.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/views.pb.h"
#include "lib/base/files.h"
#include "server/auth/access_control.h"
#include "server/service/authorize.h"
#include "server/service/methods.h"
#include "server/service/resources.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/whole_table_fixture.h"

namespace cairn {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using service::Method;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

// Every service whose protos are linked and which the server is to serve; gRPC itself serves health
// and reflection.
std::set<const ServiceDescriptor*> ServicesOfTheApi() {
  std::set<const ServiceDescriptor*> services;
  for (const char* file :
       {"cairn/v1/tracking.proto", "cairn/v1/datasets.proto", "cairn/v1/artifacts.proto",
        "cairn/v1/evaluations.proto", "cairn/v1/registry.proto", "cairn/v1/promotion.proto",
        "cairn/v1/auth.proto", "cairn/v1/audit.proto", "cairn/v1/server.proto",
        "cairn/v1/views.proto", "cairn/v1/watch.proto", "google/longrunning/operations.proto"}) {
    const auto* proto = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file);
    for (int i = 0; i < proto->service_count(); ++i) services.insert(proto->service(i));
  }
  return services;
}

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

// What a caller needs is said: a resource, that the answer is filtered, that the method asks
// itself, or that blobs belong to nobody.
TEST_F(WholeTableTest, AReadOfNothingInParticularIsFilteredOrOfBlobs) {
  const std::set<std::string> blobs = {
      "cairn.v1.ArtifactService/FindMissingBlobs", "cairn.v1.ArtifactService/BatchReadBlobs",
      "cairn.v1.ArtifactService/Read", "cairn.v1.ArtifactService/SplitBlob"};
  for (const Method* row : table_->methods()) {
    if (row->rule.verb() != v1::READ || row->rule.resource_size() > 0) continue;
    if (!row->rule.within().empty()) continue;
    EXPECT_EQ(row->rule.filtered(), blobs.count(row->path) == 0) << row->path;
    EXPECT_EQ(row->rule.anywhere(), blobs.count(row->path) != 0) << row->path;
  }
}

// What a rule leaves to its method is asked there; one that forgot would need the whole kind.
TEST_F(WholeTableTest, AMethodAsksItselfExactlyWhereItsRuleSaysSo) {
  for (const Method* row : table_->methods()) {
    EXPECT_EQ(row->asks_itself, !row->rule.within().empty()) << row->path;
    EXPECT_EQ(row->filters, row->rule.filtered() && !row->rule.lists().empty()) << row->path;
  }
}

// Whoever changes something can check first and repeat safely, whatever the method.
TEST_F(WholeTableTest, EveryChangeCanBeCheckedAndRepeated) {
  const std::set<std::string> counts_instead = {"cairn.v1.ArtifactService/CollectGarbage",
                                                "cairn.v1.ArtifactService/ScrubBlobs"};
  // Its answer is a secret, which is not kept to be answered again; its plan knows the request.
  const std::string answers_once = "cairn.v1.AuthService/CreateToken";
  for (const Method* row : table_->methods()) {
    const bool ours = row->path.starts_with("cairn.v1.");
    if (!ours || !std::holds_alternative<service::ChangeFunction>(row->serve)) continue;
    const bool idempotent = row->descriptor->options().idempotency_level() ==
                            google::protobuf::MethodOptions::IDEMPOTENT;
    EXPECT_EQ(row->request_id != nullptr || idempotent, row->path != answers_once) << row->path;
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
  v1::ReadCurvesRequest curves;
  curves.add_runs("experiments/7/runs/a");
  curves.add_runs("experiments/8/runs/b");
  EXPECT_EQ(service::ResourcesOf(*table_->Find("cairn.v1.TrackingService/ReadCurves"), curves),
            (Names{"experiments/7/runs/a", "experiments/8/runs/b"}));
  v1::DiffDatasetVersionsRequest diff;
  diff.set_to("datasets/a/versions/2");
  EXPECT_EQ(
      service::ResourcesOf(*table_->Find("cairn.v1.DatasetService/DiffDatasetVersions"), diff),
      Names{"datasets/a/versions/2"});
  EXPECT_EQ(service::ResourcesOf(*table_->Find("cairn.v1.AdminService/GetServerInfo"),
                                 v1::GetServerInfoRequest()),
            Names());
}

TEST_F(WholeTableTest, AnIdMakesTheNameOfWhatIsCreatedAndReadsAreNamedApart) {
  using Names = std::vector<std::string>;
  v1::CreateModelRequest model;
  model.mutable_model()->set_name("models/ignored");
  model.mutable_model()->set_display_name("Customer Segments/x");
  const Method& create_model = *table_->Find("cairn.v1.RegistryService/CreateModel");
  EXPECT_EQ(service::ResourcesOf(create_model, model), Names{"models/Customer%20Segments%2Fx"});
  model.mutable_model()->clear_display_name();
  EXPECT_EQ(service::ResourcesOf(create_model, model), Names());
  EXPECT_EQ(service::ResourcesOf(*table_->Find("cairn.v1.TrackingService/CreateExperiment"),
                                 v1::CreateExperimentRequest()),
            Names{"experiments/-"});
  v1::CreateModelVersionRequest version;
  version.set_parent("models/m");
  version.mutable_model_version()->set_run("experiments/1/runs/2");
  version.add_evaluations()->set_dataset_version("datasets/a/versions/1");
  version.add_evaluations()->set_dataset_version("datasets/b/versions/1");
  const Method& create_version = *table_->Find("cairn.v1.RegistryService/CreateModelVersion");
  EXPECT_EQ(service::ResourcesOf(create_version, version), Names{"models/m"});
  EXPECT_EQ(service::ReadsOf(create_version, version),
            (Names{"experiments/1/runs/2", "datasets/a/versions/1", "datasets/b/versions/1"}));
  v1::LogBatchRequest batch;
  batch.add_inputs()->set_dataset_version("datasets/a/versions/latest");
  batch.add_outputs()->set_resource("models/m/versions/1");
  EXPECT_EQ(service::ReadsOf(*table_->Find("cairn.v1.TrackingService/LogBatch"), batch),
            (Names{"datasets/a/versions/latest", "models/m/versions/1"}));
}

// One line of the table of docs/security.md.
std::string DocumentedNeeds(const Method& row) {
  const auto quoted = [](const auto& paths) {
    std::string text;
    for (const std::string& path : paths) text += (text.empty() ? "`" : ", `") + path + "`";
    return text;
  };
  std::string on = quoted(row.rule.resource());
  if (row.rule.anywhere()) on = "anything";
  if (!row.rule.within().empty()) on = "asked within `" + row.rule.within() + "`";
  if (on.empty() && !row.rule.filtered()) on = "the server";
  std::string lists;
  if (row.rule.filtered()) {
    lists = row.rule.lists().empty() ? "nothing stored" : "`" + row.rule.lists() + "`";
  }
  const size_t service = row.path.rfind('.') + 1;
  return "| `" + row.path.substr(service) + "` | " + v1::Verb_Name(row.rule.verb()) + " | " + on +
         " | " + quoted(row.rule.reads()) + " | " + lists + " |\n";
}

TEST_F(WholeTableTest, WhatEveryMethodNeedsIsDocumented) {
  const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/security.md").value();
  for (const Method* row : table_->methods()) {
    EXPECT_THAT(document, HasSubstr(DocumentedNeeds(*row)));
  }
}

TEST_F(AuthorizeTest, WithoutAnIdentityNobodyIsLetIn) {
  const Method& method = *table_->Find("cairn.v1.AuthService/WhoAmI");
  EXPECT_TRUE(
      HasReason(service::Authorize(&access_, method, service::Caller(), v1::WhoAmIRequest()),
                ErrorReason::TOKEN_MISSING));
  EXPECT_THAT(service::Authorize(nullptr, method, service::Caller(), v1::WhoAmIRequest()), IsOk());
  service::Caller local;
  local.identity = auth::LocalIdentity();
  EXPECT_THAT(service::Authorize(&access_, *table_->Find("cairn.v1.AuthService/ListTokens"), local,
                                 v1::ListTokensRequest()),
              IsOk());
  EXPECT_TRUE(service::SightOf(&access_, service::Caller()).nothing());
}

// Whoever was bound to nothing gets nowhere but to what tells nothing stored.
TEST_F(AuthorizeTest, WhatIsNotBoundIsDenied) {
  for (const Method* row : table_->methods()) {
    const absl::Status status = service::Authorize(&access_, *row, Alice(), *row->request);
    const bool open = row->rule.filtered() && row->rule.lists().empty();
    EXPECT_EQ(status.ok(), open) << row->path;
    EXPECT_TRUE(open || HasReason(status, ErrorReason::PERMISSION_DENIED)) << row->path;
  }
}

// One run out of sight refuses them all, and a view is its experiment's.
TEST_F(AuthorizeTest, CurvesAndViewsNeedTheirExperiments) {
  Bind(v1::RoleBinding::READER, "experiments/7");
  v1::ReadCurvesRequest curves;
  curves.add_runs("experiments/7/runs/a");
  EXPECT_THAT(Ask("TrackingService/ReadCurves", curves), IsOk());
  curves.add_runs("experiments/8/runs/b");
  EXPECT_TRUE(HasReason(Ask("TrackingService/ReadCurves", curves), ErrorReason::PERMISSION_DENIED));
  v1::GetViewRequest get;
  get.set_name("experiments/7/views/aaaaaaaaaa");
  EXPECT_THAT(Ask("ViewService/GetView", get), IsOk());
  get.set_name("experiments/8/views/aaaaaaaaaa");
  EXPECT_TRUE(HasReason(Ask("ViewService/GetView", get), ErrorReason::PERMISSION_DENIED));
  v1::DeleteViewRequest remove;
  remove.set_name("experiments/7/views/aaaaaaaaaa");
  EXPECT_TRUE(HasReason(Ask("ViewService/DeleteView", remove), ErrorReason::PERMISSION_DENIED));
}

TEST_F(AuthorizeTest, AReferenceMustBeReadable) {
  Bind(v1::RoleBinding::LOGGER, "models/m");
  v1::CreateModelVersionRequest request;
  request.set_parent("models/m");
  EXPECT_THAT(Ask("RegistryService/CreateModelVersion", request), IsOk());
  request.mutable_model_version()->set_run("experiments/1/runs/2");
  EXPECT_EQ(MetadataOf(Ask("RegistryService/CreateModelVersion", request), "resource"),
            "experiments/1/runs/2");
  Bind(v1::RoleBinding::READER, "experiments/1");
  EXPECT_THAT(Ask("RegistryService/CreateModelVersion", request), IsOk());
}

TEST_F(AuthorizeTest, WhatIsNamedOfAFilteredAnswerMustBeAllowed) {
  Bind(v1::RoleBinding::READER, "experiments/1");
  v1::CountRunsRequest count;
  EXPECT_THAT(Ask("TrackingService/CountRuns", count), IsOk()) << "it counts what alice sees";
  count.add_parents("experiments/1");
  EXPECT_THAT(Ask("TrackingService/CountRuns", count), IsOk());
  count.add_parents("experiments/2");
  EXPECT_THAT(Ask("TrackingService/CountRuns", count),
              StatusIs(absl::StatusCode::kPermissionDenied));
  v1::GetLineageRequest lineage;
  lineage.set_name("experiments/1/runs/2");
  EXPECT_THAT(Ask("DatasetService/GetLineage", lineage), IsOk());
  lineage.set_name("experiments/2/runs/2");
  EXPECT_THAT(Ask("DatasetService/GetLineage", lineage),
              StatusIs(absl::StatusCode::kPermissionDenied));
  v1::ListChannelsRequest channels;
  channels.set_parent("models/-");
  EXPECT_THAT(Ask("RegistryService/ListChannels", channels),
              StatusIs(absl::StatusCode::kPermissionDenied));
  Bind(v1::RoleBinding::READER, "models/m/channels/production");
  EXPECT_THAT(Ask("RegistryService/ListChannels", channels), IsOk());
  channels.set_parent("models/m");
  EXPECT_THAT(Ask("RegistryService/ListChannels", channels),
              StatusIs(absl::StatusCode::kPermissionDenied));
  google::longrunning::ListOperationsRequest operations;
  Bind(v1::RoleBinding::READER, "operations/-");
  EXPECT_THAT(service::Authorize(&access_,
                                 *table_->Find("google.longrunning.Operations/"
                                               "ListOperations"),
                                 Alice(), operations),
              IsOk());
}

// What the rows answer to a caller who sees only some of it.
TEST_F(AuthorizeTest, ListsHoldWhatTheCallerSees) {
  for (const char* name : {"a", "b"}) {
    v1::CreateModelRequest model;
    model.mutable_model()->set_display_name(name);
    ASSERT_THAT(Apply<v1::Model>(registry::PlanCreateModel(*Now(), model, NextTime())), IsOk());
    v1::CreateExperimentRequest experiment;
    experiment.mutable_experiment()->set_display_name(name);
    ASSERT_THAT(
        Apply<v1::Experiment>(tracking::PlanCreateExperiment(*Now(), experiment, NextTime())),
        IsOk());
  }
  const auto answer = [this](const std::string& method, const google::protobuf::Message& request) {
    const Method& row = *table_->Find("cairn.v1." + method);
    return std::get<service::AnswerFunction>(row.serve)(Alice(), request);
  };
  const auto models = [&] {
    auto list = answer("RegistryService/ListModels", v1::ListModelsRequest());
    EXPECT_THAT(list, IsOk());
    return static_cast<const v1::ListModelsResponse&>(
               *std::get<std::unique_ptr<google::protobuf::Message>>(*list))
        .models_size();
  };
  EXPECT_EQ(models(), 0);
  Bind(v1::RoleBinding::READER, "models/a");
  EXPECT_EQ(models(), 1);
  Bind(v1::RoleBinding::READER, "models/-");
  EXPECT_EQ(models(), 2);

  v1::GetExperimentRequest by_name;
  by_name.set_display_name("a");
  EXPECT_TRUE(HasReason(answer("TrackingService/GetExperiment", by_name).status(),
                        ErrorReason::EXPERIMENT_NOT_FOUND));
  Bind(v1::RoleBinding::READER, "experiments/1");
  EXPECT_THAT(answer("TrackingService/GetExperiment", by_name), IsOk());
  by_name.set_display_name("b");
  EXPECT_TRUE(HasReason(answer("TrackingService/GetExperiment", by_name).status(),
                        ErrorReason::EXPERIMENT_NOT_FOUND));
}

TEST_F(AuthorizeTest, SearchesAndCountsAreOfTheExperimentsThatTheCallerSees) {
  ASSERT_THAT(searcher_.Load(), IsOk());
  CreateRun();
  const auto count = [this] {
    const Method& row = *table_->Find("cairn.v1.TrackingService/CountRuns");
    auto counted = std::get<service::AnswerFunction>(row.serve)(Alice(), v1::CountRunsRequest());
    EXPECT_THAT(counted, IsOk());
    return static_cast<const v1::CountRunsResponse&>(
               *std::get<std::unique_ptr<google::protobuf::Message>>(*counted))
        .run_count();
  };
  EXPECT_EQ(count(), 0);
  Bind(v1::RoleBinding::READER, "experiments/5");
  EXPECT_EQ(count(), 0) << "there is no such experiment";
  Bind(v1::RoleBinding::READER, "experiments/0");
  EXPECT_EQ(count(), 1);
  const Method& search = *table_->Find("cairn.v1.TrackingService/SearchRuns");
  const auto found =
      std::get<service::AnswerFunction>(search.serve)(Alice(), v1::SearchRunsRequest());
  ASSERT_THAT(found, IsOk());
  v1::SearchRunsResponse page;
  ASSERT_TRUE(page.ParseFromString(std::get<std::string>(*found)));
  EXPECT_EQ(page.runs_size(), 1);
}

TEST_F(AuthorizeTest, AListIsOpenToWhoSeesSomethingOfIt) {
  EXPECT_THAT(Ask("RegistryService/ListModels", v1::ListModelsRequest()),
              StatusIs(absl::StatusCode::kPermissionDenied));
  Bind(v1::RoleBinding::READER, "models/m");
  EXPECT_THAT(Ask("RegistryService/ListModels", v1::ListModelsRequest()), IsOk());
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
  EXPECT_THAT(
      FaultsOf("google.longrunning.Operations",
               [](auto& table) { table.Serves("WaitOperation", service::OperationWaits()); }),
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
              ::testing::Not(HasSubstr("ReadMetrics is a stream")));
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
  for (const char* path : {"nothing", "name.more", "timeout", "timeout.seconds", "",
                           "operations/{nothing}", "operations/{name", "operations/{timeout}"}) {
    service::MethodTableBuilder builder(*store_);
    service::ForeignRule rule;
    rule.rule.set_verb(v1::READ);
    rule.rule.add_resource(path);
    builder.Of(ServiceNamed("google.longrunning.Operations"), {{"WaitOperation", rule}});
    builder.Serves("WaitOperation", service::OperationWaits());
    EXPECT_THAT(std::string(builder.Build().status().message()),
                HasSubstr("which is no text of its request"))
        << path;
  }
}

}  // namespace
}  // namespace cairn
