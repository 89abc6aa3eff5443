// Any bytes as a filter and as an order: no crash, and what parses has a written
// form that parses to itself.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cairn/v1/tracking.pb.h"
#include "server/core/filter_parser.h"
#include "server/core/order_by.h"
#include "server/core/run_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cairn::v1::Run run;
  run.set_uid("u");
  run.set_display_name("name");
  run.mutable_params()->insert({"k", "4"});
  if (const auto filter = cairn::core::ParseFilter(text); filter.ok()) {
    const std::string written = cairn::core::FilterToString(*filter);
    const auto again = cairn::core::ParseFilter(written);
    // The written form may be longer than the limit that the text just met.
    const bool fits = written.size() <= cairn::core::kMaxFilterBytes;
    if (fits && (!again.ok() || cairn::core::FilterToString(*again) != written)) std::abort();
    if (const auto bound = cairn::core::RunFilter::FromAst(*filter); bound.ok()) {
      bound->Matches(run);
    }
  }
  if (const auto order = cairn::core::RunOrder::Parse(text); order.ok()) {
    if (order->Compare(run, run) != 0) std::abort();
  }
  return 0;
}
