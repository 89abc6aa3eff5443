// Requests that no client library would send, to every method there is.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/server.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;

std::vector<const MethodDescriptor*> EveryMethod() {
  std::vector<const MethodDescriptor*> methods;
  for (const Descriptor* any :
       {v1::Run::descriptor(), v1::Dataset::descriptor(), v1::BlobDigest::descriptor(),
        v1::Model::descriptor(), v1::Policy::descriptor(), v1::ServerInfo::descriptor(),
        google::longrunning::Operation::descriptor()}) {
    for (int s = 0; s < any->file()->service_count(); ++s) {
      const auto* service = any->file()->service(s);
      for (int m = 0; m < service->method_count(); ++m) methods.push_back(service->method(m));
    }
  }
  return methods;
}

class HostileRequestTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    stub_ = std::make_unique<grpc::GenericStub>(
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials()));
  }

  // Sends `messages` to `method`, whatever its shape, and reads until its end.
  grpc::Status Call(const MethodDescriptor& method, const std::vector<std::string>& messages) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    grpc::CompletionQueue queue;
    const auto call = stub_->PrepareCall(
        &context, "/" + method.service()->full_name() + "/" + method.name(), &queue);
    const auto done = [&] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    call->StartCall(nullptr);
    done();
    for (const std::string& message : messages) {
      const grpc::Slice slice(message);
      call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
      if (!done()) break;
    }
    call->WritesDone(nullptr);
    done();
    grpc::ByteBuffer answer;
    do {
      call->Read(&answer, nullptr);
    } while (done());
    grpc::Status status;
    call->Finish(&status, nullptr);
    done();
    return status;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<grpc::GenericStub> stub_;
};

// The reason of an error; empty unless it has exactly one ErrorInfo.
std::string ReasonIn(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "";
  google::rpc::ErrorInfo info;
  int infos = 0;
  for (const auto& detail : details.details()) infos += detail.UnpackTo(&info) ? 1 : 0;
  return infos == 1 ? info.reason() : "";
}

void ExpectMalformed(const grpc::Status& status) {
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << status.error_message();
  EXPECT_EQ(ReasonIn(status), "REQUEST_MALFORMED");
}

TEST_F(HostileRequestTest, BytesThatAreNoMessageAreRefusedByEveryMethodWithAReason) {
  const auto methods = EveryMethod();
  ASSERT_GT(methods.size(), 70u);
  for (const MethodDescriptor* method : methods) {
    SCOPED_TRACE(method->full_name());
    ExpectMalformed(Call(*method, {"\xFF"}));
  }
}

TEST_F(HostileRequestTest, AStringThatIsNotUtf8IsRefusedByEveryMethodWithAReason) {
  for (const MethodDescriptor* method : EveryMethod()) {
    const FieldDescriptor* text = nullptr;
    for (int i = 0; i < method->input_type()->field_count(); ++i) {
      const FieldDescriptor* field = method->input_type()->field(i);
      if (field->type() == FieldDescriptor::TYPE_STRING && field->number() < 16) text = field;
    }
    if (text == nullptr) continue;
    SCOPED_TRACE(method->full_name());
    const auto tag = static_cast<char>(text->number() << 3 | 2);
    ExpectMalformed(Call(*method, {std::string{tag, 1, '\xFF'}}));
  }
}

// gRPC tells of a message that does not parse as if the stream had ended well.
TEST_F(HostileRequestTest, AStreamThatBreaksInTheMiddleIsNotTakenForOneThatEnded) {
  v1::WriteRequest write;
  write.set_resource_name("uploads/1e1d8e1c-7a3b-4c55-9a5d-0123456789ab/blobs/" +
                          std::string(64, 'a') + "/1000000");
  write.set_data(std::string(1000, 'x'));
  ExpectMalformed(
      Call(*v1::WriteRequest::descriptor()->file()->service(0)->FindMethodByName("Write"),
           {write.SerializeAsString(), "\xFF"}));
}

struct NamePlace {
  const char* method;
  const char* request;  // in text format; $ stands for the name
  bool is_id = false;   // it becomes a part of a resource name
};

// Everywhere that a name is chosen by a client and stored.
constexpr NamePlace kNamePlaces[] = {
    {"cairn.v1.TrackingService.CreateExperiment", "experiment { display_name: '$' }"},
    {"cairn.v1.TrackingService.CreateExperiment",
     "experiment { display_name: 'e' tags { key: '$' } }"},
    {"cairn.v1.TrackingService.CreateRun", "parent: 'experiments/0' run { display_name: '$' }"},
    {"cairn.v1.TrackingService.CreateRun", "parent: 'experiments/0' run { user: '$' }"},
    {"cairn.v1.TrackingService.CreateRun", "parent: 'experiments/0' run { params { key: '$' } }"},
    {"cairn.v1.TrackingService.CreateRun", "parent: 'experiments/0' run { tags { key: '$' } }"},
    {"cairn.v1.TrackingService.CreateRun",
     "parent: 'experiments/0' run { inputs { dataset_version: 'datasets/d/versions/1' context: '$' "
     "} }"},
    {"cairn.v1.TrackingService.UpdateRun", "run { name: '@' display_name: '$' }"},
    {"cairn.v1.TrackingService.UpdateRun", "run { name: '@' tags { key: '$' } }"},
    {"cairn.v1.TrackingService.LogBatch", "run: '@' params { key: '$' }"},
    {"cairn.v1.TrackingService.LogBatch", "run: '@' tags { key: '$' }"},
    {"cairn.v1.TrackingService.LogBatch", "run: '@' metrics { key: '$' steps: 1 values: 1 }"},
    {"cairn.v1.TrackingService.LogMetrics", "run: '@' metrics { key: '$' steps: 1 values: 1 }"},
    {"cairn.v1.RegistryService.CreateModel", "model { display_name: '$' }", true},
    {"cairn.v1.RegistryService.CreateModel", "model { display_name: 'm' tags { key: '$' } }"},
    {"cairn.v1.RegistryService.CreateModelVersion",
     "parent: 'models/m' model_version { tags { key: '$' } }"},
    {"cairn.v1.RegistryService.CreateModelVersion",
     "parent: 'models/m' evaluations { values { metric: '$' } }"},
    {"cairn.v1.RegistryService.CreateModelVersion", "parent: 'models/%' model_version {}", true},
    {"cairn.v1.RegistryService.SetAlias", "alias { name: 'models/m/aliases/%' version: 1 }", true},
    {"cairn.v1.DatasetService.CreateDataset", "dataset { display_name: '$' }", true},
    {"cairn.v1.DatasetService.CreateDatasetVersion", "parent: 'datasets/%'", true},
    {"cairn.v1.DatasetService.CreateDatasetVersion",
     "parent: 'datasets/d' dataset_version { tags { key: '$' } }"},
    {"cairn.v1.DatasetService.SetDatasetAlias", "name: 'datasets/d' alias: '$' version: 1", true},
    {"cairn.v1.ArtifactService.LogArtifacts", "run: '@' files { path: '$' }", true},
    {"cairn.v1.PromotionService.ApplyPolicy",
     R"(source: 'apiVersion: cairn/v1\nkind: PromotionPolicy\nmetadata: {name: "$$"}')", true},
};

std::string Replace(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

TEST_F(HostileRequestTest, NamesThatDoNotShowThemselvesAreRefusedWhereverTheyAreStored) {
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  grpc::ClientContext context;
  v1::Run run;
  ASSERT_THAT(v1::TrackingService::NewStub(
                  grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials()))
                  ->CreateRun(&context, create, &run),
              IsOk());
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  for (const NamePlace& place : kNamePlaces) {
    for (const std::string name :
         {"a\\nb", "a\\tb", "\\033[2J", "b\\177", "\\302\\205", ".", ".."}) {
      if (name.front() == '.' && !place.is_id) continue;
      std::string encoded = Replace(name, "\\n", "%0A");
      encoded = Replace(Replace(encoded, "\\t", "%09"), "\\033[", "%1B%5B");
      encoded = Replace(Replace(encoded, "\\177", "%7F"), "\\302\\205", "%C2%85");
      std::string text = Replace(Replace(place.request, "@", run.name()), "%", encoded);
      text = Replace(Replace(text, "$$", Replace(name, "\\", "\\\\")), "$", name);
      SCOPED_TRACE(std::string(place.method) + " " + text);
      const MethodDescriptor* method = pool->FindMethodByName(place.method);
      const std::unique_ptr<Message> request(factory->GetPrototype(method->input_type())->New());
      ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get()));
      const grpc::Status status = Call(*method, {request->SerializeAsString()});
      EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
      EXPECT_THAT(ReasonIn(status),
                  ::testing::AnyOf("NAME_INVALID", "ARTIFACT_PATH_INVALID", "POLICY_INVALID"))
          << status.error_message();
      for (const char c : status.error_message()) EXPECT_TRUE(c >= 0x20 || c < 0) << int{c};
    }
  }
}

// Of every kind of name, "$" for the id.
constexpr struct {
  const char* method;
  const char* field;
  const char* name;
} kLookUps[] = {
    {"cairn.v1.RegistryService.GetModel", "name", "models/$"},
    {"cairn.v1.RegistryService.DeleteModel", "name", "models/$"},
    {"cairn.v1.RegistryService.GetModelVersion", "name", "models/$/versions/1"},
    {"cairn.v1.RegistryService.GetModelVersion", "name", "models/m/versions/$"},
    {"cairn.v1.RegistryService.GetModelVersion", "name", "models/m/aliases/$"},
    {"cairn.v1.RegistryService.ListModelVersions", "parent", "models/$"},
    {"cairn.v1.RegistryService.ArchiveModelVersion", "name", "models/$/versions/1"},
    {"cairn.v1.RegistryService.DeleteModelVersion", "name", "models/m/versions/$"},
    {"cairn.v1.RegistryService.ListAliases", "parent", "models/$"},
    {"cairn.v1.RegistryService.DeleteAlias", "name", "models/m/aliases/$"},
    {"cairn.v1.RegistryService.GetChannel", "name", "models/m/channels/$"},
    {"cairn.v1.RegistryService.ListChannels", "parent", "models/$"},
    {"cairn.v1.PromotionService.GetPolicy", "name", "policies/$"},
    {"cairn.v1.PromotionService.ReplayDecision", "name", "models/m/channels/c/decisions/$"},
    {"cairn.v1.PromotionService.GetDecision", "name", "models/m/channels/c/decisions/$"},
    {"cairn.v1.PromotionService.ListDecisions", "parent", "models/m/channels/$"},
    {"cairn.v1.PromotionService.ListDecisionCandidates", "parent",
     "models/m/channels/c/decisions/$"},
    {"cairn.v1.DatasetService.GetDataset", "name", "datasets/$"},
    {"cairn.v1.DatasetService.GetDatasetVersion", "name", "datasets/$/versions/1"},
    {"cairn.v1.DatasetService.GetDatasetVersion", "name", "datasets/d/versions/$"},
    {"cairn.v1.DatasetService.ListDatasetVersions", "parent", "datasets/$"},
    {"cairn.v1.DatasetService.GetLineage", "name", "datasets/$/versions/1"},
    {"cairn.v1.DatasetService.GetLineage", "name", "models/$/versions/1"},
    {"cairn.v1.ArtifactService.ListArtifacts", "parent", "models/$/versions/1"},
    {"cairn.v1.ArtifactService.ListArtifacts", "parent", "datasets/$/versions/1"},
    {"cairn.v1.ArtifactService.ListArtifacts", "parent", "models/$"},
    {"cairn.v1.ArtifactService.QueryWriteStatus", "resource_name", "models/$"},
    {"cairn.v1.TrackingService.GetExperiment", "name", "experiments/$"},
    {"cairn.v1.TrackingService.GetRun", "name", "experiments/0/runs/$"},
    {"google.longrunning.Operations.GetOperation", "name", "operations/$"},
};

TEST_F(HostileRequestTest, NamesThatNoResourceCanHaveAreRefusedWhereTheyAreLookedUp) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  for (const auto& look_up : kLookUps) {
    for (const char* id : {".", "..", "%2E%2E", "a%0Ab", "%1B"}) {
      const std::string name = Replace(look_up.name, "$", id);
      SCOPED_TRACE(std::string(look_up.method) + " " + name);
      const MethodDescriptor* method = pool->FindMethodByName(look_up.method);
      ASSERT_NE(method, nullptr);
      const std::unique_ptr<Message> request(factory->GetPrototype(method->input_type())->New());
      const auto* field = method->input_type()->FindFieldByName(look_up.field);
      ASSERT_NE(field, nullptr);
      request->GetReflection()->SetString(request.get(), field, name);
      const grpc::Status status = Call(*method, {request->SerializeAsString()});
      EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << status.error_message();
      EXPECT_THAT(ReasonIn(status), ::testing::AnyOf("NAME_INVALID", "DIGEST_INVALID"));
      EXPECT_THAT(status.error_message(), ::testing::HasSubstr(look_up.field));
    }
  }
}

TEST_F(HostileRequestTest, ValuesMayHaveLineFeedsAndTabs) {
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  (*create.mutable_run()->mutable_tags())["note"] = "first\n\tsecond";
  (*create.mutable_run()->mutable_params())["note"] = "first\n\tsecond";
  const auto& method = *v1::Run::descriptor()->file()->service(0)->FindMethodByName("CreateRun");
  EXPECT_THAT(Call(method, {create.SerializeAsString()}), IsOk());
}

// Sets every string of the message, and of one message below each field.
void FillStrings(Message& message, const std::string& text, int depth) {
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      field->is_repeated() ? reflection->AddString(&message, field, text)
                           : reflection->SetString(&message, field, text);
    } else if (field->type() == FieldDescriptor::TYPE_MESSAGE && depth > 0) {
      FillStrings(field->is_repeated() ? *reflection->AddMessage(&message, field)
                                       : *reflection->MutableMessage(&message, field),
                  text, depth - 1);
    }
  }
}

TEST_F(HostileRequestTest, NamesThatAreTooLongForTrailersAreRefusedByEveryMethodWithAReason) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  for (const std::string piece : {"n", "\xE2\x82\xAC", "/"}) {
    std::string text = piece == "/" ? "models" : "";
    while (text.size() < 9'000) text += piece;
    for (const MethodDescriptor* method : EveryMethod()) {
      const std::unique_ptr<Message> request(factory->GetPrototype(method->input_type())->New());
      FillStrings(*request, text, 1);
      if (request->ByteSizeLong() == 0) continue;
      SCOPED_TRACE(method->full_name());
      const grpc::Status status = Call(*method, {request->SerializeAsString()});
      EXPECT_EQ(ReasonIn(status).empty(), status.ok()) << status.error_message();
      EXPECT_LT(status.error_message().size(), 3'000u);
      EXPECT_LT(status.error_details().size(), 6'000u);
    }
  }
}

}  // namespace
}  // namespace cairn
