#include "server/core/order_by.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "server/core/filter_lexer.h"

namespace cairn::core {
namespace {

using cairn::v1::MetricSummary;
using cairn::v1::Run;

// Classes within one key, in their order whatever the direction.
constexpr char kNumber = 0x01;
constexpr char kNanTag = 0x02;
constexpr char kText = 0x03;
constexpr char kMissing = 0x04;

constexpr size_t kMaxOrderBytes = size_t{16} << 10;

// Appends bytes of one value, inverted for a descending key.
class KeyWriter {
 public:
  KeyWriter(std::string& out, bool descending) : out_(out), descending_(descending) {}

  void Missing() { out_ += kMissing; }

  void Bits(uint64_t bits) {
    out_ += kNumber;
    for (int shift = 56; shift >= 0; shift -= 8) Byte(static_cast<uint8_t>(bits >> shift));
  }

  void Number(double value) {
    if (std::isnan(value)) {
      out_ += kNanTag;
    } else {
      Bits(OrderedBits(CanonicalDouble(value)));
    }
  }

  // 0x00 becomes 0x00 0xFF and the end is 0x00 0x01, so that no text is a
  // prefix of another.
  void Text(std::string_view text) {
    if (text.empty()) return Missing();
    out_ += kText;
    for (const char c : text) {
      Byte(static_cast<uint8_t>(c));
      if (c == '\0') Byte(0xff);
    }
    Byte(0x00);
    Byte(0x01);
  }

  // A parameter or tag: a number if it reads as one.
  void Value(const google::protobuf::Map<std::string, std::string>& map, const std::string& key) {
    const auto it = map.find(key);
    if (it == map.end()) return Missing();
    const auto number = ParseNumber(it->second);
    number ? Number(*number) : Text(it->second);
  }

  void Nanos(std::optional<int64_t> nanos) {
    if (!nanos) return Missing();
    Bits(static_cast<uint64_t>(*nanos) ^ (uint64_t{1} << 63));
  }

  void Time(bool has, const google::protobuf::Timestamp& time) {
    Nanos(has ? std::make_optional(ToUnixNanos(time)) : std::nullopt);
  }

 private:
  void Byte(uint8_t byte) { out_ += static_cast<char>(descending_ ? ~byte : byte); }

  std::string& out_;
  bool descending_;
};

void WriteMetric(KeyWriter& writer, const RunFieldRef& ref, const Run& run) {
  const auto it = std::find_if(run.metrics().begin(), run.metrics().end(),
                               [&](const MetricSummary& m) { return m.key() == ref.key; });
  if (it == run.metrics().end()) return writer.Missing();
  if (ref.field == RunField::kMetricMin) return writer.Number(it->min());
  if (ref.field == RunField::kMetricMax) return writer.Number(it->max());
  writer.Number(it->latest().value());
}

void WriteField(KeyWriter& writer, const RunFieldRef& ref, const Run& run) {
  switch (ref.field) {
    case RunField::kMetric:
    case RunField::kMetricMin:
    case RunField::kMetricMax:
      return WriteMetric(writer, ref, run);
    case RunField::kParam:
      return writer.Value(run.params(), ref.key);
    case RunField::kTag:
      return writer.Value(run.tags(), ref.key);
    case RunField::kState:
      return writer.Text(Run::State_Name(run.state()));
    case RunField::kDisplayName:
      return writer.Text(run.display_name());
    case RunField::kUid:
      return writer.Text(run.uid());
    case RunField::kUser:
      return writer.Text(run.user());
    case RunField::kStartTime:
      return writer.Time(run.has_start_time(), run.start_time());
    case RunField::kEndTime:
      return writer.Time(run.has_end_time(), run.end_time());
    case RunField::kCreateTime:
      return writer.Time(run.has_create_time(), run.create_time());
    case RunField::kDuration:
      return writer.Nanos(DurationNanos(run));
    case RunField::kDataset:
    case RunField::kOutput:
    case RunField::kParentRun:
    case RunField::kKind:
      return writer.Missing();
  }
}

absl::StatusOr<RunOrder::Key> ParseKey(FilterLexer& lexer) {
  lexer.SkipBlanks();
  CAIRN_ASSIGN_OR_RETURN(const FilterField path, lexer.TakePath());
  const auto ref = ResolveRunField(path.path);
  const bool sortable = ref && ref->field != RunField::kDataset &&
                        ref->field != RunField::kOutput && ref->field != RunField::kParentRun &&
                        ref->field != RunField::kKind;
  if (!sortable) {
    return lexer.ErrorAt(path.position,
                         UnknownField(path.path) +
                             "; there are metrics.KEY, metrics_min.KEY, metrics_max.KEY, "
                             "params.KEY, tags.KEY, state, display_name, uid, user, start_time, "
                             "end_time, create_time and duration");
  }
  RunOrder::Key key{*ref, false};
  lexer.SkipBlanks();
  if (lexer.AtEnd() || lexer.Peek() == ',') return key;
  const size_t position = lexer.position();
  CAIRN_ASSIGN_OR_RETURN(const FilterField direction, lexer.TakePath());
  const std::string& word = direction.path[0];
  key.descending = word == "desc" || word == "DESC";
  const bool known = key.descending || word == "asc" || word == "ASC";
  if (!known || direction.path.size() != 1) return lexer.ErrorAt(position, "expected asc or desc");
  lexer.SkipBlanks();
  return key;
}

}  // namespace

RunOrder::RunOrder() : keys_{{{RunField::kStartTime, ""}, true}} {}

absl::StatusOr<RunOrder> RunOrder::Parse(std::string_view text) {
  FilterLexer lexer(text, ErrorReason::ORDER_BY_INVALID, "order_by");
  if (text.size() > kMaxOrderBytes) {
    return lexer.ErrorAt(kMaxOrderBytes, fmt::format("longer than {} bytes", kMaxOrderBytes));
  }
  if (!IsValidUtf8(text)) return lexer.ErrorAt(0, "not UTF-8");
  RunOrder order;
  lexer.SkipBlanks();
  if (lexer.AtEnd()) return order;
  order.keys_.clear();
  do {
    if (order.keys_.size() >= kMaxOrderKeys) {
      return lexer.ErrorAt(lexer.position(), fmt::format("more than {} keys", kMaxOrderKeys));
    }
    CAIRN_ASSIGN_OR_RETURN(Key key, ParseKey(lexer));
    order.keys_.push_back(std::move(key));
  } while (lexer.Take(','));
  if (!lexer.AtEnd()) return lexer.ErrorAt(lexer.position(), "expected a comma");
  return order;
}

std::string RunOrder::SortKey(const Run& run) const {
  std::string out;
  for (const Key& key : keys_) {
    KeyWriter writer(out, key.descending);
    WriteField(writer, key.ref, run);
  }
  KeyWriter(out, false).Text(run.uid());
  return out;
}

int RunOrder::Compare(const Run& a, const Run& b) const { return SortKey(a).compare(SortKey(b)); }

}  // namespace cairn::core
