#include "pipeline/data/xlsx_reader.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"
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

// xl/workbook.xml: which relation is the first sheet, and the start of its calendar.
class WorkbookHandler : public XmlHandler {
 public:
  void Start(std::string_view name, const char** attributes) override {
    if (name == "sheet" && relation_.empty()) relation_ = Attribute(attributes, "id");
    if (name == "workbookPr") {
      const std::string_view flag = Attribute(attributes, "date1904");
      if (flag == "1" || flag == "true") epoch_ = ExcelEpoch::k1904;
    }
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  absl::Status Failure() const override { return absl::OkStatus(); }

  const std::string& relation() const { return relation_; }
  ExcelEpoch epoch() const { return epoch_; }

 private:
  std::string relation_;
  ExcelEpoch epoch_ = ExcelEpoch::k1900;
};

// xl/_rels/workbook.xml.rels: relation id → member.
class RelationsHandler : public XmlHandler {
 public:
  void Start(std::string_view name, const char** attributes) override {
    if (name != "Relationship" || targets_.size() >= 10'000) return;
    targets_.emplace(Attribute(attributes, "Id"), Attribute(attributes, "Target"));
  }
  void End(std::string_view) override {}
  void Text(std::string_view) override {}
  absl::Status Failure() const override { return absl::OkStatus(); }

  const std::map<std::string, std::string>& targets() const { return targets_; }

 private:
  std::map<std::string, std::string> targets_;
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
      StartCell(attributes);
    } else if (name == "v" || (name == "t" && phonetic_ == 0)) {
      in_value_ = true;
    } else if (name == "rPh") {
      ++phonetic_;
    }
  }

  void End(std::string_view name) override {
    in_value_ = false;
    if (name == "rPh") --phonetic_;
    if (name == "c") EndCell();
    if (name == "row" && status_.ok()) status_ = sink_(row_, cells_);
  }

  void Text(std::string_view text) override {
    if (!in_value_ || !status_.ok()) return;
    if (value_.size() + text.size() > kMaxCellBytes) {
      status_ = TooLarge("a cell of more than 64 KiB");
    } else {
      value_ += text;
    }
  }

  absl::Status Failure() const override { return status_; }

 private:
  void StartRow(std::string_view number) {
    uint64_t row = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), row);
    row_ = error == std::errc() && end == number.data() + number.size() ? row : row_ + 1;
    for (std::string& cell : cells_) cell.clear();
    column_ = -1;
  }

  void StartCell(const char** attributes) {
    const std::string_view reference = Attribute(attributes, "r");
    column_ = reference.empty() ? column_ + 1 : ColumnOf(reference);
    type_ = Attribute(attributes, "t");
    value_.clear();
    if (column_ < 0 || column_ >= kMaxSheetColumns)
      status_ = UnreadableSheet("a cell has no place");
  }

  void EndCell() {
    if (!status_.ok()) return;
    const size_t column = static_cast<size_t>(column_);
    if (column >= cells_.size()) cells_.resize(column + 1);
    if (type_ != "s") {
      cells_[column] = value_;
      return;
    }
    uint32_t index = 0;
    const auto [end, error] = std::from_chars(value_.data(), value_.data() + value_.size(), index);
    if (error != std::errc() || end != value_.data() + value_.size() || index >= strings_.size()) {
      status_ = UnreadableSheet("a cell refers to a shared text that does not exist");
      return;
    }
    cells_[column] = strings_.at(index);
  }

  const StringDictionary& strings_;
  const SheetRowSink& sink_;
  absl::Status status_;
  std::vector<std::string> cells_;
  std::string value_;
  std::string type_;
  uint64_t row_ = 0;
  int column_ = -1;
  int phonetic_ = 0;
  bool in_value_ = false;
};

absl::Status ParsePart(const ZipArchive& archive, std::string_view name, XmlHandler& handler,
                       uint64_t* bytes) {
  const ZipEntry* entry = archive.Find(name);
  if (entry == nullptr) return UnreadableSheet(fmt::format("it has no part \"{}\"", name));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> stream, archive.OpenEntry(*entry));
  return ParseXml(*stream, name, handler, bytes);
}

// The member a relation's target names: relative to xl/, or absolute within the archive.
std::string MemberOf(std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  return fmt::format("xl/{}", target);
}

bool IsBlankRow(const std::vector<std::string>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& c) { return c.empty(); });
}

}  // namespace

absl::StatusOr<SheetInfo> ReadFirstSheet(const ZipArchive& archive,
                                         const std::function<void(ExcelEpoch)>& epoch,
                                         const SheetRowSink& sink) {
  SheetInfo info;
  WorkbookHandler workbook;
  CAIRN_RETURN_IF_ERROR(ParsePart(archive, "xl/workbook.xml", workbook, &info.xml_bytes));
  RelationsHandler relations;
  CAIRN_RETURN_IF_ERROR(
      ParsePart(archive, "xl/_rels/workbook.xml.rels", relations, &info.xml_bytes));
  const auto target = relations.targets().find(workbook.relation());
  if (target == relations.targets().end()) return UnreadableSheet("it has no sheet");
  SharedStringsHandler strings;
  if (archive.Find("xl/sharedStrings.xml") != nullptr) {
    CAIRN_RETURN_IF_ERROR(ParsePart(archive, "xl/sharedStrings.xml", strings, &info.xml_bytes));
  }
  info.epoch = workbook.epoch();
  epoch(info.epoch);
  SheetHandler sheet(strings.strings(), sink);
  CAIRN_RETURN_IF_ERROR(ParsePart(archive, MemberOf(target->second), sheet, &info.xml_bytes));
  return info;
}

absl::StatusOr<LoadedTransactions> ReadXlsx(const ZipArchive& archive, const LoadOptions& options) {
  std::optional<TransactionBuilder> builder;
  std::optional<ColumnMap> map;
  const auto take_row = [&](uint64_t row, const std::vector<std::string>& cells) -> absl::Status {
    if (IsBlankRow(cells)) return absl::OkStatus();
    if (!map.has_value()) {
      CAIRN_ASSIGN_OR_RETURN(map, MapColumns(cells));
      return absl::OkStatus();
    }
    RowFields fields;
    for (int role = 0; role < kFieldRoles; ++role) {
      const size_t column = static_cast<size_t>((*map)[role]);
      if (column < cells.size()) fields[role] = cells[column];
    }
    builder->Append(fields, row);
    return absl::OkStatus();
  };
  CAIRN_ASSIGN_OR_RETURN(
      const SheetInfo info,
      ReadFirstSheet(
          archive, [&](ExcelEpoch epoch) { builder.emplace(options, epoch); }, take_row));
  if (!map.has_value()) return UnreadableSheet("its first sheet is empty");
  LoadedTransactions loaded = builder->Finish();
  if (loaded.rows_read == 0) return UnreadableSheet("its first sheet has a header but no rows");
  loaded.unpacked_bytes = info.xml_bytes;
  return loaded;
}

}  // namespace cairn::pipeline
