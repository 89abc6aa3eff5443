#include "pipeline/data/packed_text.h"

#include <string>
#include <thread>
#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/data/dialect.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/metered_stream.h"

namespace cairn::pipeline {
namespace {

// UTF-16 as UTF-8.
class Utf16Stream : public ByteStream {
 public:
  explicit Utf16Stream(std::unique_ptr<ByteStream> from) : from_(std::move(from)) {}

  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    while (given_ == text_.size() && !at_end_) {
      constexpr size_t kUtf16Piece = size_t{64} << 10;
      piece_.resize(kUtf16Piece);
      CAIRN_ASSIGN_OR_RETURN(const size_t size, from_->Read(piece_.data(), piece_.size()));
      at_end_ = size == 0;
      given_ = 0;
      text_.clear();
      decoder_.Decode({piece_.data(), size}, at_end_, &text_);
    }
    const size_t size = text_.copy(out, capacity, given_);
    given_ += size;
    return size;
  }

  uint64_t consumed() const override { return from_->consumed(); }

 private:
  std::unique_ptr<ByteStream> from_;
  Utf16Decoder decoder_;
  std::string piece_;
  std::string text_;
  size_t given_ = 0;
  bool at_end_ = false;
};

}  // namespace

absl::Status PackedText::Read(bool utf16, absl::FunctionRef<absl::Status(ByteFeed&)> use) {
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<ByteStream> stream, open_());
  meter_->Begin();
  stream = std::make_unique<MeteredStream>(std::move(stream), meter_);
  if (utf16) stream = std::make_unique<Utf16Stream>(std::move(stream));
  const std::unique_ptr<ByteFeed> feed = MakeFeed(utf16);
  if (!feed->ok()) {
    return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                      "not enough memory to unpack the input");
  }
  feed->Tell(meter_);
  absl::Status unpacked;
  absl::Status used;
  {
    const std::jthread unpacker([&] { unpacked = feed->Fill(*stream); });
    used = use(*feed);
    feed->Cancel();
  }
  // Text that was cut off explains any complaint about the text.
  return unpacked.ok() ? used : unpacked;
}

// A character of two bytes takes up to three in UTF-8.
std::unique_ptr<ByteFeed> PackedText::MakeFeed(bool utf16) const {
  if (whole_ == 0) return std::make_unique<ByteFeed>();
  return std::make_unique<ByteFeed>(utf16 ? whole_ / 2 * 3 + 3 : whole_);
}

}  // namespace cairn::pipeline
