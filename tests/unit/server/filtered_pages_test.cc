// What callers are shown of lists, searches, counts and lineage: what an administrator sees,
// reduced to what their bindings let them read, in whole pages. Random bindings, resources and
// sizes of pages; what may be read is told here from the bindings' words alone.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/watch.pb.h"
#include "fmt/format.h"
#include "google/longrunning/operations.pb.h"
#include "server/registry/policies.h"
#include "server/tracking/run_operations.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/whole_table_fixture.h"

namespace cairn {
namespace {

using google::longrunning::ListOperationsRequest;
using google::longrunning::ListOperationsResponse;
using google::longrunning::Operation;
using ::testing::ElementsAreArray;
using Names = std::vector<std::string>;
using testing::IsOk;
using testing::StatusIs;

constexpr int kCallers = 40;

// A caller, and what it may READ by the words of its bindings.
struct Reader {
  service::Caller caller;
  Names patterns;

  bool Reads(const std::string& name) const {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      if (pattern == "*") return true;
      const bool kind = pattern.ends_with("/-");
      const std::string prefix = kind ? pattern.substr(0, pattern.size() - 1) : pattern + "/";
      return name == pattern || name.starts_with(prefix);
    });
  }
};

class FilteredPagesTest : public AuthorizeTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  FilteredPagesTest() : random_(GetParam()) {
    EXPECT_THAT(searcher_.Load(), IsOk());
    MakeExperiments();
    MakeModels();
    MakeDatasets();
    MakeOperations();
  }

  int Draw(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  const std::string& OneOf(const Names& names) {
    return names[static_cast<size_t>(Draw(0, static_cast<int>(names.size()) - 1))];
  }

  void MakeExperiments() {
    for (int i = Draw(3, 12); i > 0; --i) {
      v1::CreateExperimentRequest request;
      request.mutable_experiment()->set_display_name(fmt::format("e{}", i));
      const auto made =
          Apply<v1::Experiment>(tracking::PlanCreateExperiment(*Now(), request, NextTime()));
      ASSERT_THAT(made, IsOk());
      bindable_.push_back(made->name());
      for (int run = Draw(0, 4); run > 0; --run) MakeRun(made->name());
      if (Draw(0, 4) > 0) continue;
      v1::DeleteExperimentRequest remove;
      remove.set_name(made->name());
      ASSERT_THAT(Apply<v1::Experiment>(tracking::PlanDeleteExperiment(*Now(), remove, NextTime())),
                  IsOk());
    }
  }

  void MakeRun(const std::string& experiment) {
    v1::CreateRunRequest request;
    request.set_parent(experiment);
    const auto run = Apply<v1::Run>(tracking::PlanCreateRun(*Now(), request, Facts()));
    ASSERT_THAT(run, IsOk());
    runs_.push_back(run->name());
  }

  void MakeModels() {
    for (int i = Draw(3, 12); i > 0; --i) {
      const std::string name = fmt::format("m{}", i);
      v1::CreateModelRequest request;
      request.mutable_model()->set_display_name(name);
      ASSERT_THAT(Apply<v1::Model>(registry::PlanCreateModel(*Now(), request, NextTime())), IsOk());
      bindable_.push_back("models/" + name);
      for (int channel = Draw(0, 2); channel > 0; --channel) {
        MakePolicy(name, fmt::format("c{}", channel));
      }
    }
  }

  static std::string PolicyText(const std::string& policy, const std::string& model,
                                const std::string& channel) {
    return fmt::format(
        "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {{name: {}}}\nspec:\n"
        "  target: {{model: {}, channel: {}}}\n  evidence: {{trust: reported}}\n"
        "  gates:\n    - {{id: floor, metric: silhouette, pass: \">= 0.1\"}}\n",
        policy, model, channel);
  }

  void MakePolicy(const std::string& model, const std::string& channel) {
    v1::ApplyPolicyRequest request;
    const std::string policy = model + channel;
    request.set_source(PolicyText(policy, model, channel));
    const auto made =
        Apply<v1::ApplyPolicyResponse>(registry::PlanApplyPolicy(*Now(), request, NextTime()));
    ASSERT_THAT(made, IsOk());
    bindable_.push_back("policies/" + policy);
    bindable_.push_back(made->policy().channel());
  }

  // Versions made of one another, which some runs read and made.
  void MakeDatasets() {
    for (int i = Draw(3, 8); i > 0; --i) {
      const std::string name = fmt::format("d{}", i);
      for (int version = Draw(1, 4); version > 0; --version) {
        Names parents;
        if (!versions_.empty() && Draw(0, 2) > 0) parents.push_back(OneOf(versions_));
        const std::string run = runs_.empty() || Draw(0, 1) == 0 ? "" : OneOf(runs_);
        versions_.push_back(PutDataset(name, fmt::format("{}:{}", name, version), parents, run));
      }
      bindable_.push_back("datasets/" + name);
    }
  }

  // Begun by some of those who will call.
  void MakeOperations() {
    for (int i = Draw(0, 12); i > 0; --i) {
      v1::BulkChangeRunsRequest request;
      request.set_change(v1::BulkChangeRunsRequest::DELETE);
      request.set_filter("tags.never = \"set\"");
      for (int parent = Draw(0, 2); parent > 0; --parent) {
        request.add_parents(fmt::format("experiments/{}", Draw(0, 3)));
      }
      tracking::CallFacts facts = Facts();
      facts.principal = fmt::format("caller {}", Draw(0, kCallers - 1));
      ASSERT_THAT(Apply<Operation>(tracking::PlanBulkChangeRuns(*Now(), searcher_, request, facts)),
                  IsOk());
    }
  }

  Reader MakeReader(int number) {
    const std::string principal = fmt::format("caller {}", number);
    const std::string group = fmt::format("group {}", number);
    Reader reader{CallerNamed(principal, {group}), {}};
    const Names wide = {"*",        "experiments/-", "datasets/-",
                        "models/-", "policies/-",    "operations/-"};
    for (int i = Draw(0, 5); i > 0; --i) {
      const std::string& resource = Draw(0, 5) == 0 ? OneOf(wide) : OneOf(bindable_);
      const std::string member = Draw(0, 1) == 0 ? "principal:" + principal : "group:" + group;
      const bool reads = Draw(0, 3) > 0;
      if (reads) {
        Bind(Draw(0, 1) == 0 ? v1::RoleBinding::READER : v1::RoleBinding::PROMOTER, resource,
             member);
        reader.patterns.push_back(resource);
      } else {
        Bind(v1::RoleBinding::LOGGER, resource, member, {v1::LOG});
      }
    }
    return reader;
  }

  // All pages of `size`, and that each is full but the last, which is not empty unless it is the
  // only one. A refusal stands for nothing at all.
  template <typename Response, typename Request, typename RowsOf>
  Names Pages(const std::string& method, const service::Caller& caller, Request request, int size,
              const RowsOf& rows_of) {
    Names names;
    request.set_page_size(size);
    for (bool first = true;; first = false) {
      const auto page = Call<Response>(method, caller, request);
      if (first && absl::IsPermissionDenied(page.status())) return {};
      EXPECT_THAT(page, IsOk()) << method;
      if (!page.ok()) return names;
      const Names rows = rows_of(*page);
      const bool last = page->next_page_token().empty();
      EXPECT_TRUE(last || rows.size() == static_cast<size_t>(size)) << method;
      EXPECT_TRUE(first || !rows.empty()) << method << ": a page of nothing";
      names.insert(names.end(), rows.begin(), rows.end());
      if (last) return names;
      request.set_page_token(page->next_page_token());
    }
  }

  // What `reader` is shown must be what an administrator is, as far as `reads` says so.
  template <typename Response, typename Request, typename RowsOf, typename Reads>
  void Expect(const std::string& method, const Reader& reader, const Request& request,
              const RowsOf& rows_of, const Reads& reads) {
    Names expected = Pages<Response>(method, Administrator(), request, 1000, rows_of);
    std::erase_if(expected, [&](const std::string& name) { return !reads(name); });
    const int size = Draw(1, 7);
    EXPECT_THAT(Pages<Response>(method, reader.caller, request, size, rows_of),
                ElementsAreArray(expected))
        << method << " by pages of " << size;
  }

  template <typename Rows>
  static Names NamesOf(const Rows& rows) {
    Names names;
    for (const auto& row : rows) names.push_back(row.name());
    return names;
  }

  std::mt19937 random_;
  Names bindable_;
  Names runs_;
  Names versions_;
};

TEST_P(FilteredPagesTest, ListsHoldExactlyWhatTheirCallerMayRead) {
  for (int number = 0; number < kCallers; ++number) {
    const Reader reader = MakeReader(number);
    SCOPED_TRACE(
        fmt::format("caller {} reads {}", number, ::testing::PrintToString(reader.patterns)));
    const auto reads = [&](const std::string& name) { return reader.Reads(name); };
    v1::ListExperimentsRequest experiments;
    experiments.set_show_deleted(Draw(0, 1) == 0);
    Expect<v1::ListExperimentsResponse>(
        "cairn.v1.TrackingService/ListExperiments", reader, experiments,
        [](const auto& page) { return NamesOf(page.experiments()); }, reads);
    Expect<v1::ListModelsResponse>(
        "cairn.v1.RegistryService/ListModels", reader, v1::ListModelsRequest(),
        [](const auto& page) { return NamesOf(page.models()); }, reads);
    Expect<v1::ListDatasetsResponse>(
        "cairn.v1.DatasetService/ListDatasets", reader, v1::ListDatasetsRequest(),
        [](const auto& page) { return NamesOf(page.datasets()); }, reads);
    v1::ListChannelsRequest channels;
    channels.set_parent("models/-");
    Expect<v1::ListChannelsResponse>(
        "cairn.v1.RegistryService/ListChannels", reader, channels,
        [](const auto& page) { return NamesOf(page.channels()); }, reads);
    // A policy is read by who reads its channel.
    std::map<std::string, std::string> channel_of;
    Expect<v1::ListPoliciesResponse>(
        "cairn.v1.PromotionService/ListPolicies", reader, v1::ListPoliciesRequest(),
        [&](const v1::ListPoliciesResponse& page) {
          for (const auto& policy : page.policies()) channel_of[policy.name()] = policy.channel();
          return NamesOf(page.policies());
        },
        [&](const std::string& name) { return reads(name) || reads(channel_of[name]); });
  }
}

TEST_P(FilteredPagesTest, WhatIsBelowAParentIsListedToWhoMayReadTheParent) {
  for (int number = 0; number < kCallers; ++number) {
    const Reader reader = MakeReader(number);
    const std::string parent = OneOf(bindable_);
    SCOPED_TRACE(parent);
    const auto reads = [&](const std::string&) { return reader.Reads(parent); };
    if (parent.starts_with("experiments/")) {
      v1::ListRunsRequest request;
      request.set_parent(parent);
      Expect<v1::ListRunsResponse>(
          "cairn.v1.TrackingService/ListRuns", reader, request,
          [](const auto& page) { return NamesOf(page.runs()); }, reads);
    } else if (parent.starts_with("datasets/")) {
      v1::ListDatasetVersionsRequest request;
      request.set_parent(parent);
      Expect<v1::ListDatasetVersionsResponse>(
          "cairn.v1.DatasetService/ListDatasetVersions", reader, request,
          [](const auto& page) { return NamesOf(page.dataset_versions()); }, reads);
    } else if (parent.find("/channels/") != std::string::npos) {
      v1::ListDecisionsRequest request;
      request.set_parent(parent);
      const auto page = Call<v1::ListDecisionsResponse>("cairn.v1.PromotionService/ListDecisions",
                                                        reader.caller, request);
      EXPECT_EQ(page.ok(), reader.Reads(parent)) << page.status();
    } else if (parent.starts_with("models/")) {
      v1::ListModelVersionsRequest request;
      request.set_parent(parent);
      const auto page = Call<v1::ListModelVersionsResponse>(
          "cairn.v1.RegistryService/ListModelVersions", reader.caller, request);
      EXPECT_EQ(page.ok(), reader.Reads(parent)) << page.status();
    }
  }
}

TEST_P(FilteredPagesTest, SearchesAndCountsAgree) {
  for (int number = 0; number < kCallers; ++number) {
    const Reader reader = MakeReader(number);
    SCOPED_TRACE(
        fmt::format("caller {} reads {}", number, ::testing::PrintToString(reader.patterns)));
    const auto reads = [&](const std::string& name) { return reader.Reads(name); };
    Expect<v1::SearchRunsResponse>(
        "cairn.v1.TrackingService/SearchRuns", reader, v1::SearchRunsRequest(),
        [](const auto& page) { return NamesOf(page.runs()); }, reads);
    const auto found = Pages<v1::SearchRunsResponse>(
        "cairn.v1.TrackingService/SearchRuns", reader.caller, v1::SearchRunsRequest(), 1000,
        [](const auto& page) { return NamesOf(page.runs()); });
    const auto count = Call<v1::CountRunsResponse>("cairn.v1.TrackingService/CountRuns",
                                                   reader.caller, v1::CountRunsRequest());
    EXPECT_EQ(count.ok() ? count->run_count() : 0, static_cast<int64_t>(found.size()));
    v1::SearchRunsRequest beyond;
    beyond.set_skip(1000);
    beyond.set_count_all(true);
    const auto total =
        Call<v1::SearchRunsResponse>("cairn.v1.TrackingService/SearchRuns", reader.caller, beyond);
    EXPECT_EQ(total.ok() ? total->total_size() : 0, static_cast<int64_t>(found.size()));
    v1::GroupRunsRequest by_state;
    by_state.add_group_by("state");
    const auto groups =
        Call<v1::GroupRunsResponse>("cairn.v1.TrackingService/GroupRuns", reader.caller, by_state);
    EXPECT_EQ(groups.ok() ? groups->run_count() : 0, static_cast<int64_t>(found.size()));
  }
}

// A search goes on where it was, whatever comes to be seen meanwhile.
TEST_P(FilteredPagesTest, APageTokenIsGoodAfterMoreBecameVisible) {
  MakeRun("experiments/0");
  MakeRun("experiments/0");
  Bind(v1::RoleBinding::READER, "experiments/0");
  v1::SearchRunsRequest search;
  search.set_page_size(1);
  search.set_order_by("create_time");
  const std::string method = "cairn.v1.TrackingService/SearchRuns";
  const auto first = Call<v1::SearchRunsResponse>(method, Alice(), search);
  ASSERT_THAT(first, IsOk());
  ASSERT_FALSE(first->next_page_token().empty());
  Bind(v1::RoleBinding::READER, "experiments/2");
  search.set_page_token(first->next_page_token());
  EXPECT_THAT(Call<v1::SearchRunsResponse>(method, Alice(), search), IsOk());
}

TEST_P(FilteredPagesTest, OperationsAreListedToWhoBeganThemAndWhoReadsWhatTheyWorkOn) {
  std::map<std::string, v1::BulkChangeRunsMetadata> all;
  const auto names_of = [&](const ListOperationsResponse& page) {
    for (const Operation& operation : page.operations()) {
      EXPECT_TRUE(all[operation.name()].ParseFromString(operation.metadata().value()));
    }
    return NamesOf(page.operations());
  };
  for (int number = 0; number < kCallers; ++number) {
    const Reader reader = MakeReader(number);
    SCOPED_TRACE(
        fmt::format("caller {} reads {}", number, ::testing::PrintToString(reader.patterns)));
    // Who may do nothing any more is not let in, even to what it began.
    if (Draw(0, 1) == 0 || reader.patterns.empty()) continue;
    const auto reads = [&](const std::string& name) {
      const auto& metadata = all[name];
      const auto& on = metadata.request().parents();
      return reader.Reads(name) || metadata.principal() == reader.caller.identity->principal ||
             (!on.empty() && std::all_of(on.begin(), on.end(), [&](const std::string& parent) {
               return reader.Reads(parent);
             }));
    };
    Expect<ListOperationsResponse>("google.longrunning.Operations/ListOperations", reader,
                                   ListOperationsRequest(), names_of, reads);
    for (const auto& [name, metadata] : all) {
      google::longrunning::GetOperationRequest get;
      get.set_name(name);
      const auto got =
          Call<Operation>("google.longrunning.Operations/GetOperation", reader.caller, get);
      EXPECT_EQ(got.ok(), reads(name)) << got.status();
    }
  }
}

// Whatever can be reached over what the caller may read, and nothing else.
TEST_P(FilteredPagesTest, LineageGoesThroughWhatIsReadOnly) {
  const std::string method = "cairn.v1.DatasetService/GetLineage";
  for (int number = 0; number < kCallers; ++number) {
    const Reader reader = MakeReader(number);
    v1::GetLineageRequest request;
    request.set_name(OneOf(versions_));
    const bool up = Draw(0, 1) == 0;
    request.set_direction(up ? v1::GetLineageRequest::UPSTREAM : v1::GetLineageRequest::DOWNSTREAM);
    SCOPED_TRACE(
        fmt::format("{} for {}", request.name(), ::testing::PrintToString(reader.patterns)));
    const auto shown = Call<v1::Lineage>(method, reader.caller, request);
    ASSERT_EQ(shown.ok(), reader.Reads(request.name())) << shown.status();
    if (!shown.ok()) continue;
    const auto whole = Call<v1::Lineage>(method, Administrator(), request);
    ASSERT_THAT(whole, IsOk());
    EXPECT_FALSE(whole->restricted());
    std::set<std::string> expected = {request.name()};
    bool hidden = false;
    for (bool grew = true; grew;) {
      grew = false;
      for (const auto& edge : whole->edges()) {
        const std::string& from = up ? edge.to() : edge.from();
        const std::string& to = up ? edge.from() : edge.to();
        if (!expected.contains(from)) continue;
        hidden = hidden || !reader.Reads(to);
        if (reader.Reads(to)) grew = expected.insert(to).second || grew;
      }
    }
    const Names names = NamesOf(shown->nodes());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
    EXPECT_EQ(shown->restricted(), hidden);
    for (const auto& edge : shown->edges()) {
      EXPECT_TRUE(expected.contains(edge.from()) && expected.contains(edge.to()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Worlds, FilteredPagesTest, ::testing::Values(1u, 2u, 3u, 4u, 5u));

class OwnQuestionsTest : public AuthorizeTest {
 protected:
  absl::StatusOr<v1::ApplyPolicyResponse> ApplyPolicy(const std::string& policy,
                                                      const std::string& model,
                                                      const service::Caller& caller) {
    v1::ApplyPolicyRequest request;
    request.set_source(fmt::format(
        "apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {{name: {}}}\nspec:\n"
        "  target: {{model: {}, channel: production}}\n  evidence: {{trust: reported}}\n"
        "  gates:\n    - {{id: floor, metric: silhouette, pass: \">= 0.1\"}}\n",
        policy, model));
    return CallChange<v1::ApplyPolicyResponse>("cairn.v1.PromotionService/ApplyPolicy", caller,
                                               request);
  }
};

TEST_F(OwnQuestionsTest, APolicyNeedsItsChannelAndTheOneItLeaves) {
  EXPECT_TRUE(absl::IsPermissionDenied(ApplyPolicy("p", "mine", Alice()).status()));
  Bind(v1::RoleBinding::PROMOTER, "models/mine");
  EXPECT_THAT(ApplyPolicy("p", "mine", Alice()), IsOk());
  const absl::Status other = ApplyPolicy("q", "other", Alice()).status();
  EXPECT_TRUE(HasReason(other, ErrorReason::PERMISSION_DENIED));
  EXPECT_EQ(MetadataOf(other, "resource"), "models/other/channels/production");
  ASSERT_THAT(ApplyPolicy("q", "other", Administrator()), IsOk());
  const absl::Status leaves = ApplyPolicy("q", "mine", Alice()).status();
  EXPECT_EQ(MetadataOf(leaves, "resource"), "policies/q");
  Bind(v1::RoleBinding::PROMOTER, "models/other/channels/production");
  EXPECT_THAT(ApplyPolicy("q", "mine", Alice()), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(OwnQuestionsTest, APolicyIsReadByItsChannelOrItsName) {
  ASSERT_THAT(ApplyPolicy("p", "m", Administrator()), IsOk());
  const auto get = [&](const std::string& name) {
    v1::GetPolicyRequest request;
    request.set_name(name);
    return Call<v1::Policy>("cairn.v1.PromotionService/GetPolicy", Alice(), request).status();
  };
  Bind(v1::RoleBinding::READER, "models/other");
  EXPECT_TRUE(absl::IsPermissionDenied(get("policies/p")));
  EXPECT_TRUE(absl::IsPermissionDenied(get("policies/never"))) << "it does not tell what there is";
  Bind(v1::RoleBinding::READER, "models/m/channels/production");
  EXPECT_THAT(get("policies/p"), IsOk());
  EXPECT_TRUE(absl::IsPermissionDenied(get("policies/never")));
  Bind(v1::RoleBinding::READER, "policies/-");
  EXPECT_TRUE(absl::IsNotFound(get("policies/never")));
}

TEST_F(OwnQuestionsTest, AnOperationIsChangedByWhoBeganItOnly) {
  ASSERT_THAT(searcher_.Load(), IsOk());
  Bind(v1::RoleBinding::ADMIN, "experiments/0");
  Bind(v1::RoleBinding::LOGGER, "experiments/0", "principal:bob");
  v1::BulkChangeRunsRequest bulk;
  bulk.add_parents("experiments/0");
  bulk.set_change(v1::BulkChangeRunsRequest::DELETE);
  bulk.set_filter("tags.never = \"set\"");
  const auto begun =
      CallChange<Operation>("cairn.v1.TrackingService/BulkChangeRuns", Alice(), bulk);
  ASSERT_THAT(begun, IsOk());
  const auto cancel = [&](const std::string& who, const std::string& name) {
    google::longrunning::CancelOperationRequest request;
    request.set_name(name);
    return CallChange<google::protobuf::Empty>("google.longrunning.Operations/CancelOperation",
                                               CallerNamed(who), request)
        .status();
  };
  google::longrunning::GetOperationRequest get;
  get.set_name(begun->name());
  const std::string method = "google.longrunning.Operations/GetOperation";
  EXPECT_THAT(Call<Operation>(method, CallerNamed("bob"), get), IsOk())
      << "bob reads what it is on";
  EXPECT_TRUE(absl::IsPermissionDenied(cancel("bob", begun->name())));
  EXPECT_TRUE(absl::IsPermissionDenied(cancel("bob", "operations/0123")));
  EXPECT_TRUE(absl::IsPermissionDenied(cancel("eve", begun->name())));
  EXPECT_THAT(cancel("alice", begun->name()), IsOk());
}

TEST_F(OwnQuestionsTest, WhoAmITellsTheBindingsThatApply) {
  Bind(v1::RoleBinding::READER, "models/m");
  Bind(v1::RoleBinding::LOGGER, "experiments/-", "group:staff");
  Bind(v1::RoleBinding::READER, "policies/-", "*");
  Bind(v1::RoleBinding::ADMIN, "*", "principal:bob");
  const auto who = Call<v1::WhoAmIResponse>("cairn.v1.AuthService/WhoAmI",
                                            CallerNamed("alice", {"staff"}), v1::WhoAmIRequest());
  ASSERT_THAT(who, IsOk());
  EXPECT_EQ(who->principal(), "alice");
  Names resources;
  for (const auto& binding : who->role_bindings()) resources.push_back(binding.resource());
  EXPECT_THAT(resources, ::testing::ElementsAre("models/m", "experiments/-", "policies/-"));
}

TEST_F(OwnQuestionsTest, AWatchThatIsRefusedIsToldWhatItAskedFor) {
  v1::WatchRequest request;
  request.add_resources("models/m");
  const std::string refused(Ask("WatchService/Watch", request).message());
  EXPECT_EQ(refused, "\"alice\" may not READ models/m: no role binding gives it READ on anything");
}

TEST_F(OwnQuestionsTest, TestPermissionRefusesNonsenseAlsoToWhoMayDoEverything) {
  Bind(v1::RoleBinding::ADMIN, "*", "principal:bob");
  for (const char* name :
       {"experimets/7", "models", "models/..", "nonsense", "models/m/chanels/c"}) {
    for (const service::Caller& caller : {Alice(), CallerNamed("bob"), Administrator()}) {
      v1::TestPermissionRequest request;
      request.set_verb(v1::READ);
      request.add_resources("models/m");
      request.add_resources(name);
      const auto answer =
          Call<v1::TestPermissionResponse>("cairn.v1.AuthService/TestPermission", caller, request);
      EXPECT_TRUE(HasReason(answer.status(), ErrorReason::NAME_INVALID)) << name;
      EXPECT_NE(answer.status().message().find("resources[1]"), std::string_view::npos);
    }
  }
}

TEST_F(OwnQuestionsTest, TestPermissionAgreesWithWhatIsAllowed) {
  constexpr const char* kRun = "experiments/1/runs/0123456789abcdef0123456789abcdef";
  Bind(v1::RoleBinding::LOGGER, "experiments/1");
  v1::TestPermissionRequest request;
  request.set_verb(v1::LOG);
  for (const char* name : {"experiments/1", kRun, "experiments/10", "*"}) {
    request.add_resources(name);
  }
  const auto answer =
      Call<v1::TestPermissionResponse>("cairn.v1.AuthService/TestPermission", Alice(), request);
  ASSERT_THAT(answer, IsOk());
  std::vector<bool> allowed;
  for (const auto& permission : answer->permissions()) {
    allowed.push_back(permission.allowed());
    EXPECT_EQ(permission.role_binding().empty(), !permission.allowed());
  }
  EXPECT_THAT(allowed, ::testing::ElementsAre(true, true, false, false));
  request.set_verb(v1::VERB_UNSPECIFIED);
  EXPECT_TRUE(absl::IsInvalidArgument(
      Call<v1::TestPermissionResponse>("cairn.v1.AuthService/TestPermission", Alice(), request)
          .status()));
}

}  // namespace
}  // namespace cairn
