#include "server/mlflow/transfer_ticket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/http/target.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTicketRun = "experiments/1/runs/0123456789abcdef0123456789abcdef";
constexpr int64_t kExpires = 1'800'000'000;
constexpr int64_t kBefore = (kExpires - 1) * kNanosPerSecond;

DownloadTicket SomeTicket() {
  return {kTicketRun, "model/weights.bin", DigestOf("content"), "tokens/a b&c", kExpires};
}

http::Request RequestWith(const std::string& query) {
  http::Request request;
  request.query = http::ParseTarget("/x?" + query)->query;
  return request;
}

class TransferTicket : public ::testing::Test {
 protected:
  absl::Status Check(const http::Request& request, const std::string& run = kTicketRun,
                     const std::string& path = "model/weights.bin", int64_t now = kBefore) const {
    return key_.TicketOf(run, path, request, now).status();
  }

  const TicketKey key_{std::string(32, 'k')};
  const http::Request right_ = RequestWith(key_.QueryOf(SomeTicket()));
};

TEST_F(TransferTicket, WhatWasSignedComesBack) {
  const auto ticket = key_.TicketOf(kTicketRun, "model/weights.bin", right_, kBefore);
  ASSERT_TRUE(ticket.ok()) << ticket.status();
  EXPECT_EQ(ticket->content, DigestOf("content"));
  EXPECT_EQ(ticket->holder, "tokens/a b&c");
  EXPECT_EQ(ticket->expire_unix_seconds, kExpires);
}

TEST_F(TransferTicket, NoValueCanBeChanged) {
  for (const std::string name : {"expires", "holder", "sha256", "size", "signature"}) {
    http::Request changed = right_;
    for (http::NameValue& value : changed.query) {
      // Still a value of its kind: another digit, or another letter.
      if (value.name == name) value.value.front() = value.value.front() == '1' ? '2' : '1';
    }
    const absl::Status refused = Check(changed);
    EXPECT_EQ(ErrorCodeOf(refused), "PERMISSION_DENIED") << name << refused;
    EXPECT_THAT(refused.message(), HasSubstr("Ask for another")) << name;
  }
}

TEST_F(TransferTicket, AnotherPlaceIsRefused) {
  EXPECT_EQ(ErrorCodeOf(Check(right_, kTicketRun, "model/weights.bi")), "PERMISSION_DENIED");
  EXPECT_EQ(ErrorCodeOf(Check(right_, kTicketRun, "")), "PERMISSION_DENIED");
  EXPECT_EQ(ErrorCodeOf(Check(right_, "experiments/2/runs/0")), "PERMISSION_DENIED");
  // The border between the two is signed as well.
  EXPECT_EQ(ErrorCodeOf(Check(right_, std::string(kTicketRun) + "model/", "weights.bin")),
            "PERMISSION_DENIED");
}

TEST_F(TransferTicket, WhatIsMissingOrNoValueIsNamed) {
  for (const std::string name : {"expires", "holder", "sha256", "size", "signature"}) {
    http::Request changed = right_;
    for (http::NameValue& value : changed.query) {
      if (value.name == name) value.value.clear();
    }
    const absl::Status refused = Check(changed);
    EXPECT_EQ(ErrorCodeOf(refused), kInvalidParameter) << name;
    EXPECT_THAT(refused.message(), HasSubstr(name));
  }
  for (const std::string number : {"-1", "+7", "07", "7x", "99999999999999999999"}) {
    http::Request changed = right_;
    for (http::NameValue& value : changed.query) {
      if (value.name == "size") value.value = number;
    }
    EXPECT_EQ(ErrorCodeOf(Check(changed)), kInvalidParameter) << number;
  }
}

TEST_F(TransferTicket, ItEnds) {
  const absl::Status over =
      Check(right_, kTicketRun, "model/weights.bin", kExpires * kNanosPerSecond);
  EXPECT_EQ(ErrorCodeOf(over), "PERMISSION_DENIED");
  EXPECT_THAT(over.message(), HasSubstr("valid until 2027-01-15T08:00:00Z"));
}

TEST_F(TransferTicket, EveryKeySignsForItself) {
  EXPECT_EQ(ErrorCodeOf(TicketKey(std::string(32, 'l'))
                            .TicketOf(kTicketRun, "model/weights.bin", right_, kBefore)
                            .status()),
            "PERMISSION_DENIED");
  EXPECT_NE(TicketKey().QueryOf(SomeTicket()), TicketKey().QueryOf(SomeTicket()));
}

}  // namespace
}  // namespace cairn::mlflow
