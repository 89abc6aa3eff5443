#include "lib/tables/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::tables {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

CsvReader::CsvReader(ByteSource source, const CsvOptions& options)
    : source_(std::move(source)),
      max_record_bytes_(options.max_record_bytes),
      buffer_(std::clamp(options.buffer_bytes, size_t{4}, options.max_record_bytes)) {}

absl::Status CsvReader::Malformed(int64_t line, std::string_view what) const {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID,
               fmt::format("line {}: {}", line, what))
      .With("line", std::to_string(line))
      .With("rule", what)
      .Field("csv", what);
}

int64_t CsvReader::LineAt(size_t position) const {
  return next_line_ + std::count(buffer_.data() + begin_, buffer_.data() + position, '\n');
}

absl::Status CsvReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (end_ >= max_record_bytes_) {
      return Malformed(next_line_, fmt::format("a record longer than {} bytes, or a quote that "
                                               "never closes",
                                               max_record_bytes_));
    }
    buffer_.resize(std::min(end_ * 2, max_record_bytes_));
  }
  CAIRN_ASSIGN_OR_RETURN(const size_t size, source_(buffer_.data() + end_, buffer_.size() - end_));
  at_end_ = size == 0;
  end_ += size;
  return absl::OkStatus();
}

absl::Status CsvReader::SkipByteOrderMark() {
  while (end_ < kByteOrderMark.size() && !at_end_) CAIRN_RETURN_IF_ERROR(Fill());
  const std::string_view head(buffer_.data(), end_);
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) {
    return Malformed(1, "the text is UTF-16; save it as UTF-8");
  }
  if (head.starts_with(kByteOrderMark)) begin_ = kByteOrderMark.size();
  return absl::OkStatus();
}

// `position` is at the opening quote and moves to the next field; `ended` tells that the
// record ends with this one.
absl::StatusOr<CsvReader::Scan> CsvReader::ScanQuoted(size_t& position, bool& ended) {
  const char* text = buffer_.data();
  Span span{position + 1, 0, true, false};
  size_t at = span.begin;
  while (true) {
    const void* quote = std::memchr(text + at, '"', end_ - at);
    if (quote == nullptr) {
      if (!at_end_) return Scan::kNeedsMore;
      return Malformed(LineAt(position), "a quote that never closes");
    }
    at = static_cast<size_t>(static_cast<const char*>(quote) - text);
    if (at + 1 == end_ && !at_end_) return Scan::kNeedsMore;
    if (at + 1 == end_ || text[at + 1] != '"') break;
    span.escaped = true;
    at += 2;
  }
  span.end = at++;
  if (at < end_ && text[at] == '\r') {
    if (at + 1 == end_ && !at_end_) return Scan::kNeedsMore;
    if (at + 1 == end_ || text[at + 1] == '\n') ++at;
  }
  ended = at == end_ || text[at] == '\n';
  if (!ended && text[at] != ',') return Malformed(LineAt(at), "text follows a closing quote");
  spans_.push_back(span);
  position = std::min(at + 1, end_);
  return Scan::kRecord;
}

CsvReader::Scan CsvReader::ScanPlain(size_t& position, bool& ended) {
  const char* text = buffer_.data();
  size_t at = position;
  while (at < end_ && text[at] != ',' && text[at] != '\n') ++at;
  if (at == end_ && !at_end_) return Scan::kNeedsMore;
  ended = at == end_ || text[at] == '\n';
  Span span{position, at, false, false};
  if (ended && span.end > span.begin && text[span.end - 1] == '\r') --span.end;
  spans_.push_back(span);
  position = std::min(at + 1, end_);
  return Scan::kRecord;
}

absl::StatusOr<CsvReader::Scan> CsvReader::ScanRecord() {
  spans_.clear();
  size_t position = begin_;
  bool ended = false;
  while (!ended) {
    Scan scan = Scan::kRecord;
    if (position < end_ && buffer_[position] == '"') {
      CAIRN_ASSIGN_OR_RETURN(scan, ScanQuoted(position, ended));
    } else {
      scan = ScanPlain(position, ended);
    }
    if (scan == Scan::kNeedsMore) return scan;
  }
  next_ = position;
  return Scan::kRecord;
}

void CsvReader::TakeFields(std::vector<std::string_view>& fields) {
  fields.clear();
  char* text = buffer_.data();
  bool any_quoted = false;
  for (Span& span : spans_) any_quoted |= span.quoted;
  line_ = next_line_;
  next_line_ += any_quoted ? std::count(text + begin_, text + next_, '\n') : 1;
  for (Span& span : spans_) {
    if (span.escaped) {
      // In place: what was read once is not scanned again.
      size_t kept = span.begin;
      for (size_t at = span.begin; at < span.end; ++at) {
        text[kept++] = text[at];
        if (text[at] == '"') ++at;
      }
      span.end = kept;
    }
    fields.emplace_back(text + span.begin, span.end - span.begin);
  }
  begin_ = next_;
}

absl::StatusOr<bool> CsvReader::Next(std::vector<std::string_view>& fields) {
  if (!started_) CAIRN_RETURN_IF_ERROR(SkipByteOrderMark());
  started_ = true;
  while (true) {
    if (begin_ == end_ && at_end_) return false;
    CAIRN_ASSIGN_OR_RETURN(const Scan scan, ScanRecord());
    if (scan == Scan::kNeedsMore) {
      CAIRN_RETURN_IF_ERROR(Fill());
      continue;
    }
    TakeFields(fields);
    const bool blank = fields.size() == 1 && fields[0].empty() && !spans_[0].quoted;
    if (!blank) break;
  }
  if (width_ == 0) width_ = fields.size();
  if (fields.size() != width_) {
    return Malformed(line_, fmt::format("{} fields instead of {}", fields.size(), width_));
  }
  return true;
}

void AppendCsvRecord(std::span<const std::string_view> fields, std::string& text) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string_view field = fields[i];
    if (i > 0) text += ',';
    const bool quoted = field.find_first_of(",\"\r\n") != std::string_view::npos ||
                        field.starts_with('\xef') || field.starts_with('\xff') ||
                        field.starts_with('\xfe') || (fields.size() == 1 && field.empty());
    if (!quoted) {
      text += field;
      continue;
    }
    text += '"';
    for (const char c : field) {
      if (c == '"') text += '"';
      text += c;
    }
    text += '"';
  }
  text += '\n';
}

}  // namespace cairn::tables
