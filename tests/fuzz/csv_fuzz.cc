// Any bytes may be given as CSV: loading must end with a table or an error, and the same one
// however the text is cut.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pipeline/data/byte_feed.h"
#include "pipeline/data/csv_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cairn::pipeline::ByteFeed;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cairn::pipeline::CsvPlan cut;
  cut.window = 16;
  cut.level = cairn::pipeline::ScanLevel::kPortable;
  cut.cuts = cairn::pipeline::EvenCuts(size, 3);
  ByteFeed whole(text);
  ByteFeed parts(text);
  const auto a = cairn::pipeline::ReadCsv(whole, {}, {});
  const auto b = cairn::pipeline::ReadCsv(parts, {}, cut);
  if (a.ok() != b.ok()) std::abort();
  if (a.ok() && (!SameRows(a->table, b->table) || a->rejects != b->rejects)) std::abort();
  return 0;
}
