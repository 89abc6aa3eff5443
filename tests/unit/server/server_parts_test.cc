// What surrounds the use cases: options, log lines, call metrics, errors on the wire.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "google/rpc/error_details.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "nlohmann/json.hpp"
#include "server/observability/call_metrics.h"
#include "server/observability/log.h"
#include "server/options.h"
#include "server/rpc/call.h"
#include "server/rpc/grpc_status.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

absl::StatusOr<CommandLine> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "cairnd");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

// Sets a variable of the environment for the length of a scope.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { ::unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

TEST(OptionsTest, AFlagIsNoValueOfTheFlagBeforeIt) {
  for (const char* flag : {"--data-dir", "--config", "--grpc-address"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Parse({flag, "--in-memory"})->exit_code, 2);
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr(std::string(flag) + "=--in-memory"));
  }
  EXPECT_EQ(Parse({"--data-dir=--in-memory"})->options.data_dir, "--in-memory");
}

TEST(OptionsTest, FlagsGoBeforeTheEnvironmentAndThatBeforeTheFile) {
  const storage::ScratchDirectory scratch;
  const std::string file = scratch.Join("cairnd.toml");
  ASSERT_THAT(WriteFileAtomically(file,
                                  "data-dir = \"/from/file\"\n"
                                  "pool-threads = 7\n"
                                  "drain-millis = 70\n"),
              IsOk());
  const ScopedVariable directory("CAIRND_DATA_DIR", "/from/environment");
  const ScopedVariable threads("CAIRND_POOL_THREADS", "5");
  const auto line = Parse({"--config", file.c_str(), "--data-dir", "/from/flag"});
  ASSERT_THAT(line, IsOk());
  ASSERT_FALSE(line->exit_now);
  EXPECT_EQ(line->options.data_dir, "/from/flag");
  EXPECT_EQ(line->options.pool_threads, 5);
  EXPECT_EQ(line->options.drain_millis, 70);
}

TEST(OptionsTest, TheMemoryLimitIsASizeOfAtLeast256MiB) {
  constexpr int64_t kMebi = int64_t{1} << 20;
  EXPECT_EQ(Parse({"--in-memory"})->options.memory_limit_bytes, 0);
  const std::pair<const char*, int64_t> sizes[] = {{"512MiB", 512 * kMebi},
                                                   {"2GiB", 2048 * kMebi},
                                                   {"262144KiB", 256 * kMebi},
                                                   {"268435456", 256 * kMebi},
                                                   {"0", 0}};
  for (const auto& [text, bytes] : sizes) {
    const auto line = Parse({"--in-memory", "--memory-limit", text});
    ASSERT_TRUE(line.ok() && !line->exit_now) << text;
    EXPECT_EQ(line->options.memory_limit_bytes, bytes) << text;
  }
  for (const char* bad : {"255MiB", "1", "512MB", "512 MiB", "-1GiB", "1.5GiB", "MiB", "",
                          "9223372036854775807GiB", "99999999999999999999"}) {
    const auto line = Parse({"--in-memory", "--memory-limit", bad});
    ASSERT_THAT(line, IsOk()) << bad;
    EXPECT_EQ(line->exit_code, 2) << bad;
  }
  const ScopedVariable limit("CAIRND_MEMORY_LIMIT", "1GiB");
  EXPECT_EQ(Parse({"--in-memory"})->options.memory_limit_bytes, 1024 * kMebi);
}

TEST(OptionsTest, ADirectoryIsNeededUnlessEverythingStaysInMemory) {
  const auto refused = Parse({});
  EXPECT_EQ(ReasonOf(refused.status()), "CONFIG_INVALID");
  EXPECT_EQ(MetadataOf(refused.status(), "field"), "data-dir");
  EXPECT_THAT(Parse({"--in-memory"}), IsOk());
}

TEST(OptionsTest, AddressesStayOnLoopbackUnlessTheNetworkIsAllowed) {
  for (const char* good : {"127.0.0.1:0", "localhost:80", "[::1]:5000", "127.8.8.8:65535"}) {
    EXPECT_THAT(Parse({"--in-memory", "--grpc-address", good}), IsOk()) << good;
  }
  for (const char* bad : {"0.0.0.0:1", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536",
                          "localhost:x", "example.org:80"}) {
    const auto refused = Parse({"--in-memory", "--http-address", bad});
    EXPECT_EQ(ReasonOf(refused.status()), "CONFIG_INVALID") << bad;
    EXPECT_EQ(MetadataOf(refused.status(), "value"), bad);
  }
  EXPECT_THAT(Parse({"--in-memory", "--grpc-address", "0.0.0.0:1", "--insecure-network"}), IsOk());
}

TEST(OptionsTest, BothAddressesMayBeAnyWithTlsAndAuthentication) {
  for (const char* address : {"--grpc-address", "--http-address"}) {
    const auto parse = [address](std::vector<const char*> flags) {
      flags.insert(flags.end(), {"--in-memory", address, "0.0.0.0:1"});
      return Parse(flags).status();
    };
    EXPECT_THAT(parse({"--tls-cert", "a", "--tls-key", "b", "--auth"}), IsOk());
    EXPECT_EQ(ReasonOf(parse({"--tls-cert", "a", "--tls-key", "b"})), "CONFIG_INVALID");
    EXPECT_EQ(ReasonOf(parse({"--auth"})), "CONFIG_INVALID");
  }
}

TEST(OptionsTest, TlsNeedsItsTwoFilesAndOpensTheNetworkToKnownClientsOnly) {
  const auto field_of = [](const std::vector<const char*>& arguments) {
    return MetadataOf(Parse(arguments).status(), "field");
  };
  EXPECT_EQ(field_of({"--in-memory", "--tls-cert", "c"}), "tls-key");
  EXPECT_EQ(field_of({"--in-memory", "--tls-key", "k"}), "tls-cert");
  EXPECT_EQ(field_of({"--in-memory", "--tls-client-ca", "a"}), "tls-client-ca");
  const std::vector<const char*> tls = {"--in-memory", "--grpc-address", "0.0.0.0:1", "--tls-cert",
                                        "c",           "--tls-key",      "k"};
  EXPECT_EQ(field_of(tls), "grpc-address") << "anybody could call";
  std::vector<const char*> known = tls;
  known.insert(known.end(), {"--tls-client-ca", "a"});
  EXPECT_EQ(field_of(known), "grpc-address")
      << "whoever has a certificate would be an administrator";
  known.push_back("--auth");
  EXPECT_THAT(Parse(known), IsOk());
  EXPECT_EQ(field_of({"--in-memory", "--grpc-address", "0.0.0.0:1", "--auth"}), "grpc-address")
      << "tokens would travel in the open";
}

TEST(OptionsTest, WhatIsUnknownOrOutOfRangeEndsAsAUsageError) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"--in-memory", "--nonsense"},
                                             {"--in-memory", "--pool-threads", "257"},
                                             {"--in-memory", "--drain-millis", "-1"},
                                             {"--in-memory", "--log-level", "loud"},
                                             {"--config", "/nowhere/cairnd.toml"}}) {
    ::testing::internal::CaptureStderr();
    const auto line = Parse(arguments);
    EXPECT_NE(::testing::internal::GetCapturedStderr(), "") << arguments.back();
    ASSERT_THAT(line, IsOk());
    EXPECT_TRUE(line->exit_now);
    EXPECT_EQ(line->exit_code, 2);
  }
}

TEST(OptionsTest, ALeaseIsANumberWithAUnit) {
  const auto seconds = [](const char* text) {
    const auto line = Parse({"--in-memory", "--default-run-lease", text});
    return line.ok() && !line->exit_now ? line->options.default_run_lease_seconds : -1;
  };
  EXPECT_EQ(seconds("0"), 0);
  EXPECT_EQ(seconds("0s"), 0);
  EXPECT_EQ(seconds("90s"), 90);
  EXPECT_EQ(seconds("5m"), 300);
  EXPECT_EQ(seconds("2h"), 7200);
  EXPECT_EQ(seconds("30d"), 30 * 86'400);
  for (const char* bad : {"31d", "10", "-1s", "s", "1w", "", "1 s", "9999999999999999999s"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(seconds(bad), -1) << bad;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("default-run-lease"));
  }
  const ScopedVariable variable("CAIRND_DEFAULT_RUN_LEASE", "1m");
  EXPECT_EQ(Parse({"--in-memory"})->options.default_run_lease_seconds, 60);
}

TEST(OptionsTest, WhatIsKeptOfTheEventLogIsATimeAndASize) {
  EXPECT_EQ(Parse({"--in-memory"})->options.event_retention_seconds, 7 * 86'400);
  EXPECT_EQ(Parse({"--in-memory"})->options.event_log_mib, 1024);
  EXPECT_EQ(Parse({"--in-memory", "--event-retention", "12h"})->options.event_retention_seconds,
            12 * 3600);
  EXPECT_EQ(Parse({"--in-memory", "--event-log-mib", "64"})->options.event_log_mib, 64);
  for (const char* bad : {"0", "0s", "7", "3651d", ""}) {
    ::testing::internal::CaptureStderr();
    EXPECT_TRUE(Parse({"--in-memory", "--event-retention", bad})->exit_now) << bad;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("event-retention"));
  }
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(Parse({"--in-memory", "--event-log-mib", "15"})->exit_now);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("event-log-mib"));
}

TEST(OptionsTest, AnUnknownSettingInTheFileIsRefused) {
  const storage::ScratchDirectory scratch;
  const std::string file = scratch.Join("cairnd.toml");
  ASSERT_THAT(WriteFileAtomically(file, "data-dire = \"/typo\"\n"), IsOk());
  ::testing::internal::CaptureStderr();
  const auto line = Parse({"--in-memory", "--config", file.c_str()});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("data-dire"));
  EXPECT_EQ(line->exit_code, 2);
}

TEST(OptionsTest, AFileHasTextsWordsArraysAndComments) {
  const storage::ScratchDirectory scratch;
  const std::string file = scratch.Join("cairnd.toml");
  const auto parse = [&](const std::string& text) {
    EXPECT_THAT(WriteFileAtomically(file, text), IsOk());
    return Parse({"--config", file.c_str()});
  };
  const auto line = parse(
      "; of the site\n[default]\r\n"
      "data-dir = \"/a \\\"b\\\" \\\\c\"  # quoted\n\n"
      "http-allowed-host = [\"one\", 'two',  # and\n  three,\n]\n"
      "grpc-address=127.0.0.1:7\n"
      "auth = true\nmemory-limit = 1GiB");
  ASSERT_TRUE(line.ok() && !line->exit_now) << line.status();
  EXPECT_EQ(line->options.data_dir, "/a \"b\" \\c");
  EXPECT_THAT(line->options.allowed_hosts, ::testing::ElementsAre("one", "two", "three"));
  EXPECT_EQ(line->options.grpc_address, "127.0.0.1:7");
  EXPECT_TRUE(line->options.auth);
  EXPECT_EQ(line->options.memory_limit_bytes, int64_t{1} << 30);

  const std::pair<const char*, const char*> wrong[] = {
      {"in-memory = true\nauth\n", ":2: auth needs a value"},
      {"auth =\n", ":1: a value is missing"},
      {"auth = true false\n", "needs quotation marks"},
      {"data-dir = /a#b\n", "needs quotation marks"},
      {"data-dir = \"a\" b\n", "stands behind"},
      {"data-dir = \"a\n", "no end"},
      {"data-dir = \"\\x\"\n", "escaped"},
      {"auth = maybe\n", "neither true nor false"},
      {"auth = true\nauth = true\n", ":2: auth stands twice"},
      {"auth = [true]\n", "takes one value"},
      {"http-allowed-host = [a b]\n", "needs quotation marks"},
      {"http-allowed-host = [a\n", "no end"},
      {"[server]\n", "sections"},
      {"rebuild-blob-index = true\n", "command line only"},
      {"config = x\n", "command line only"},
      {"blob-lease = 2\n", "--blob-lease 2 is not a duration"}};
  for (const auto& [text, says] : wrong) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(parse(text)->exit_code, 2) << text;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(says)) << text;
  }
}

TEST(OptionsTest, WhatFlagsDoNotSayTogetherIsRefused) {
  const std::pair<std::vector<const char*>, const char*> wrong[] = {
      {{"--tls-client-cert", "optional"}, "needs --tls-client-ca"},
      {{"--http-allowed-host", "a,b"}, "must be one name"},
      {{"--blob-lease", "1500ms"}, "must be whole seconds"}};
  for (const auto& [flags, says] : wrong) {
    std::vector<const char*> arguments = flags;
    arguments.push_back("--in-memory");
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Parse(arguments)->exit_code, 2) << says;
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr(says));
  }
}

TEST(OptionsTest, ATaskTakesTheServersFlagsBeforeAndBehindIt) {
  EXPECT_TRUE(Parse({"--data-dir", "d", "check"})->check);
  EXPECT_TRUE(Parse({"check", "--data-dir", "d"})->check);
  EXPECT_EQ(Parse({"init", "--data-dir", "d"})->admin, "admin");
  EXPECT_EQ(Parse({"--data-dir=d", "init", "--principal", "ann"})->admin, "ann");
  for (const std::vector<const char*>& wrong :
       std::vector<std::vector<const char*>>{{"--principal", "ann"}, {"chek"}, {"check", "init"}}) {
    EXPECT_EQ(Parse(wrong)->exit_code, 2) << wrong.back();
  }
  const ScopedVariable variable("CAIRND_PRINCIPAL", "eve");
  EXPECT_EQ(Parse({"init", "--data-dir", "d"})->admin, "admin") << "it has no variable";
}

TEST(LogTest, ALineIsOneLineWhateverItSays) {
  using observability::LogFormat;
  using observability::LogLevel;
  constexpr int64_t kNoon = 1'323'435'000 * kNanosPerSecond;
  EXPECT_EQ(observability::FormatLogLine(LogFormat::kText, kNoon, LogLevel::kInfo, "serving",
                                         {{"grpc", "127.0.0.1:1"}, {"note", "two words\n\"x\""}}),
            "time=2011-12-09T12:50:00Z level=info msg=serving grpc=127.0.0.1:1 "
            "note=\"two words\\n\\\"x\\\"\"");
  const std::string json = observability::FormatLogLine(LogFormat::kJson, kNoon, LogLevel::kError,
                                                        "broken \xFF bytes\n", {{"path", "a\"b"}});
  EXPECT_THAT(json, Not(HasSubstr("\n")));
  const auto parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed["level"], "error");
  EXPECT_EQ(parsed["path"], "a\"b");
  EXPECT_EQ(parsed["msg"], "broken \xEF\xBF\xBD bytes\n");
}

TEST(CallMetricsTest, CountsByMethodAndCodeWithCumulativeBuckets) {
  observability::CallMetrics metrics;
  const auto call = [&](const absl::Status& status, int64_t nanos) {
    metrics.Begin();
    metrics.End("S/Get", status, nanos);
  };
  call(absl::OkStatus(), 200'000);     // on the edge of the first bucket
  call(absl::OkStatus(), 3'000'000);   // 3 ms
  call(absl::NotFoundError("x"), -5);  // a clock that went back
  call(absl::OkStatus(), 60 * kNanosPerSecond);
  metrics.Begin();
  const std::string text = metrics.ToPrometheusText();
  EXPECT_THAT(text, HasSubstr("cairn_calls_in_flight 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_calls_total{method=\"S/Get\",code=\"OK\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cairn_calls_total{method=\"S/Get\",code=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cairn_call_seconds_bucket{method=\"S/Get\",le=\"0.0002\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cairn_call_seconds_bucket{method=\"S/Get\",le=\"0.005\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cairn_call_seconds_bucket{method=\"S/Get\",le=\"10\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cairn_call_seconds_bucket{method=\"S/Get\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("cairn_call_seconds_count{method=\"S/Get\"} 4\n"));
}

google::rpc::Status OnTheWire(const absl::Status& status) {
  const grpc::Status converted = rpc::ToGrpcStatus(status);
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(converted.error_details()));
  EXPECT_EQ(details.code(), static_cast<int>(converted.error_code()));
  EXPECT_EQ(details.message(), converted.error_message());
  return details;
}

TEST(GrpcStatusTest, DetailsTravelWithTheError) {
  EXPECT_THAT(rpc::ToGrpcStatus(absl::OkStatus()), IsOk());
  const auto wire = OnTheWire(NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", "models/m"));
  EXPECT_EQ(wire.code(), static_cast<int>(absl::StatusCode::kNotFound));
  ASSERT_EQ(wire.details_size(), 2);
  google::rpc::ErrorInfo info;
  google::rpc::ResourceInfo resource;
  for (const auto& detail : wire.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
    if (detail.Is<google::rpc::ResourceInfo>()) detail.UnpackTo(&resource);
  }
  EXPECT_EQ(info.reason(), "MODEL_NOT_FOUND");
  EXPECT_EQ(info.domain(), "cairn.v1");
  EXPECT_EQ(resource.resource_name(), "models/m");
}

TEST(GrpcStatusTest, AnErrorWithoutAReasonSaysNothingOfInternals) {
  const auto wire = OnTheWire(absl::NotFoundError("/var/lib/secret is gone"));
  EXPECT_EQ(wire.code(), static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_THAT(wire.message(), Not(HasSubstr("secret")));
  ASSERT_EQ(wire.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(wire.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "INTERNAL_FAULT");
}

TEST(GrpcStatusTest, EtagsAreStampedOnTheResourceOrTheOneItWraps) {
  v1::Run run;
  calls::StampEtag(36, run);
  EXPECT_EQ(run.etag(), "\"10\"");
  v1::ApplyPolicyResponse applied;
  applied.mutable_policy();
  calls::StampEtag(36, applied);
  EXPECT_EQ(applied.policy().etag(), "\"10\"");
  v1::Decision decision;
  decision.set_policy("policies/p");
  calls::StampEtag(36, decision);
  EXPECT_EQ(decision.policy(), "policies/p");
}

}  // namespace
}  // namespace cairn
