#ifndef CAIRN_PIPELINE_DATA_METERED_STREAM_H_
#define CAIRN_PIPELINE_DATA_METERED_STREAM_H_

#include <memory>
#include <utility>

#include "pipeline/data/byte_source.h"
#include "pipeline/data/load_meter.h"

namespace cairn::pipeline {

// A stream that tells a meter how far it is.
class MeteredStream : public ByteStream {
 public:
  // `before`: the packed bytes of what was read before `from`. `meter` must outlive it.
  MeteredStream(std::unique_ptr<ByteStream> from, LoadMeter* meter, uint64_t before = 0)
      : from_(std::move(from)), meter_(meter), before_(before) {}

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    absl::StatusOr<size_t> size = from_->Read(out, capacity);
    meter_->AtByte(before_ + from_->consumed());
    return size;
  }

  uint64_t consumed() const override { return from_->consumed(); }

 private:
  const std::unique_ptr<ByteStream> from_;
  LoadMeter* const meter_;
  const uint64_t before_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_METERED_STREAM_H_
