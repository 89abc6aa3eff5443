#include "pipeline/data/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/transaction_builder.h"

namespace cairn::pipeline {
namespace {

// One field of a record. `escaped` fields contain doubled quotes.
struct Field {
  const char* data;
  uint32_t size;
  bool escaped;
};

enum class RecordEnd {
  kComplete,    // A record was split into fields.
  kUnfinished,  // The window ends inside the record.
  kBadQuote,    // Text follows a closing quote.
};

// Splits the records of one window of text into fields.
class RecordSplitter {
 public:
  // `last` tells that the text ends here, so the final record needs no line feed.
  void Begin(std::string_view window, bool last, ScanLevel level, char separator) {
    window_ = window;
    separator_ = separator;
    last_ = last;
    next_ = 0;
    count_ = FindStructure(window, level, &positions_, separator);
  }

  // Splits the record at `start`, where a record begins. On kComplete, fields() holds it and
  // record_end() is where the next begins. On the others the splitter stays where it was.
  RecordEnd Split(size_t start, size_t expected) {
    fields_.clear();
    plain_ = SplitPlain(start, expected);
    return plain_ ? RecordEnd::kComplete : SplitAny(start);
  }

  // Moves on to the first record that starts at or after `position`.
  void SkipTo(size_t position) {
    while (next_ < count_ && positions_[next_] < position) ++next_;
  }

  const std::vector<Field>& fields() const { return fields_; }
  // Whether the record has the expected number of fields, all free of quotes.
  bool plain() const { return plain_; }
  size_t record_end() const { return record_end_; }

 private:
  // The common case: exactly the expected fields, no quotes, a line feed at the end.
  bool SplitPlain(size_t start, size_t expected) {
    if (next_ + expected > count_) return false;
    const char* text = window_.data();
    const uint32_t* at = positions_.data() + next_;
    const uint32_t end = at[expected - 1];
    bool plain = text[end] == '\n';
    for (size_t i = 0; i + 1 < expected; ++i) plain &= text[at[i]] == separator_;
    if (!plain) return false;
    fields_.resize(expected);
    size_t begin = start;
    for (size_t i = 0; i < expected; ++i) {
      fields_[i] = {text + begin, static_cast<uint32_t>(at[i] - begin), false};
      begin = at[i] + 1;
    }
    DropCarriageReturn(&fields_.back());
    next_ += expected;
    record_end_ = begin;
    return true;
  }

  RecordEnd SplitAny(size_t start) {
    size_t next = next_;
    size_t begin = start;
    while (true) {
      size_t end = 0;  // Where the field's separator stands, or the end of the text.
      if (begin < window_.size() && window_[begin] == '"') {
        const RecordEnd quoted = ReadQuoted(begin, &next, &end);
        if (quoted != RecordEnd::kComplete) return quoted;
      } else if (!ReadUnquoted(begin, &next, &end)) {
        return RecordEnd::kUnfinished;
      }
      if (end == window_.size() || window_[end] == '\n') {
        next_ = next;
        record_end_ = std::min(end + 1, window_.size());
        return RecordEnd::kComplete;
      }
      begin = end + 1;
    }
  }

  bool ReadUnquoted(size_t begin, size_t* next, size_t* end) {
    while (*next < count_ && window_[positions_[*next]] == '"') ++*next;
    if (*next == count_ && !last_) return false;
    *end = *next == count_ ? window_.size() : positions_[(*next)++];
    fields_.push_back({window_.data() + begin, static_cast<uint32_t>(*end - begin), false});
    if (*end == window_.size() || window_[*end] == '\n') DropCarriageReturn(&fields_.back());
    return true;
  }

  RecordEnd ReadQuoted(size_t begin, size_t* next, size_t* end) {
    ++*next;  // The opening quote.
    bool escaped = false;
    while (true) {
      while (*next < count_ && window_[positions_[*next]] != '"') ++*next;
      if (*next == count_) {
        return last_ ? RecordEnd::kBadQuote : RecordEnd::kUnfinished;
      }
      const size_t quote = positions_[(*next)++];
      if (quote + 1 == window_.size() && !last_) return RecordEnd::kUnfinished;
      if (quote + 1 < window_.size() && window_[quote + 1] == '"') {
        escaped = true;
        ++*next;
        continue;
      }
      fields_.push_back(
          {window_.data() + begin + 1, static_cast<uint32_t>(quote - begin - 1), escaped});
      return FindSeparator(quote + 1, next, end);
    }
  }

  // After a closing quote only a separator, a line end or the end of the text may follow.
  RecordEnd FindSeparator(size_t after, size_t* next, size_t* end) {
    size_t at = after;
    if (at < window_.size() && window_[at] == '\r') {
      ++at;
      if (at < window_.size() && window_[at] != '\n') return RecordEnd::kBadQuote;
    }
    *end = at;
    if (at == window_.size()) return last_ ? RecordEnd::kComplete : RecordEnd::kUnfinished;
    if (window_[at] != separator_ && window_[at] != '\n') return RecordEnd::kBadQuote;
    ++*next;
    return RecordEnd::kComplete;
  }

  static void DropCarriageReturn(Field* field) {
    if (field->size > 0 && field->data[field->size - 1] == '\r') --field->size;
  }

  std::string_view window_;
  bool last_ = false;
  char separator_ = ',';
  std::vector<uint32_t> positions_;  // The first count_ mean something.
  size_t count_ = 0;
  size_t next_ = 0;
  std::vector<Field> fields_;
  size_t record_end_ = 0;
  bool plain_ = false;
};

std::string Unescaped(const Field& field) {
  std::string text;
  text.reserve(field.size);
  for (uint32_t i = 0; i < field.size; ++i) {
    text.push_back(field.data[i]);
    if (field.data[i] == '"') ++i;  // The second of a doubled quote.
  }
  return text;
}

// Parses the records that begin in [begin, end) of the feed's text.
class PartParser {
 public:
  PartParser(ByteFeed& feed, const LoadOptions& options, const CsvPlan& plan,
             const Dialect& dialect, const ColumnMap& map, size_t columns)
      : feed_(feed),
        plan_(plan),
        separator_(dialect.separator),
        map_(map),
        columns_(columns),
        builder_(options, dialect, ExcelEpoch::k1900) {}

  // Returns where the first record that was not parsed begins: `end` or later.
  size_t Parse(size_t begin, size_t end) {
    size_t at = released_ = begin;
    size_t window = plan_.window;
    while (at < end) {
      ReleaseTo(at);
      const size_t available = feed_.WaitFor(at + window);
      if (at >= available) break;
      const size_t size = std::min(window, available - at);
      const bool last = feed_.WaitFor(at + size + 1) == at + size;
      const size_t parsed = ParseWindow(at, size, last, end);
      if (parsed > 0) {
        at += parsed;
        window = plan_.window;
      } else if (size >= kMaxRecordBytes || last) {
        at += RejectLine(at, "a record longer than 1 MiB or a quote that never closes");
        window = plan_.window;
      } else {
        window *= 2;
      }
    }
    return at;
  }

  TransactionBuilder& builder() { return builder_; }
  uint64_t lines() const { return lines_; }
  // The text ended inside a record: whatever follows in the file it came from is lost.
  bool cut_off() const { return cut_off_; }

 private:
  // Parses whole records from `at` on; returns how many bytes they took.
  size_t ParseWindow(size_t at, size_t size, bool last, size_t end) {
    const std::string_view window(feed_.At(at), size);
    splitter_.Begin(window, last, plan_.level, separator_);
    size_t start = 0;
    while (start < size && at + start < end) {
      const RecordEnd outcome = splitter_.Split(start, columns_);
      if (outcome == RecordEnd::kUnfinished) break;
      if (outcome == RecordEnd::kBadQuote) {
        start += RejectLine(at + start, "a quote that is not closed properly");
        if (start >= size) return start;
        splitter_.SkipTo(start);
        continue;
      }
      TakeRecord(window.substr(start, splitter_.record_end() - start));
      start = splitter_.record_end();
    }
    return start;
  }

  void TakeRecord(std::string_view record) {
    const std::vector<Field>& fields = splitter_.fields();
    const uint64_t line = ++lines_;
    RowFields row;
    if (splitter_.plain()) {
      for (int role = 0; role < kFieldRoles; ++role) {
        const Field& field = fields[static_cast<size_t>(map_[role])];
        row[role] = std::string_view(field.data, field.size);
      }
      builder_.Append(row, line);
      return;
    }
    lines_ += static_cast<uint64_t>(std::count(record.begin(), record.end() - 1, '\n'));
    if (fields.size() == 1 && fields[0].size == 0) return;
    if (fields.size() != columns_) {
      cut_off_ = fields.size() < columns_ && record.back() != '\n';
      builder_.Reject(line, "", record.substr(0, record.find_last_not_of("\r\n") + 1),
                      fmt::format("{} fields instead of {}", fields.size(), columns_));
      return;
    }
    unescaped_.clear();
    for (int role = 0; role < kFieldRoles; ++role) {
      const Field& field = fields[static_cast<size_t>(map_[role])];
      row[role] = field.escaped ? std::string_view(unescaped_.emplace_back(Unescaped(field)))
                                : std::string_view(field.data, field.size);
    }
    builder_.Append(row, line);
  }

  // Rejects the line at `at`; returns its length with the line feed. Of a long one only the
  // beginning is kept.
  size_t RejectLine(size_t at, std::string_view reason) {
    constexpr size_t kToldBytes = 256;
    std::string told;
    size_t searched = 0;
    while (true) {
      const size_t wanted = at + searched + plan_.window;
      const size_t available = feed_.WaitFor(wanted);
      const std::string_view piece(feed_.At(at + searched),
                                   std::min(available, wanted) - at - searched);
      const size_t length = piece.find('\n');
      const std::string_view line = piece.substr(0, length);
      told.append(line.substr(0, kToldBytes - std::min(kToldBytes, told.size())));
      searched += line.size();
      if (length == std::string_view::npos && available >= wanted) {
        ReleaseTo(at + searched);
        continue;
      }
      builder_.Reject(++lines_, "", told, reason);
      cut_off_ = length == std::string_view::npos;
      return cut_off_ ? searched : searched + 1;
    }
  }

  // Text before `at` is read no more.
  void ReleaseTo(size_t at) {
    constexpr size_t kReleasedAtOnce = size_t{1} << 18;
    if (at < released_ + kReleasedAtOnce) return;
    const uint64_t rows = builder_.rows() + builder_.rejected();
    feed_.Release(released_, at, rows - std::exchange(released_rows_, rows));
    released_ = at;
  }

  ByteFeed& feed_;
  const CsvPlan& plan_;
  const char separator_;
  const ColumnMap map_;
  const size_t columns_;
  TransactionBuilder builder_;
  RecordSplitter splitter_;
  std::deque<std::string> unescaped_;
  bool cut_off_ = false;
  uint64_t lines_ = 0;
  size_t released_ = 0;
  uint64_t released_rows_ = 0;
};

struct Header {
  Dialect dialect;
  ColumnMap map;
  size_t columns = 0;
  size_t end = 0;  // Where the first row of data begins.
  uint64_t lines = 0;
};

absl::Status UnreadableCsv(std::string_view what) {
  return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable, what);
}

absl::Status CheckIsText(std::string_view head) {
  if (head.empty()) return UnreadableCsv("the input is empty");
  if (head.find('\0') != std::string_view::npos) {
    return UnreadableCsv("the input is binary, not CSV, xlsx or a known packing of them");
  }
  return absl::OkStatus();
}

// Splits the header at the start of `text`; false when it is no whole record.
bool SplitHeader(std::string_view text, bool last, ScanLevel level, char separator,
                 std::vector<std::string>* names, size_t* end) {
  RecordSplitter splitter;
  splitter.Begin(text, last, level, separator);
  if (splitter.Split(0, 1) != RecordEnd::kComplete) return false;
  names->clear();
  for (const Field& field : splitter.fields()) names->push_back(Unescaped(field));
  *end = splitter.record_end();
  return true;
}

// A first line "sep=;" as Excel writes it; `separator` is set and the line's length returned.
size_t SeparatorLine(std::string_view text, char* separator) {
  if (!text.starts_with("sep=") || text.size() < 6) return 0;
  const size_t end = text.find('\n');
  if (end > 6) return 0;  // also where there is none
  *separator = text[4];
  return end + 1;
}

// Reads the header, the first line that is not blank, with the separator that gives it the needed
// columns.
absl::StatusOr<Header> ReadHeader(ByteFeed& feed, const DialectSettings& settings,
                                  ScanLevel level) {
  constexpr size_t kMaxHeader = size_t{64} << 10;
  const size_t available = feed.WaitFor(kMaxHeader + 1);
  const std::string_view head(feed.At(0), std::min(available, kMaxHeader));
  CAIRN_RETURN_IF_ERROR(CheckIsText(head));
  Header header;
  header.dialect = AssumedDialect(settings);
  size_t start = head.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (start < head.size() && (head[start] == '\n' || head[start] == '\r')) {
    header.lines += head[start++] == '\n' ? 1 : 0;
  }
  std::string separators(settings.separator == '\0' ? 4 : 1, settings.separator);
  if (settings.separator == '\0') separators = ",;\t|";
  char named = '\0';
  if (const size_t line = SeparatorLine(head.substr(start), &named); line > 0) {
    start += line;
    ++header.lines;
    if (settings.separator == '\0') separators = std::string(1, named);
  }
  const std::string_view text = head.substr(start);
  if (text.empty()) return UnreadableCsv("the input is empty");
  absl::Status missing;
  for (const char separator : separators) {
    std::vector<std::string> names;
    size_t end = 0;
    if (!SplitHeader(text, available <= kMaxHeader, level, separator, &names, &end)) {
      return UnreadableCsv("the input does not begin with a header line of CSV");
    }
    absl::StatusOr<ColumnMap> map = MapColumns(names);
    if (!map.ok()) {
      // Of several complaints the one with most columns found tells most.
      if (missing.ok() || names.size() > header.columns) missing = map.status();
      header.columns = std::max(header.columns, names.size());
      continue;
    }
    header.dialect.separator = separator;
    header.map = *map;
    header.columns = names.size();
    header.end = start + end;
    header.lines += static_cast<uint64_t>(
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    return header;
  }
  return missing;
}

// One pass over the rows with one dialect.
class CsvPass {
 public:
  CsvPass(ByteFeed& feed, const LoadOptions& options, const CsvPlan& plan, const Header& header)
      : feed_(feed),
        options_(options),
        plan_(plan),
        header_(header),
        all_(options, header.dialect, ExcelEpoch::k1900) {}

  // Parses everything into builder().
  absl::Status Run() {
    for (const size_t cut : plan_.cuts) {
      if (cut > header_.end) cuts_.push_back(cut);
    }
    const size_t parts = cuts_.size() + 1;
    starts_.resize(parts);
    stops_.resize(parts);
    parsers_.resize(parts);
    RunParts(static_cast<int>(parts), [&](int number) {
      const auto part = static_cast<size_t>(number);
      starts_[part] = part == 0 ? header_.end : StartBehind(cuts_[part - 1]);
      Parse(part);
    });
    return Join();
  }

  TransactionBuilder& builder() { return all_; }

 private:
  // A part has the records that begin before its end.
  size_t EndOf(size_t part) const { return part < cuts_.size() ? cuts_[part] : SIZE_MAX; }

  // Waits for the first line feed at or behind a cut and returns where the line after it begins.
  // Inside a quoted field that is a wrong guess, which joining the parts notices. The end of the
  // text when there is none.
  size_t StartBehind(size_t cut) {
    for (size_t at = cut - 1;;) {
      const size_t available = feed_.WaitFor(at + plan_.window);
      if (available <= at) return available;
      const std::string_view text(feed_.At(at), available - at);
      if (const size_t feed = text.find('\n'); feed != text.npos) return at + feed + 1;
      at = available;
    }
  }

  size_t RowsToExpect(size_t part) const {
    constexpr size_t kShortRow = 80;
    if (cuts_.empty()) return plan_.expected_rows;
    const size_t end = std::min(EndOf(part), std::max(plan_.expected_bytes, starts_[part]));
    return (std::max(end, starts_[part]) - starts_[part]) / kShortRow + 1;
  }

  void Parse(size_t part) {
    parsers_[part] = std::make_unique<PartParser>(feed_, options_, plan_, header_.dialect,
                                                  header_.map, header_.columns);
    parsers_[part]->builder().Reserve(RowsToExpect(part));
    stops_[part] = parsers_[part]->Parse(starts_[part], EndOf(part));
  }

  absl::Status Join() {
    uint64_t lines = header_.lines;
    for (size_t part = 0; part < starts_.size(); ++part) {
      if (part > 0 && stops_[part - 1] != starts_[part]) {
        // The cut fell into a quoted field: parse the part again from where the text really is.
        starts_[part] = stops_[part - 1];
        if (starts_[part] >= EndOf(part)) {
          stops_[part] = starts_[part];
          continue;
        }
        Parse(part);
      }
      all_.Merge(std::move(parsers_[part]->builder()), lines);
      lines += parsers_[part]->lines();
      if (parsers_[part]->cut_off()) {
        return UnreadableCsv(fmt::format(
            "the input ends in the middle of line {}: it seems to have been cut off", lines));
      }
    }
    return absl::OkStatus();
  }

  ByteFeed& feed_;
  const LoadOptions& options_;
  const CsvPlan& plan_;
  const Header& header_;
  TransactionBuilder all_;
  std::vector<size_t> cuts_;  // behind the header
  std::vector<size_t> starts_;
  std::vector<size_t> stops_;
  std::vector<std::unique_ptr<PartParser>> parsers_;
};

// Reads a text with the dialect that its rows speak for, which takes a second pass when that is
// another one than was assumed.
class CsvLoad {
 public:
  CsvLoad(CsvText& text, const LoadOptions& options, const CsvPlan& plan)
      : text_(text), options_(options), plan_(plan) {}

  absl::StatusOr<LoadedTransactions> Load() {
    CAIRN_RETURN_IF_ERROR(text_.Read(false, [this](ByteFeed& feed) {
      utf16_ = IsUtf16(feed);
      return utf16_ ? absl::OkStatus() : FirstPass(feed);
    }));
    if (utf16_) {
      options_.dialect.encoding = TextEncoding::kUtf8;
      CAIRN_RETURN_IF_ERROR(text_.Read(true, [this](ByteFeed& feed) { return FirstPass(feed); }));
    }
    const DialectEvidence evidence = pass_->builder().evidence();
    CAIRN_ASSIGN_OR_RETURN(Dialect dialect,
                           DecideDialect(options_.dialect, evidence, header_.dialect));
    if (dialect != header_.dialect) {
      header_.dialect = dialect;
      CAIRN_RETURN_IF_ERROR(text_.Read(utf16_, [this](ByteFeed& feed) { return Pass(feed); }));
    }
    CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, pass_->builder().Finish(&dialect.encoding));
    loaded.unpacked_bytes = bytes_;
    if (loaded.rows_read == 0) return UnreadableCsv("the input has a header but no rows");
    loaded.dialect = DescribeDialect(dialect, evidence, /*csv=*/true);
    if (!utf16_) return loaded;
    loaded.transcoded = true;
    loaded.dialect.replace(0, TextEncodingName(TextEncoding::kUtf8).size(),
                           TextEncodingName(TextEncoding::kUtf16));
    return loaded;
  }

 private:
  bool IsUtf16(ByteFeed& feed) const {
    constexpr size_t kLooked = 64;
    if (options_.dialect.encoding == TextEncoding::kUtf16) return true;
    if (options_.dialect.encoding != TextEncoding::kAuto) return false;
    return LooksLikeUtf16({feed.At(0), std::min(feed.WaitFor(kLooked), kLooked)});
  }

  absl::Status FirstPass(ByteFeed& feed) {
    CAIRN_ASSIGN_OR_RETURN(header_, ReadHeader(feed, options_.dialect, plan_.level));
    return Pass(feed);
  }

  absl::Status Pass(ByteFeed& feed) {
    pass_.reset();
    pass_ = std::make_unique<CsvPass>(feed, options_, plan_, header_);
    CAIRN_RETURN_IF_ERROR(pass_->Run());
    bytes_ = feed.WaitForEnd();
    return absl::OkStatus();
  }

  CsvText& text_;
  LoadOptions options_;
  const CsvPlan& plan_;
  bool utf16_ = false;
  Header header_;
  std::unique_ptr<CsvPass> pass_;
  size_t bytes_ = 0;
};

// The text of a feed that can be read any number of times.
class HeldText : public CsvText {
 public:
  explicit HeldText(ByteFeed& feed) : feed_(feed) {}

  absl::Status Read(bool utf16, absl::FunctionRef<absl::Status(ByteFeed&)> use) override {
    feed_.BeginPass();
    if (!utf16) return use(feed_);
    const std::string text = Utf16ToUtf8(feed_.WaitForAll());
    ByteFeed whole(text);
    return use(whole);
  }

 private:
  ByteFeed& feed_;
};

}  // namespace

std::vector<size_t> EvenCuts(size_t size, int threads) {
  std::vector<size_t> cuts;
  for (int i = 1; i < threads; ++i) {
    cuts.push_back(size / static_cast<size_t>(threads) * static_cast<size_t>(i));
  }
  return cuts;
}

absl::StatusOr<LoadedTransactions> ReadCsv(CsvText& text, const LoadOptions& options,
                                           const CsvPlan& plan) {
  return CsvLoad(text, options, plan).Load();
}

absl::StatusOr<LoadedTransactions> ReadCsv(ByteFeed& feed, const LoadOptions& options,
                                           const CsvPlan& plan) {
  HeldText text(feed);
  return ReadCsv(text, options, plan);
}

}  // namespace cairn::pipeline
