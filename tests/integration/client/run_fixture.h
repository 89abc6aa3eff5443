#ifndef CAIRN_TESTS_INTEGRATION_CLIENT_RUN_FIXTURE_H_
#define CAIRN_TESTS_INTEGRATION_CLIENT_RUN_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {

// A run on a real server with a store of its own, which a test may kill and start again.
class RunFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    const auto run = Connect()->tracking().CreateRun(create);
    ASSERT_THAT(run, testing::IsOk());
    run_ = run->name();
  }

  std::unique_ptr<client::Client> Connect() const {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    return std::move(client::Client::Connect(options)).value();
  }

  const testing::TempFolder folder_;
  testing::ServerProcess server_{folder_ / "store"};
  std::string run_;  // its resource name
};

}  // namespace cairn

#endif  // CAIRN_TESTS_INTEGRATION_CLIENT_RUN_FIXTURE_H_
