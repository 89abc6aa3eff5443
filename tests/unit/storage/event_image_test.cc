#include "server/storage/event_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "cairn/v1/events.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/digest.h"
#include "server/storage/old_event.h"

namespace cairn::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Event Parsed(const std::string& image) {
  v1::Event event;
  EXPECT_TRUE(event.ParseFromString(image));
  return event;
}

TEST(EventImage, AMessageStandsInItsFieldOfTheEvent) {
  v1::Alias alias;
  alias.set_name("models/m/aliases/champion");
  alias.set_version(3);
  const v1::Event event = Parsed(ImageOf(alias));
  EXPECT_EQ(event.image_case(), v1::Event::kAlias);
  EXPECT_EQ(event.alias().version(), 3);
}

TEST(EventImage, ALargeMessageIsStoodForByItsDigest) {
  v1::Model model;
  model.set_name("models/m");
  model.set_description(std::string(kMaxImageBytes, 'd'));
  const v1::Event event = Parsed(ImageOf(model));
  ASSERT_EQ(event.image_case(), v1::Event::kDigest);
  EXPECT_EQ(event.digest().sha256(), Sha256Hex(model.SerializeAsString()));
  EXPECT_EQ(event.digest().size_bytes(), static_cast<int64_t>(model.ByteSizeLong()));
}

TEST(EventImage, NamesOfMetricsComeBackInTheirOrder) {
  const std::string image = MetricsImage({"loss", "val/f1"});
  EXPECT_EQ(image, std::string("\x62\x0e\x1a\x04loss\x1a\x06val/f1"));
  EXPECT_THAT(MetricsOfImage(image), ElementsAre("loss", "val/f1"));
  EXPECT_THAT(Parsed(image).logged().metrics(), ElementsAre("loss", "val/f1"));
}

TEST(EventImage, NoneAndTooManyStandForAnyMetric) {
  EXPECT_THAT(MetricsOfImage(MetricsImage({})), IsEmpty());
  std::vector<std::string_view> names(kMaxChangedMetrics, "m");
  EXPECT_EQ(MetricsOfImage(MetricsImage(names)).size(), kMaxChangedMetrics);
  names.push_back("m");
  EXPECT_TRUE(Parsed(MetricsImage(names)).logged().more_metrics());
  EXPECT_THAT(MetricsOfImage(MetricsImage(names)), IsEmpty());
}

TEST(EventImage, WhatNamesMoreThanMetricsOrIsCutStandsForAnyMetric) {
  EXPECT_THAT(MetricsOfImage(""), IsEmpty());
  v1::Event::Logged logged;
  logged.add_metrics("loss");
  (*logged.mutable_params())["k"] = "5";
  EXPECT_THAT(MetricsOfImage(ImageOf(logged)), IsEmpty());
  const std::string whole = MetricsImage({"loss", "val/f1"});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(MetricsOfImage(std::string_view(whole).substr(0, size)), IsEmpty()) << size;
  }
}

TEST(OldEvent, TellsTheSameAsBefore) {
  internal::EventRecord record;
  record.set_resource("experiments/1/runs/a");
  record.set_kind("run.metrics");
  record.set_payload(std::string("loss\0val/f1\0", 12));
  const Event metrics = FromOldEvent(record);
  EXPECT_EQ(metrics.resource, "experiments/1/runs/a");
  EXPECT_EQ(metrics.kind, v1::Event::RUN_METRICS);
  EXPECT_THAT(MetricsOfImage(metrics.image), ElementsAre("loss", "val/f1"));

  v1::Channel channel;
  channel.set_name("models/m/channels/production");
  channel.set_epoch(4);
  record.set_kind("channel.moved");
  record.set_payload(channel.SerializeAsString());
  EXPECT_EQ(Parsed(FromOldEvent(record).image).channel().epoch(), 4);

  record.set_kind("model.created");
  EXPECT_EQ(FromOldEvent(record).kind, v1::Event::MODEL_CREATED);
  record.set_kind("never.heard");
  EXPECT_EQ(FromOldEvent(record).kind, v1::Event::KIND_UNSPECIFIED);
}

}  // namespace
}  // namespace cairn::storage
