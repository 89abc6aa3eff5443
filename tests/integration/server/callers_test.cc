// Who may call what, with the real server: every method of every service, without a token, with
// tokens of each role and of none.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/auth.grpc.pb.h"
#include "cairn/v1/method_options.pb.h"
#include "cairn/v1/registry.grpc.pb.h"
#include "cairn/v1/server.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "cairn/v1/watch.grpc.pb.h"
#include "google/longrunning/operations.pb.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "tests/testing/connect_call.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::protobuf::MethodDescriptor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramResult;
using testing::ServerProcess;
using testing::TempFolder;
using Role = v1::RoleBinding;

// The services of the API; health and reflection are public.
std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* name :
       {"cairn.v1.TrackingService", "cairn.v1.DatasetService", "cairn.v1.ArtifactService",
        "cairn.v1.RegistryService", "cairn.v1.PromotionService", "cairn.v1.AdminService",
        "cairn.v1.AuthService", "cairn.v1.WatchService", "google.longrunning.Operations"}) {
    const auto* service = pool->FindServiceByName(name);
    EXPECT_NE(service, nullptr) << name;
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) {
      methods.push_back(service->method(i));
    }
  }
  return methods;
}

// What the rule in the proto asks for; Google's own have none of ours.
v1::Verb VerbOf(const MethodDescriptor& method) {
  if (method.service()->full_name() != "google.longrunning.Operations") {
    return method.options().GetExtension(v1::rule).verb();
  }
  const std::string& name = method.name();
  return name == "CancelOperation" || name == "DeleteOperation" ? v1::LOG : v1::READ;
}

// Tells nothing that is stored, so it needs no permission but a token.
bool IsForAnybody(const MethodDescriptor& method) {
  const auto& rule = method.options().GetExtension(v1::rule);
  return rule.filtered() && rule.lists().empty() && rule.resource().empty() &&
         method.service()->full_name() != "google.longrunning.Operations";
}

std::set<v1::Verb> VerbsOf(Role::Role role) {
  switch (role) {
    case Role::READER:
      return {v1::READ};
    case Role::LOGGER:
      return {v1::READ, v1::LOG};
    case Role::PROMOTER:
      return {v1::READ, v1::PROMOTE};
    case Role::APPROVER:
      return {v1::READ, v1::APPROVE};
    case Role::ADMIN:
      return {v1::READ, v1::LOG, v1::PROMOTE, v1::APPROVE, v1::ADMIN, v1::OVERRIDE};
    default:
      return {};
  }
}

class CallersTest : public ::testing::Test {
 protected:
  CallersTest() : server_(folder_ / "store", {"--auth"}) {
    const ProgramResult made = testing::RunProgram(
        {testing::ProgramPath("cairnd"), "init", "--data-dir", folder_ / "store"});
    EXPECT_EQ(made.exit_code, 0) << made.output;
    const size_t last = made.output.rfind('\n', made.output.size() - 2);
    admin_ = made.output.substr(last + 1, made.output.size() - last - 2);
    EXPECT_TRUE(server_.Start());
    channel_ = grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
  }

  static void Authorize(grpc::ClientContext& context, const std::string& token) {
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  // A token of a new principal.
  std::string TokenFor(const std::string& principal) {
    v1::CreateTokenRequest request;
    request.mutable_token()->set_principal(principal);
    v1::CreateTokenResponse response;
    grpc::ClientContext context;
    Authorize(context, admin_);
    const auto status =
        v1::AuthService::NewStub(channel_)->CreateToken(&context, request, &response);
    EXPECT_THAT(status, IsOk());
    tokens_[principal] = response.token().name();
    return response.text();
  }

  void Bind(const std::string& principal, Role::Role role, const std::string& resource) {
    v1::SetRoleBindingRequest request;
    request.mutable_role_binding()->set_member("principal:" + principal);
    request.mutable_role_binding()->set_role(role);
    request.mutable_role_binding()->set_resource(resource);
    v1::RoleBinding response;
    grpc::ClientContext context;
    Authorize(context, admin_);
    const auto status =
        v1::AuthService::NewStub(channel_)->SetRoleBinding(&context, request, &response);
    EXPECT_THAT(status, IsOk());
  }

  // Calls any method, of whatever kind, with one message; how it ends. A stream that goes on is
  // ended once it has told something, which is OK.
  grpc::Status CallAny(const MethodDescriptor& method, const std::string& token,
                       const std::string& message = "") {
    grpc::GenericStub stub(channel_);
    grpc::CompletionQueue queue;
    grpc::ClientContext context;
    Authorize(context, token);
    const auto next = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    auto call = stub.PrepareCall(&context,
                                 "/" + method.service()->full_name() + "/" + method.name(), &queue);
    call->StartCall(nullptr);
    const grpc::Slice slice(message);
    if (next()) {
      call->WriteLast(grpc::ByteBuffer(&slice, 1), {}, nullptr);
      next();
    }
    grpc::ByteBuffer answer;
    call->Read(&answer, nullptr);
    const bool told = next();
    if (told && method.server_streaming()) context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    next();
    queue.Shutdown();
    return told && method.server_streaming() ? grpc::Status::OK : status;
  }

  // The same over HTTP, with a message of no bytes; `authorization` is the header's value. The code
  // as Connect names it, "" for OK.
  std::string CallOverHttp(const MethodDescriptor& method, const std::string& authorization,
                           const std::string& message = "") {
    const bool streams = method.client_streaming() || method.server_streaming();
    testing::ConnectCall call(
        server_.http_address(), "/" + method.service()->full_name() + "/" + method.name(),
        streams ? "application/connect+proto" : "application/proto",
        authorization.empty() ? "" : "Authorization: " + authorization + "\r\n");
    call.Send(streams ? testing::EnvelopeOf(message) : message);
    call.End();
    const int status = call.Status();
    EXPECT_EQ(status == 200 || !streams, true) << status;
    if (!streams) return status == 200 ? "" : ErrorCodeIn(call.Rest());
    auto told = call.Next();
    if (told.has_value() && !told->ends() && !method.server_streaming()) told = call.Next();
    if (!told.has_value()) return "nothing";
    return told->ends() ? ErrorCodeIn(told->bytes) : "";
  }

  static std::string ErrorCodeIn(const std::string& json) {
    constexpr std::string_view kCode = "\"code\":\"";
    const size_t at = json.find(kCode);
    if (at == std::string::npos) return "";
    const size_t begin = at + kCode.size();
    return json.substr(begin, json.find('"', begin) - begin);
  }

  // How a call with a token ends, as far as that is about who calls.
  enum class Admission { kUnauthenticated, kDenied, kAdmitted };
  using AnyCall = std::function<Admission(const MethodDescriptor&, const std::string& token)>;

  static Admission AdmissionOf(const std::string& code) {
    return code == "unauthenticated"     ? Admission::kUnauthenticated
           : code == "permission_denied" ? Admission::kDenied
                                         : Admission::kAdmitted;
  }

  // Every method of every service, whatever the transport.
  void Walk(const AnyCall& call);

  const TempFolder folder_;
  ServerProcess server_;
  std::string admin_;
  std::map<std::string, std::string> tokens_;  // names, by principal
  std::shared_ptr<grpc::Channel> channel_;
};

void CallersTest::Walk(const AnyCall& call) {
  const std::string stranger = TokenFor("stranger");
  std::map<Role::Role, std::string> tokens;
  for (const Role::Role role :
       {Role::READER, Role::LOGGER, Role::PROMOTER, Role::APPROVER, Role::ADMIN}) {
    const std::string name = "has " + Role::Role_Name(role);
    tokens[role] = TokenFor(name);
    Bind(name, role, "*");
  }
  size_t calls = 0;
  for (const MethodDescriptor* method : AllMethods()) {
    SCOPED_TRACE(method->full_name());
    EXPECT_EQ(call(*method, ""), Admission::kUnauthenticated);
    EXPECT_EQ(call(*method, "cairn_00000000_wrong"), Admission::kUnauthenticated);
    EXPECT_EQ(call(*method, stranger),
              IsForAnybody(*method) ? Admission::kAdmitted : Admission::kDenied);
    for (const auto& [role, token] : tokens) {
      const bool may = VerbsOf(role).count(VerbOf(*method)) != 0 || IsForAnybody(*method);
      EXPECT_EQ(call(*method, token), may ? Admission::kAdmitted : Admission::kDenied)
          << Role::Role_Name(role);
      ++calls;
    }
  }
  EXPECT_GT(calls, 5 * 60u);
}

TEST_F(CallersTest, TwoAuthorizationsAreNoneWhicheverComesFirst) {
  const auto stub = v1::AuthService::NewStub(channel_);
  for (const bool good_first : {true, false}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", good_first ? "Bearer " + admin_ : "Bearer x");
    context.AddMetadata("authorization", good_first ? "Bearer x" : "Bearer " + admin_);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::WhoAmIResponse response;
    const grpc::Status refused = stub->WhoAmI(&context, v1::WhoAmIRequest(), &response);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(refused.error_message(), HasSubstr("one entry \"authorization\" at most"));
  }
}

TEST_F(CallersTest, EveryMethodAsksForATokenAndForTheVerbOfItsRule) {
  Walk([this](const MethodDescriptor& method, const std::string& token) {
    switch (CallAny(method, token).error_code()) {
      case grpc::StatusCode::UNAUTHENTICATED:
        return Admission::kUnauthenticated;
      case grpc::StatusCode::PERMISSION_DENIED:
        return Admission::kDenied;
      default:
        return Admission::kAdmitted;
    }
  });
}

TEST_F(CallersTest, EveryMethodAsksTheSameOverHttp) {
  Walk([this](const MethodDescriptor& method, const std::string& token) {
    return AdmissionOf(CallOverHttp(method, token.empty() ? "" : "Bearer " + token));
  });
}

TEST_F(CallersTest, EveryMethodAsksTheSameOverHttpForAPassword) {
  Walk([this](const MethodDescriptor& method, const std::string& token) {
    return AdmissionOf(CallOverHttp(method, "Basic " + Base64UrlEncode("somebody:" + token)));
  });
}

TEST_F(CallersTest, OverHttpARefusalDoesNotTellWhetherSomethingExists) {
  v1::CreateModelRequest create;
  create.mutable_model()->set_display_name("there");
  v1::Model made;
  grpc::ClientContext context;
  Authorize(context, admin_);
  ASSERT_THAT(v1::RegistryService::NewStub(channel_)->CreateModel(&context, create, &made), IsOk());
  const std::string stranger = TokenFor("stranger");
  Bind("stranger", Role::READER, "models/other");
  const auto refusal = [&](const std::string& name, bool streams) {
    testing::ConnectCall call(
        server_.http_address(),
        streams ? "/cairn.v1.WatchService/WatchChannels" : "/cairn.v1.RegistryService/GetModel",
        streams ? "application/connect+json" : "application/json",
        "Authorization: Bearer " + stranger + "\r\n");
    const std::string request =
        std::string(streams ? R"({"resource": ")" : R"({"name": ")") + name + "\"}";
    call.Send(streams ? testing::EnvelopeOf(request) : request);
    call.End();
    const std::string whole = std::to_string(call.Status()) + call.Rest();
    EXPECT_THAT(whole, HasSubstr("permission_denied"));
    // Code and message; the details have no order, and are as long for one name as for the other.
    std::string answer = whole.substr(0, whole.find("\"details\""));
    const size_t at = answer.find(name);
    if (at != std::string::npos) answer.replace(at, name.size(), "NAME");
    return answer + std::to_string(whole.size());
  };
  for (const bool streams : {false, true}) {
    EXPECT_EQ(refusal("models/there", streams), refusal("models/never", streams));
  }
}

TEST_F(CallersTest, OverHttpHealthAloneIsPublic) {
  const std::string& address = server_.http_address();
  EXPECT_THAT(testing::HttpGet(address, "/health"), HasSubstr(" 200 "));
  for (const char* path : {"/version", "/metrics"}) {
    EXPECT_THAT(testing::HttpGet(address, path), HasSubstr(" 401 ")) << path;
  }
}

TEST_F(CallersTest, ARefusalDoesNotTellWhetherSomethingExists) {
  const auto registry = v1::RegistryService::NewStub(channel_);
  v1::CreateModelRequest create;
  create.mutable_model()->set_display_name("there");
  v1::Model made;
  grpc::ClientContext context;
  Authorize(context, admin_);
  ASSERT_THAT(registry->CreateModel(&context, create, &made), IsOk());
  const std::string stranger = TokenFor("stranger");
  Bind("stranger", Role::READER, "models/other");
  const auto refusal = [&](const std::string& name) {
    v1::GetModelRequest request;
    request.set_name(name);
    grpc::ClientContext asked;
    Authorize(asked, stranger);
    v1::Model model;
    const grpc::Status status = registry->GetModel(&asked, request, &model);
    std::string message = status.error_message();
    const auto at = message.find(name);
    if (at != std::string::npos) message.replace(at, name.size(), "NAME");
    return std::to_string(status.error_code()) + " " + message;
  };
  EXPECT_EQ(refusal("models/there"), refusal("models/never"));
}

TEST_F(CallersTest, ARevokedTokenIsRefusedAtOnceAndItsWatchEnds) {
  const std::string token = TokenFor("ann");
  Bind("ann", Role::READER, "*");
  const auto watch = v1::WatchService::NewStub(channel_);
  v1::WatchRequest follow;
  follow.mutable_heartbeat()->set_nanos(100'000'000);
  grpc::ClientContext watching;
  Authorize(watching, token);
  const auto reader = watch->Watch(&watching, follow);
  v1::WatchResponse told;
  ASSERT_TRUE(reader->Read(&told));
  v1::RevokeTokenRequest revoke;
  revoke.set_name(tokens_.at("ann"));
  google::protobuf::Empty empty;
  grpc::ClientContext context;
  Authorize(context, admin_);
  ASSERT_THAT(v1::AuthService::NewStub(channel_)->RevokeToken(&context, revoke, &empty), IsOk());
  v1::WhoAmIResponse who;
  grpc::ClientContext asked;
  Authorize(asked, token);
  EXPECT_EQ(v1::AuthService::NewStub(channel_)->WhoAmI(&asked, {}, &who).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  while (reader->Read(&told)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(CallersTest, ListsAndWatchesHoldWhatTheirCallerMayRead) {
  const auto registry = v1::RegistryService::NewStub(channel_);
  const auto create = [&](const std::string& name) {
    v1::CreateModelRequest request;
    request.mutable_model()->set_display_name(name);
    v1::Model made;
    grpc::ClientContext context;
    Authorize(context, admin_);
    EXPECT_THAT(registry->CreateModel(&context, request, &made), IsOk());
  };
  const std::string token = TokenFor("ann");
  Bind("ann", Role::READER, "models/hers");
  for (int i = 0; i < 25; ++i) create("other" + std::to_string(i));
  create("hers");
  v1::ListModelsRequest list;
  list.set_page_size(10);
  std::vector<std::string> seen;
  do {
    v1::ListModelsResponse page;
    grpc::ClientContext context;
    Authorize(context, token);
    ASSERT_THAT(registry->ListModels(&context, list, &page), IsOk());
    for (const auto& model : page.models()) seen.push_back(model.name());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(seen, ElementsAre("models/hers"));

  v1::WatchRequest follow;
  follow.set_start_revision(1);
  grpc::ClientContext context;
  Authorize(context, token);
  const auto reader = v1::WatchService::NewStub(channel_)->Watch(&context, follow);
  v1::WatchResponse told;
  std::vector<std::string> heard;
  while (heard.empty() && reader->Read(&told)) {
    for (const auto& event : told.events()) {
      heard.push_back(event.resource());
      EXPECT_EQ(event.principal(), "admin");
    }
  }
  EXPECT_THAT(heard, ElementsAre("models/hers"));
  context.TryCancel();
}

TEST_F(CallersTest, ARepeatedRequestMakesNoSecondToken) {
  v1::CreateTokenRequest request;
  request.mutable_token()->set_principal("ann");
  request.set_request_id("6ba7b810-9dad-41d1-80b4-00c04fd430c8");
  const auto create = [&](v1::CreateTokenResponse& response) {
    grpc::ClientContext context;
    Authorize(context, admin_);
    return v1::AuthService::NewStub(channel_)->CreateToken(&context, request, &response);
  };
  v1::CreateTokenResponse made;
  ASSERT_THAT(create(made), IsOk());
  v1::CreateTokenResponse again;
  const grpc::Status status = create(again);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_THAT(status.error_message(), HasSubstr(made.token().name()));
  EXPECT_TRUE(again.text().empty());
}

TEST_F(CallersTest, TheServerTellsHowCallersAreAsked) {
  v1::ServerInfo info;
  grpc::ClientContext context;
  Authorize(context, TokenFor("ann"));
  ASSERT_THAT(v1::AdminService::NewStub(channel_)->GetServerInfo(&context, {}, &info), IsOk());
  EXPECT_TRUE(info.auth_required());
  EXPECT_FALSE(info.tls_grpc() || info.tls_http() || info.client_certificates());
}

TEST_F(CallersTest, AMethodThatThereIsNotHasAReason) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  for (const char* path : {"/cairn.v1.TrackingService/Nothing", "/other.Service/Get"}) {
    grpc::ClientContext context;
    const grpc::ByteBuffer request;
    grpc::ByteBuffer response;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_THAT(status.error_details(), HasSubstr("METHOD_UNKNOWN")) << path;
  }
  queue.Shutdown();
}

TEST_F(CallersTest, RecordsSayWhoMadeThemWhateverTheRequestClaims) {
  const std::string token = TokenFor("ann");
  Bind("ann", Role::LOGGER, "*");
  Bind("ann", Role::PROMOTER, "*");
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  create.mutable_run()->set_principal("somebody else");
  v1::Run run;
  grpc::ClientContext of_run;
  Authorize(of_run, token);
  ASSERT_THAT(v1::TrackingService::NewStub(channel_)->CreateRun(&of_run, create, &run), IsOk());
  EXPECT_EQ(run.principal(), "ann");

  v1::BatchUpdateBlobsRequest blobs;
  auto& blob = *blobs.add_entries();
  blob.set_data("model");
  blob.mutable_digest()->set_sha256(Sha256Hex("model"));
  blob.mutable_digest()->set_size_bytes(5);
  v1::BatchUpdateBlobsResponse stored;
  grpc::ClientContext of_blob;
  Authorize(of_blob, token);
  ASSERT_THAT(v1::ArtifactService::NewStub(channel_)->BatchUpdateBlobs(&of_blob, blobs, &stored),
              IsOk());
  const auto registry = v1::RegistryService::NewStub(channel_);
  v1::CreateModelVersionRequest version;
  version.set_parent("models/m");
  version.mutable_model_version()->set_run(run.name());
  version.mutable_model_version()->set_principal("somebody else");
  auto& file = *version.mutable_model_version()->add_files();
  file.set_path("model.bin");
  *file.mutable_digest() = blob.digest();
  v1::ModelVersion made;
  grpc::ClientContext of_version;
  Authorize(of_version, token);
  const auto registered = registry->CreateModelVersion(&of_version, version, &made);
  ASSERT_THAT(registered, IsOk());
  EXPECT_EQ(made.principal(), "ann");
  v1::SetAliasRequest alias;
  alias.mutable_alias()->set_name("models/m/aliases/best");
  alias.mutable_alias()->set_version(1);
  v1::Alias set;
  grpc::ClientContext of_alias;
  Authorize(of_alias, token);
  ASSERT_THAT(registry->SetAlias(&of_alias, alias, &set), IsOk());
  EXPECT_EQ(set.principal(), "ann");
}

TEST(CallersInit, ASecondAdministratorIsRefusedAndTheTokenIsTheLastLine) {
  const TempFolder folder;
  const std::vector<std::string> init = {
      testing::ProgramPath("cairnd"), "init", "--data-dir", folder / "store", "--principal", "ann"};
  const ProgramResult first = testing::RunProgram(init);
  EXPECT_EQ(first.exit_code, 0) << first.output;
  const size_t last = first.output.rfind('\n', first.output.size() - 2);
  EXPECT_EQ(first.output.substr(last + 1, 6), "cairn_");
  const ProgramResult second = testing::RunProgram(init);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.output.find("ADMIN_EXISTS"), std::string::npos) << second.output;
}

TEST(CallersLocal, WithoutAuthEverybodyIsLocalAndRecordsSaySo) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  const auto channel =
      grpc::CreateChannel(server.grpc_address(), grpc::InsecureChannelCredentials());
  v1::WhoAmIResponse who;
  grpc::ClientContext context;
  ASSERT_THAT(v1::AuthService::NewStub(channel)->WhoAmI(&context, {}, &who), IsOk());
  EXPECT_EQ(who.principal(), "local");
  EXPECT_EQ(who.authentication(), v1::WhoAmIResponse::NONE);
}

}  // namespace
}  // namespace cairn
