#ifndef CAIRN_TESTS_UNIT_SERVER_WHOLE_TABLE_FIXTURE_H_
#define CAIRN_TESTS_UNIT_SERVER_WHOLE_TABLE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "server/artifacts/manifest_blob.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/audit/auditor.h"
#include "server/auth/access_control.h"
#include "server/auth/role_bindings.h"
#include "server/evaluation/measurer.h"
#include "server/service/authorize.h"
#include "server/service/methods.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {

// The table of methods of the real server, over a store in memory.
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
                                          *compactor_,
                                          leases_,
                                          operations_,
                                          *blobs_,
                                          artifacts::MakeManifestLoader(*blobs_),
                                          feed_,
                                          measurer_,
                                          {},
                                          &access_,
                                          auditor_.get()});
    auto table = service::MakeMethodTable(*backends_);
    EXPECT_THAT(table, testing::IsOk());
    if (table.ok()) table_ = *std::move(table);
  }
  ~WholeTableTest() override {
    blobs_.reset();
    std::filesystem::remove_all(directory_);
  }

  const std::string directory_ = ::testing::TempDir() + "/method_table_" +
                                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<artifacts::BlobStore> blobs_;
  events::EventFeed feed_{*store_};
  evaluation::Measurer measurer_{[this](const Digest& digest, int64_t max_bytes) {
    return blobs_->ReadAll(digest, max_bytes);
  }};
  auth::AccessControl access_{*store_};
  std::unique_ptr<audit::Auditor> auditor_ = *audit::Auditor::Open(*store_, "");
  std::unique_ptr<const service::Backends> backends_;
  std::unique_ptr<const service::MethodTable> table_;
};

// Calls of it by callers with role bindings.
class AuthorizeTest : public WholeTableTest {
 protected:
  AuthorizeTest() { EXPECT_THAT(access_.Load(), testing::IsOk()); }

  void Bind(v1::RoleBinding::Role role, const std::string& resource,
            const std::string& member = "principal:alice",
            const std::vector<v1::Verb>& verbs = {}) {
    internal::RoleBindingRecord record;
    v1::RoleBinding& binding = *record.mutable_role_binding();
    binding.set_member(member);
    binding.set_role(role);
    binding.set_resource(resource);
    for (const v1::Verb verb : verbs) binding.add_verbs(verb);
    binding.set_name(auth::RoleBindingName(binding));
    storage::WriteSet set;
    set.PutRecord(storage::RoleBindingKey(binding.name()), record.SerializeAsString())
        .Emit(v1::Event::ROLE_BINDING_SET, binding);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), testing::IsOk());
  }

  // What Authorize says of a call by alice.
  absl::Status Ask(const std::string& method, const google::protobuf::Message& request) const {
    return service::Authorize(&access_, *table_->Find("cairn.v1." + method), Alice(), request);
  }

  static service::Caller Alice() { return CallerNamed("alice"); }
  static service::Caller CallerNamed(const std::string& principal,
                                     const std::vector<std::string>& groups = {}) {
    service::Caller caller;
    caller.identity = std::make_shared<const auth::Identity>(
        auth::MakeIdentity(principal, groups, v1::WhoAmIResponse::TOKEN));
    return caller;
  }
  static service::Caller Administrator() {
    service::Caller caller;
    caller.identity = auth::LocalIdentity();
    return caller;
  }

  // The answer of any method that answers at once, if the caller may call it.
  template <typename Response>
  absl::StatusOr<Response> Call(const std::string& path, const service::Caller& caller,
                                const google::protobuf::Message& request) {
    const service::Method& row = *table_->Find(path);
    if (const absl::Status may = service::Authorize(&access_, row, caller, request); !may.ok()) {
      return may;
    }
    auto answer = std::get<service::AnswerFunction>(row.serve)(caller, request);
    if (!answer.ok()) return answer.status();
    if (const auto* message = std::get_if<std::unique_ptr<google::protobuf::Message>>(&*answer)) {
      return static_cast<const Response&>(**message);
    }
    Response response;
    EXPECT_TRUE(response.ParseFromString(std::get<std::string>(*answer)));
    return response;
  }

  // The same of one that plans a change, which is stored.
  template <typename Response>
  absl::StatusOr<Response> CallChange(const std::string& path, const service::Caller& caller,
                                      const google::protobuf::Message& request) {
    const service::Method& row = *table_->Find(path);
    if (const absl::Status may = service::Authorize(&access_, row, caller, request); !may.ok()) {
      return may;
    }
    const service::Change change = std::get<service::ChangeFunction>(row.serve)(caller, request);
    return Apply<Response>(change.plan(*Now()));
  }
};

}  // namespace cairn

#endif  // CAIRN_TESTS_UNIT_SERVER_WHOLE_TABLE_FIXTURE_H_
