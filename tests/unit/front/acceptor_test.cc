#include "server/front/acceptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <memory>

#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"

namespace cairn::front {
namespace {

using testing::IsOk;
using testing::StatusIs;

// The limit of descriptors for the length of a scope.
class ScopedLimit {
 public:
  explicit ScopedLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lower = before_;
    lower.rlim_cur = limit;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  }
  ~ScopedLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  ScopedLimit(const ScopedLimit&) = delete;
  ScopedLimit& operator=(const ScopedLimit&) = delete;

 private:
  rlimit before_{};
};

AcceptorOptions Options() {
  return {.address = "127.0.0.1:0", .limits = {.total = 10, .per_address = 10}};
}

bool BecomesHealthy(const Acceptor& acceptor) {
  return testing::Eventually([&] { return acceptor.Health().ok(); });
}

TEST(AcceptorTest, ASpareThatIsMissingAtTheStartIsFoundWhenDescriptorsReturn) {
  std::unique_ptr<Acceptor> acceptor;
  {
    const int next = UniqueFd(::eventfd(0, EFD_CLOEXEC)).get();
    // Enough for the socket and what wakes the thread.
    const ScopedLimit limit(static_cast<rlim_t>(next) + 2);
    auto bound = Acceptor::Bind(Options());
    ASSERT_THAT(bound, IsOk());
    acceptor = *std::move(bound);
    acceptor->Start([](int fd) { UniqueFd(fd).Reset(); });
    EXPECT_THAT(acceptor->Health(), StatusIs(absl::StatusCode::kResourceExhausted));
  }
  EXPECT_TRUE(BecomesHealthy(*acceptor));
}

}  // namespace
}  // namespace cairn::front
