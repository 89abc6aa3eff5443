#include "server/calls/alarms.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

namespace cairn::calls {
namespace {

using std::chrono::hours;
using std::chrono::steady_clock;

TEST(AlarmsTest, WhatIsDueIsCalledAndInTheOrderOfTime) {
  const auto past = steady_clock::now() - hours(2);
  std::string order;
  std::promise<void> rang;
  std::promise<void> both_are_set;
  Alarms alarms;
  // Holds the thread until the others are set.
  alarms.Set(past, [&] { both_are_set.get_future().wait(); });
  alarms.Set(past + hours(1), [&] {
    order += "later";
    rang.set_value();
  });
  alarms.Set(past + std::chrono::minutes(1), [&] { order += "first "; });
  both_are_set.set_value();
  rang.get_future().wait();
  EXPECT_EQ(order, "first later");
}

TEST(AlarmsTest, WhatIsDroppedIsNotCalled) {
  auto held = std::make_shared<int>(0);
  Alarms alarms;
  const auto ticket = alarms.Set(steady_clock::now() + hours(1), [held] { ++*held; });
  EXPECT_TRUE(alarms.Drop(ticket));
  EXPECT_EQ(held.use_count(), 1) << "lets go of the function";
  EXPECT_FALSE(alarms.Drop(ticket));
  EXPECT_FALSE(alarms.Drop(Alarms::Ticket()));
}

TEST(AlarmsTest, WhatRangCannotBeDroppedAndMaySetTheNext) {
  std::promise<void> rang;
  Alarms alarms;
  const auto now = steady_clock::now();
  const auto ticket = alarms.Set(now, [&] { alarms.Set(now, [&rang] { rang.set_value(); }); });
  rang.get_future().wait();
  EXPECT_FALSE(alarms.Drop(ticket));
}

TEST(AlarmsTest, WhatIsLeftAtTheEndIsNotCalled) {
  auto held = std::make_shared<int>(0);
  {
    Alarms alarms;
    alarms.Set(steady_clock::now() + hours(1), [held] { ++*held; });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

}  // namespace
}  // namespace cairn::calls
