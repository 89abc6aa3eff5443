#ifndef CAIRN_PIPELINE_DATA_PACKED_TEXT_H_
#define CAIRN_PIPELINE_DATA_PACKED_TEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/load_meter.h"

namespace cairn::pipeline {

// Text that is unpacked again for every pass, by another thread while it is parsed. One thread
// calls.
class PackedText : public CsvText {
 public:
  // Opens the text from its beginning, as often as it is asked.
  using Open = std::function<absl::StatusOr<std::unique_ptr<ByteStream>>()>;

  // `whole` is how many bytes the text has at most, if it is to be held whole; 0 for a ring.
  // `meter`, which must outlive it, is told of each pass and of the packed bytes.
  PackedText(Open open, uint64_t whole, LoadMeter* meter)
      : open_(std::move(open)), whole_(whole), meter_(meter) {}

  // Errors of `open`, of the stream, which explain any complaint of `use`, and of `use`;
  // RESOURCE_EXHAUSTED (INPUT_TOO_LARGE) when there is no memory for the text.
  absl::Status Read(bool utf16, absl::FunctionRef<absl::Status(ByteFeed&)> use) override;

 private:
  std::unique_ptr<ByteFeed> MakeFeed(bool utf16) const;

  const Open open_;
  const uint64_t whole_;
  LoadMeter* const meter_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_PACKED_TEXT_H_
