#include "bench/serving/canned_server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/serving/reads.h"
#include "bench/serving/transfers.h"
#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "google/protobuf/message_lite.h"

namespace cairn::bench {
namespace {

constexpr int64_t kAnswerPartBytes = 256 << 10;

// How a method is answered. The answers are shared by all calls: writing one copies no bytes.
struct Script {
  std::vector<grpc::ByteBuffer> answers;  // a call has the next of them
  int64_t takes = 1;                      // after so many messages of the request
  int64_t times = 1;                      // so often
  mutable std::atomic<size_t> calls = 0;

  const grpc::ByteBuffer& NextAnswer() const { return answers[calls++ % answers.size()]; }
};

// One call.
class Player final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Player(const Script& script)
      : answer_(script.NextAnswer()), to_take_(script.takes), to_write_(script.times) {
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish({});
    return --to_take_ > 0 ? StartRead(&request_) : WriteNext();
  }
  void OnWriteDone(bool ok) override { return ok ? WriteNext() : Finish({}); }
  void OnDone() override { delete this; }

 private:
  void WriteNext() {
    if (--to_write_ > 0) return StartWrite(&answer_);
    StartWriteAndFinish(&answer_, {}, {});
  }

  grpc::ByteBuffer request_;
  const grpc::ByteBuffer& answer_;
  int64_t to_take_;
  int64_t to_write_;
};

using Scripts = std::map<std::string, Script>;

class CannedService final : public grpc::CallbackGenericService {
 public:
  explicit CannedService(const Scripts& scripts) : scripts_(scripts) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const auto script = scripts_.find(context->method());
    if (script != scripts_.end()) return new Player(script->second);
    return grpc::CallbackGenericService::CreateReactor(context);
  }

 private:
  const Scripts& scripts_;
};

std::string RunPath(const std::string& folder) { return folder + "/run.answer"; }
std::string PagePath(const std::string& folder, int64_t page) {
  return fmt::format("{}/page{}.answer", folder, page);
}

// Empty if there is none.
std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Keep(const google::protobuf::MessageLite& answer, const std::string& path) {
  if (!(std::ofstream(path, std::ios::binary) << answer.SerializeAsString())) std::exit(1);
}

void AddAnswer(Script& script, const std::string& bytes) {
  const grpc::Slice slice(bytes);
  script.answers.emplace_back(&slice, 1);
}

void FillScripts(const std::string& folder, Scripts& scripts) {
  AddAnswer(scripts["/cairn.v1.TrackingService/GetRun"], ReadFile(RunPath(folder)));
  Script& search = scripts["/cairn.v1.TrackingService/SearchRuns"];
  for (int64_t page = 0;; ++page) {
    const std::string bytes = ReadFile(PagePath(folder, page));
    if (bytes.empty()) break;
    AddAnswer(search, bytes);
  }
  Script& write = scripts["/cairn.v1.ArtifactService/Write"];
  write.takes = kTransferBytes / kUploadPartBytes;
  AddAnswer(write, "");
  v1::ReadResponse part;
  part.set_data(std::string(kAnswerPartBytes, 'x'));
  Script& read = scripts["/cairn.v1.ArtifactService/Read"];
  read.times = kTransferBytes / kAnswerPartBytes;
  AddAnswer(read, part.SerializeAsString());
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const std::string& certificate) {
  if (certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back(
      {ReadFile(certificate + ".key"), ReadFile(certificate + ".crt")});
  return grpc::SslServerCredentials(options);
}

}  // namespace

void RecordAnswers(Stub& stub, const std::string& run, const std::string& experiment,
                   const std::string& folder) {
  grpc::ClientContext context;
  v1::GetRunRequest get;
  get.set_name(run);
  v1::Run found;
  Check(stub.GetRun(&context, get, &found), "GetRun");
  Keep(found, RunPath(folder));
  int64_t pages = 0;
  v1::SearchRunsRequest search = WholePages(experiment);
  do {
    grpc::ClientContext another;
    v1::SearchRunsResponse page;
    Check(stub.SearchRuns(&another, search, &page), "SearchRuns");
    Keep(page, PagePath(folder, pages++));
    search.set_page_token(page.next_page_token());
  } while (!search.page_token().empty());
}

std::vector<std::string> CannedServerArguments(const std::string& folder,
                                               const std::string& certificate) {
  return {kCannedServerFlag, folder, certificate};
}

void RunIfCannedServer(int argc, char** argv) {
  if (argc < 4 || std::strcmp(argv[1], kCannedServerFlag) != 0) return;
  Scripts scripts;
  FillScripts(argv[2], scripts);
  CannedService service(scripts);
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  ServeBare(builder, CredentialsOf(argv[3]));
}

}  // namespace cairn::bench
