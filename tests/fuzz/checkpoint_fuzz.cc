// Any bytes as a checkpoint of the run index, as they are and as the payload of its
// base under valid checksums: no crash, no read outside, and what is accepted can be
// searched.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "server/index/checkpoint.h"
#include "server/index/run_index.h"

namespace {

using cairn::index::SectionKind;

class StringSink final : public cairn::index::ByteSink {
 public:
  absl::Status Write(std::string_view bytes) override {
    text.append(bytes);
    return absl::OkStatus();
  }
  std::string text;
};

void Check(std::string_view bytes) {
  auto columns = std::make_unique<cairn::index::RunColumns>();
  cairn::index::StringSource source(bytes);
  const absl::Status read =
      cairn::index::CheckpointReader(source, *columns)
          .Read([](const cairn::index::CheckpointStamp&) { return absl::OkStatus(); });
  if (!read.ok()) return;
  cairn::index::RunIndex index;
  index.Install(1, std::move(columns));
  cairn::index::RunQuery query;
  query.show_deleted = true;
  (void)index.Search(query);
  (void)index.Count(query);
}

// Takes a piece off the front; its length is the first two bytes.
std::string_view Piece(std::string_view& rest) {
  if (rest.size() < 2) return std::exchange(rest, {});
  const size_t size =
      static_cast<uint8_t>(rest[0]) | static_cast<size_t>(static_cast<uint8_t>(rest[1])) << 8;
  const std::string_view piece = rest.substr(2, size);
  rest.remove_prefix(2 + piece.size());
  return piece;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Check(rest);
  // The same bytes as sections: kind, part and payload of each, sealed.
  StringSink sink;
  cairn::index::SectionWriter writer(sink);
  (void)writer.Begin();
  (void)writer.Add(SectionKind::kBase, 0, "", Piece(rest));
  while (rest.size() > 4) {
    const auto kind = static_cast<SectionKind>(2 + static_cast<uint8_t>(rest[0]) % 5);
    const auto part = static_cast<uint8_t>(rest[1] & 3);
    const std::string key(rest.substr(2, 1));
    rest.remove_prefix(3);
    (void)writer.Add(kind, part, kind == SectionKind::kText ? "experiment" : key, Piece(rest));
  }
  (void)writer.Add(SectionKind::kEnd, 0, "", "");
  Check(sink.text);
  return 0;
}
