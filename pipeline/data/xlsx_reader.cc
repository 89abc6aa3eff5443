#include "pipeline/data/xlsx_reader.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/metered_stream.h"
#include "pipeline/data/sheet_rows.h"
#include "pipeline/data/transaction_builder.h"
#include "pipeline/data/xml_stream.h"

namespace cairn::pipeline {
namespace {

absl::Status UnreadableSheet(std::string_view what) {
  return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                    fmt::format("the workbook cannot be read: {}", what));
}

absl::Status TooLarge(std::string_view what) {
  return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                    fmt::format("the workbook has {}", what));
}

// The text of a row's cells by column, empty where a cell is absent.
using SheetCells = std::vector<std::string_view>;

// Receives one row: its number on the sheet (1-based), its cells and which of them are numbers. An
// error ends the reading and is returned.
using SheetRowSink =
    std::function<absl::Status(uint64_t, const SheetCells&, const std::vector<bool>&)>;

struct Sheet {
  std::string name;
  std::string relation;
  bool hidden = false;
};

// xl/workbook.xml: its sheets, and the start of its calendar.
class WorkbookHandler : public XmlHandler {
 public:
  void Start(std::string_view name, const char** attributes) override {
    if (name == "sheet" && sheets_.size() < 10'000) {
      const std::string_view state = Attribute(attributes, "state");
      sheets_.push_back({std::string(Attribute(attributes, "name")),
                         std::string(Attribute(attributes, "id")),
                         state == "hidden" || state == "veryHidden"});
    }
    if (name == "workbookPr") {
      const std::string_view flag = Attribute(attributes, "date1904");
      if (flag == "1" || flag == "true") epoch_ = ExcelEpoch::k1904;
    }
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  absl::Status Failure() const override { return absl::OkStatus(); }

  const std::vector<Sheet>& sheets() const { return sheets_; }
  ExcelEpoch epoch() const { return epoch_; }

 private:
  std::vector<Sheet> sheets_;
  ExcelEpoch epoch_ = ExcelEpoch::k1900;
};

struct Relation {
  std::string target;
  bool chart = false;
};

// xl/_rels/workbook.xml.rels: relation id → member.
class RelationsHandler : public XmlHandler {
 public:
  void Start(std::string_view name, const char** attributes) override {
    if (name != "Relationship" || targets_.size() >= 10'000) return;
    targets_.emplace(Attribute(attributes, "Id"),
                     Relation{std::string(Attribute(attributes, "Target")),
                              Attribute(attributes, "Type").ends_with("/chartsheet")});
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  absl::Status Failure() const override { return absl::OkStatus(); }

  const std::map<std::string, Relation>& targets() const { return targets_; }

 private:
  std::map<std::string, Relation> targets_;
};

// xl/sharedStrings.xml: the texts of <t> within each <si>, without phonetic hints (<rPh>).
class SharedStringsHandler : public XmlHandler {
 public:
  void Start(std::string_view name, const char**) override {
    if (name == "si") current_.clear();
    if (name == "rPh") ++phonetic_;
    in_text_ = name == "t" && phonetic_ == 0;
  }
  void End(std::string_view name) override {
    if (name == "rPh") --phonetic_;
    if (name == "t") in_text_ = false;
    if (name == "si") {
      bytes_ += current_.size() + sizeof(uint64_t);
      strings_.Append(current_);
    }
  }
  void Text(std::string_view text) override {
    if (!in_text_) return;
    if (current_.size() + text.size() > kMaxCellBytes) {
      too_long_ = true;
    } else {
      current_ += text;
    }
  }
  absl::Status Failure() const override {
    if (too_long_) return TooLarge("a text of more than 64 KiB");
    if (bytes_ > kMaxSharedStringBytes) return TooLarge("more than 1 GiB of shared texts");
    return absl::OkStatus();
  }

  const StringDictionary& strings() const { return strings_; }

 private:
  StringDictionary strings_;
  std::string current_;
  uint64_t bytes_ = 0;
  int phonetic_ = 0;
  bool in_text_ = false;
  bool too_long_ = false;
};

// The column of a reference like "AB12", 0-based; -1 when it has none.
int ColumnOf(std::string_view reference) {
  int column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    column = column * 26 + (c - 'A' + 1);
    if (column > kMaxSheetColumns) return kMaxSheetColumns;
  }
  return column - 1;
}

// The rows of a sheet's <sheetData>.
class SheetHandler : public XmlHandler {
 public:
  SheetHandler(const StringDictionary& strings, const SheetRowSink& sink)
      : strings_(strings), sink_(sink) {}

  void Start(std::string_view name, const char** attributes) override {
    in_value_ = false;
    if (name == "row") {
      StartRow(Attribute(attributes, "r"));
    } else if (name == "c") {
      StartCell(Attribute(attributes, "r"), Attribute(attributes, "t"));
      value_.clear();
    } else if (name == "v" || (name == "t" && phonetic_ == 0)) {
      in_value_ = true;
    } else if (name == "rPh") {
      ++phonetic_;
    }
  }

  void End(std::string_view name) override {
    in_value_ = false;
    if (name == "rPh") --phonetic_;
    if (name == "c") EndCell(value_);
    if (name == "row") EndRow();
  }

  void Text(std::string_view text) override {
    if (!in_value_ || !status_.ok()) return;
    if (value_.size() + text.size() > kMaxCellBytes) {
      status_ = TooLarge("a cell of more than 64 KiB");
    } else {
      value_ += text;
    }
  }

  std::string_view ChildrenOf() const override { return "sheetData"; }

  bool TakeChildren(std::string_view* text) override {
    PlainRowResult result = PlainRowResult::kRow;
    while (status_.ok() && phonetic_ == 0) {
      const std::string_view before = *text;
      result = ScanPlainRow(text, &plain_);
      if (result != PlainRowResult::kRow) break;
      if (HasLongCell()) {  // The parser's way says what is wrong with it.
        *text = before;
        return false;
      }
      TakePlainRow();
    }
    return result == PlainRowResult::kEnds;
  }

  absl::Status Failure() const override { return status_; }

 private:
  bool HasLongCell() const {
    return std::any_of(plain_.cells.begin(), plain_.cells.end(),
                       [](const PlainCell& cell) { return cell.value.size() > kMaxCellBytes; });
  }

  void TakePlainRow() {
    StartRow(plain_.number);
    for (const PlainCell& cell : plain_.cells) {
      StartCell(cell.reference, cell.type);
      EndCell(cell.value);
    }
    EndRow();
  }

  void StartRow(std::string_view number) {
    uint64_t row = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), row);
    row_ = error == std::errc() && end == number.data() + number.size() ? row : row_ + 1;
    std::fill(cells_.begin(), cells_.end(), std::string_view());
    std::fill(numbers_.begin(), numbers_.end(), false);
    column_ = -1;
  }

  void EndRow() {
    if (status_.ok()) status_ = sink_(row_, cells_, numbers_);
  }

  void StartCell(std::string_view reference, std::string_view type) {
    column_ = reference.empty() ? column_ + 1 : ColumnOf(reference);
    type_ = type;
    if (column_ < 0 || column_ >= kMaxSheetColumns)
      status_ = UnreadableSheet("a cell has no place");
  }

  // `value` must stay until the end of the row, unless it is value_.
  void EndCell(std::string_view value) {
    if (!status_.ok()) return;
    const size_t column = static_cast<size_t>(column_);
    if (column >= cells_.size()) {
      cells_.resize(column + 1);
      numbers_.resize(column + 1);
    }
    if (type_ != "s") {
      numbers_[column] = type_.empty() || type_ == "n";
      cells_[column] = type_ != "b" ? Kept(column, value) : value == "0" ? "FALSE" : "TRUE";
      return;
    }
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), index);
    if (error != std::errc() || end != value.data() + value.size() || index >= strings_.size()) {
      status_ = UnreadableSheet("a cell refers to a shared text that does not exist");
      return;
    }
    cells_[column] = strings_.at(index);
  }

  std::string_view Kept(size_t column, std::string_view value) {
    if (value.data() != value_.data()) return value;
    if (column >= kept_.size()) kept_.resize(column + 1);
    return kept_[column] = value;
  }

  const StringDictionary& strings_;
  const SheetRowSink& sink_;
  absl::Status status_;
  PlainRow plain_;
  SheetCells cells_;
  std::deque<std::string> kept_;  // Texts of cells_ that came piece by piece; they never move.
  std::vector<bool> numbers_;     // By column: a number, not a text.
  std::string value_;
  std::string type_;
  uint64_t row_ = 0;
  int column_ = -1;
  int phonetic_ = 0;
  bool in_value_ = false;
};

// How much of a workbook was read, and who is told.
struct ReadSoFar {
  LoadMeter meter;
  uint64_t xml = 0;
  uint64_t packed = 0;
};

uint64_t PackedSize(const ZipArchive& archive) {
  uint64_t size = 0;
  for (const ZipEntry& entry : archive.entries()) size += entry.packed_size;
  return size;
}

absl::Status ParsePart(const ZipArchive& archive, std::string_view name, XmlHandler& handler,
                       ReadSoFar* read) {
  const ZipEntry* entry = archive.Find(name);
  if (entry == nullptr) return UnreadableSheet(fmt::format("it has no part \"{}\"", name));
  CAIRN_ASSIGN_OR_RETURN(std::unique_ptr<ByteStream> part, archive.OpenEntry(*entry));
  MeteredStream stream(std::move(part), &read->meter, read->packed);
  absl::Status status = ParseXml(stream, name, handler, &read->xml);
  read->packed += stream.consumed();
  return status;
}

// The member a relation's target names: relative to xl/, or absolute within the archive.
std::string MemberOf(std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  return fmt::format("xl/{}", target);
}

bool IsBlankRow(const SheetCells& cells) {
  return std::all_of(cells.begin(), cells.end(),
                     [](std::string_view c) { return TrimBlanks(c).empty(); });
}

bool StopsParsing(const absl::Status& status) {
  return status.code() == absl::StatusCode::kCancelled;
}

// How many of the needed columns a row names.
int RolesIn(const SheetCells& cells) {
  int roles = 0;
  for (const std::string_view cell : cells) roles += HeaderRole(cell) < kFieldRoles ? 1 : 0;
  return roles;
}

// Takes the rows of one sheet: titles, the header, then data.
class SheetReader {
 public:
  explicit SheetReader(TransactionBuilder* builder) : builder_(builder) {}

  absl::Status Take(uint64_t row, const SheetCells& cells, const std::vector<bool>& numbers) {
    if (IsBlankRow(cells)) return absl::OkStatus();
    if (!map_.has_value()) return FindHeader(cells);
    RowFields fields;
    uint32_t native = 0;
    for (int role = 0; role < kFieldRoles; ++role) {
      const size_t column = static_cast<size_t>((*map_)[role]);
      if (column >= cells.size()) continue;
      fields[role] = cells[column];
      if (numbers[column]) native |= 1u << role;
    }
    builder_->Append(fields, row, native);
    return absl::OkStatus();
  }

  bool found() const { return map_.has_value(); }
  int titles() const { return titles_; }
  // Why the row most like a header is none; OK when no row was like one.
  const absl::Status& nearly() const { return nearly_; }

 private:
  absl::Status FindHeader(const SheetCells& cells) {
    absl::StatusOr<ColumnMap> map =
        MapColumns(std::vector<std::string>(cells.begin(), cells.end()));
    if (map.ok()) {
      map_ = *map;
      return absl::OkStatus();
    }
    constexpr int kLikeAHeader = 3;
    const int roles = RolesIn(cells);
    if (roles >= kLikeAHeader && roles > roles_) {
      roles_ = roles;
      nearly_ = map.status();
    }
    return ++titles_ < kMaxTitleRows ? absl::OkStatus() : absl::CancelledError("no header");
  }

  TransactionBuilder* builder_;
  std::optional<ColumnMap> map_;
  absl::Status nearly_;
  int roles_ = 0;
  int titles_ = 0;
};

// A workbook that is open: its parts but the sheets were read.
class Workbook {
 public:
  Workbook(const ZipArchive& archive, const LoadOptions& options)
      : archive_(archive),
        options_(options),
        so_far_{LoadMeter(options.watch, PackedSize(archive))} {}

  absl::Status Open() {
    CAIRN_RETURN_IF_ERROR(ParsePart(archive_, "xl/workbook.xml", workbook_, &so_far_));
    CAIRN_RETURN_IF_ERROR(ParsePart(archive_, "xl/_rels/workbook.xml.rels", relations_, &so_far_));
    if (workbook_.sheets().empty()) return UnreadableSheet("it has no sheet");
    if (archive_.Find("xl/sharedStrings.xml") == nullptr) return absl::OkStatus();
    return ParsePart(archive_, "xl/sharedStrings.xml", strings_, &so_far_);
  }

  // Reads all sheets with one dialect.
  absl::Status Read(const Dialect& dialect) {
    read_.clear();
    skipped_.clear();
    if (builder_) BeginAgain();
    builder_.emplace(options_, dialect, workbook_.epoch());
    const std::string& only = options_.dialect.sheet;
    for (const Sheet& sheet : workbook_.sheets()) {
      if (!only.empty() && sheet.name != only) {
        skipped_.push_back(fmt::format("\"{}\" not asked for", sheet.name));
      } else if (only.empty() && sheet.hidden) {
        skipped_.push_back(fmt::format("\"{}\" hidden", sheet.name));
      } else {
        CAIRN_RETURN_IF_ERROR(ReadSheet(sheet));
      }
    }
    return read_.empty() ? NothingRead() : absl::OkStatus();
  }

  TransactionBuilder& builder() { return *builder_; }
  uint64_t bytes() const { return so_far_.xml; }

  // `sheets "A" (74 rows), "B" (105 rows); stepped over: "README" without header`.
  std::string Describe() const {
    std::string text =
        fmt::format("sheet{} {}", read_.size() > 1 ? "s" : "", fmt::join(read_, ", "));
    if (!skipped_.empty()) text += fmt::format("; stepped over: {}", fmt::join(skipped_, ", "));
    return text;
  }

 private:
  void BeginAgain() {
    so_far_.packed = 0;
    so_far_.meter.Begin();
  }

  absl::Status ReadSheet(const Sheet& sheet) {
    const auto relation = relations_.targets().find(sheet.relation);
    if (relation == relations_.targets().end()) {
      return UnreadableSheet(fmt::format("its sheet \"{}\" is nowhere", sheet.name));
    }
    if (relation->second.chart) {
      skipped_.push_back(fmt::format("\"{}\" a chart", sheet.name));
      return absl::OkStatus();
    }
    SheetReader reader(&*builder_);
    const uint64_t before = builder_->rows() + builder_->rejected();
    builder_->SetSource(workbook_.sheets().size() > 1 ? sheet.name : std::string());
    const SheetRowSink sink = [&](uint64_t row, const auto& cells, const auto& numbers) {
      constexpr uint64_t kRowsAtOnce = 4096;
      if (row % kRowsAtOnce == 0) so_far_.meter.Add(0, kRowsAtOnce);
      return reader.Take(row, cells, numbers);
    };
    SheetHandler handler(strings_.strings(), sink);
    absl::Status status = ParsePart(archive_, MemberOf(relation->second.target), handler, &so_far_);
    if (!status.ok() && !StopsParsing(status)) return status;
    if (!reader.found()) return StepOver(sheet, reader);
    const uint64_t rows = builder_->rows() + builder_->rejected() - before;
    read_.push_back(fmt::format("\"{}\" ({} rows{})", sheet.name, rows,
                                reader.titles() > 0 ? ", below a title" : ""));
    return absl::OkStatus();
  }

  absl::Status StepOver(const Sheet& sheet, const SheetReader& reader) {
    if (!reader.nearly().ok()) {
      return InputError(absl::StatusCode::kInvalidArgument, kColumnMissing,
                        fmt::format("sheet \"{}\": {}; to read another sheet alone, set "
                                    "input.sheet",
                                    sheet.name, std::string(reader.nearly().message())),
                        MetadataOf(reader.nearly(), "subject"));
    }
    skipped_.push_back(
        fmt::format("\"{}\" {}", sheet.name, reader.titles() > 0 ? "without header" : "empty"));
    return absl::OkStatus();
  }

  // input.sheet names no sheet: the one that was meant, or all there are.
  absl::Status NoSuchSheet(const std::string& wanted) const {
    std::vector<std::string> names;
    for (const Sheet& sheet : workbook_.sheets()) names.push_back("\"" + sheet.name + "\"");
    std::string said = fmt::format("input.sheet is \"{}\", and the workbook's sheets are {}",
                                   wanted, fmt::join(names, ", "));
    const auto same = [&](const Sheet& sheet) {
      return AsciiLower(sheet.name) == AsciiLower(wanted);
    };
    const auto near = std::find_if(workbook_.sheets().begin(), workbook_.sheets().end(), same);
    if (near != workbook_.sheets().end()) {
      said += fmt::format("; did you mean \"{}\"?", near->name);
    }
    return UnreadableSheet(said);
  }

  absl::Status NothingRead() const {
    const std::string& wanted = options_.dialect.sheet;
    const bool known = std::any_of(workbook_.sheets().begin(), workbook_.sheets().end(),
                                   [&](const Sheet& sheet) { return sheet.name == wanted; });
    if (!wanted.empty() && !known) return NoSuchSheet(wanted);
    return UnreadableSheet(fmt::format("no sheet has the header ({}); input.sheet names one",
                                       fmt::join(skipped_, ", ")));
  }

  const ZipArchive& archive_;
  const LoadOptions& options_;
  WorkbookHandler workbook_;
  RelationsHandler relations_;
  SharedStringsHandler strings_;
  std::optional<TransactionBuilder> builder_;
  std::vector<std::string> read_;
  std::vector<std::string> skipped_;
  ReadSoFar so_far_;
};

}  // namespace

absl::StatusOr<LoadedTransactions> ReadXlsx(const ZipArchive& archive, const LoadOptions& options) {
  // The texts of a workbook are XML, in UTF-8 by the time they arrive here.
  LoadOptions utf8 = options;
  utf8.dialect.encoding = TextEncoding::kUtf8;
  Workbook workbook(archive, utf8);
  CAIRN_RETURN_IF_ERROR(workbook.Open());
  const Dialect assumed = AssumedDialect(utf8.dialect);
  CAIRN_RETURN_IF_ERROR(workbook.Read(assumed));
  const uint64_t xml_bytes = workbook.bytes();
  const DialectEvidence evidence = workbook.builder().evidence();
  CAIRN_ASSIGN_OR_RETURN(Dialect dialect, DecideDialect(utf8.dialect, evidence, assumed));
  if (dialect != assumed) CAIRN_RETURN_IF_ERROR(workbook.Read(dialect));
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, workbook.builder().Finish(&dialect.encoding));
  if (loaded.rows_read == 0) return UnreadableSheet("its sheets have a header but no rows");
  loaded.unpacked_bytes = xml_bytes;
  loaded.dialect =
      fmt::format("{}; {}", DescribeDialect(dialect, evidence, /*csv=*/false), workbook.Describe());
  return loaded;
}

}  // namespace cairn::pipeline
