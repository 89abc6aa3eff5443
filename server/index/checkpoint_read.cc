#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "server/index/checkpoint.h"
#include "server/index/checkpoint_fields.h"

namespace cairn::index {
namespace {

size_t RowsOfChunk(size_t chunk, size_t row_limit) {
  return std::min<size_t>(kChunkRows, row_limit - chunk * kChunkRows);
}

absl::Status ReadMasks(SectionReader& in, size_t row_limit, Bitmap& bits) {
  for (size_t i = 0; i < ChunksFor(row_limit); ++i) {
    Mask mask;
    CAIRN_RETURN_IF_ERROR(in.Read(mask.data(), sizeof(mask)));
    bits.SetChunk(i, mask);
  }
  return absl::OkStatus();
}

// Counts each code of a chunk; false if one is not below `uses.size()`.
bool CountCodes(const CodeColumn::Chunk& chunk, size_t rows, std::vector<uint32_t>& uses) {
  for (size_t i = 0; i < rows; ++i) {
    const uint32_t code = chunk.Get(i);
    if (code >= uses.size()) return false;
    ++uses[code];
  }
  return true;
}

}  // namespace

absl::Status CheckpointReader::Read(
    const std::function<absl::Status(const CheckpointStamp&)>& check) {
  CAIRN_RETURN_IF_ERROR(in_.Begin());
  CAIRN_RETURN_IF_ERROR(in_.Next());
  if (in_.kind() != SectionKind::kBase) return CorruptCheckpoint("it has no base");
  CAIRN_RETURN_IF_ERROR(ReadBase(check));
  CAIRN_RETURN_IF_ERROR(in_.End());
  while (true) {
    CAIRN_RETURN_IF_ERROR(in_.Next());
    if (in_.kind() == SectionKind::kEnd) break;
    CAIRN_RETURN_IF_ERROR(ReadSection());
    CAIRN_RETURN_IF_ERROR(in_.End());
  }
  CAIRN_RETURN_IF_ERROR(in_.End());
  columns_.EndRestore();
  return CheckExperiments();
}

absl::Status CheckpointReader::ReadBase(
    const std::function<absl::Status(const CheckpointStamp&)>& check) {
  CheckpointStamp stamp;
  CAIRN_ASSIGN_OR_RETURN(stamp.revision, in_.ReadNumber<int64_t>());
  CAIRN_ASSIGN_OR_RETURN(const auto size, in_.ReadNumber<uint32_t>());
  CAIRN_ASSIGN_OR_RETURN(stamp.fingerprint, in_.ReadText(size));
  CAIRN_ASSIGN_OR_RETURN(stamp.max_column_bytes, in_.ReadNumber<uint64_t>());
  CAIRN_ASSIGN_OR_RETURN(const auto row_limit, in_.ReadNumber<uint64_t>());
  // Two bits and two words a run follow.
  if (row_limit > in_.left() / 4) return CorruptCheckpoint("it has more runs than bytes");
  columns_.row_limit_ = row_limit;
  CAIRN_RETURN_IF_ERROR(ReadNames());
  // Where nothing was dropped, it does not matter what the budget was.
  if (columns_.dropped_.empty()) stamp.max_column_bytes = ~uint64_t{0};
  CAIRN_RETURN_IF_ERROR(check(stamp));
  return ReadRows();
}

// The live experiments and the dropped columns.
absl::Status CheckpointReader::ReadNames() {
  CAIRN_ASSIGN_OR_RETURN(const auto live, in_.ReadNumber<uint32_t>());
  for (uint32_t i = 0; i < live; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const auto id, in_.ReadNumber<int64_t>());
    columns_.live_.insert(columns_.live_.end(), id);
  }
  CAIRN_ASSIGN_OR_RETURN(const auto dropped, in_.ReadNumber<uint32_t>());
  for (uint32_t i = 0; i < dropped; ++i) {
    CAIRN_ASSIGN_OR_RETURN(const auto kind, in_.ReadNumber<uint8_t>());
    CAIRN_ASSIGN_OR_RETURN(const auto size, in_.ReadNumber<uint32_t>());
    CAIRN_ASSIGN_OR_RETURN(auto key, in_.ReadText(size));
    const auto field = DroppedFieldOf(kind);
    if (!field) return CorruptCheckpoint("a dropped column is of no kind");
    columns_.dropped_.insert({*field, std::move(key)});
  }
  return absl::OkStatus();
}

absl::Status CheckpointReader::ReadRows() {
  const size_t row_limit = columns_.row_limit_;
  CAIRN_RETURN_IF_ERROR(ReadMasks(in_, row_limit, columns_.exists_));
  CAIRN_RETURN_IF_ERROR(ReadMasks(in_, row_limit, columns_.deleted_));
  CAIRN_RETURN_IF_ERROR(ReadMasks(in_, row_limit, columns_.logged_models_));
  CAIRN_RETURN_IF_ERROR(ReadWords(columns_.id_high_));
  CAIRN_RETURN_IF_ERROR(ReadWords(columns_.id_low_));
  columns_.rows_.reserve(row_limit);
  size_t runs = 0;
  for (Row row = 0; row < row_limit; ++row) {
    if (!columns_.exists_.Get(row)) {
      columns_.free_rows_.push_back(row);
      continue;
    }
    ++runs;
    if (!columns_.rows_.insert(row).second) return CorruptCheckpoint("a run is in it twice");
  }
  if (columns_.exists_.Count() != runs) return CorruptCheckpoint("runs lie behind the last row");
  return absl::OkStatus();
}

absl::Status CheckpointReader::ReadSection() {
  using core::RunField;
  switch (in_.kind()) {
    case SectionKind::kTime:
      for (const auto& [key, column] : {std::pair{"start_time", &columns_.start_time_},
                                        {"end_time", &columns_.end_time_},
                                        {"create_time", &columns_.create_time_},
                                        {"duration", &columns_.duration_}}) {
        if (in_.key() == key) return ReadWords(*column);
      }
      break;
    case SectionKind::kText:
      for (const auto& [key, column] : {std::pair{"state", &columns_.state_},
                                        {"display_name", &columns_.display_name_},
                                        {"user", &columns_.user_},
                                        {"dataset", &columns_.dataset_},
                                        {"parent_run", &columns_.parent_run_},
                                        {"output", &columns_.output_},
                                        {"experiment", &columns_.experiments_}}) {
        if (in_.key() == key) return ReadText(*column);
      }
      break;
    case SectionKind::kParam:
    case SectionKind::kTag: {
      auto& texts = in_.kind() == SectionKind::kParam ? columns_.params_ : columns_.tags_;
      auto& column = texts[in_.key()];
      if (column == nullptr) column = std::make_unique<TextColumn>(true);
      return ReadText(*column);
    }
    case SectionKind::kMetric: {
      if (in_.part() > MetricColumn::kMax) break;
      auto& column = columns_.metrics_[in_.key()];
      if (column == nullptr) column = std::make_unique<MetricColumn>();
      return ReadSparse(column->part(static_cast<MetricColumn::Part>(in_.part())));
    }
    default:
      break;
  }
  return CorruptCheckpoint("a section is of no kind");
}

absl::Status CheckpointReader::ReadWords(WordColumn& column) {
  CAIRN_ASSIGN_OR_RETURN(const auto chunks, in_.ReadNumber<uint32_t>());
  if (chunks > ChunksFor(columns_.row_limit_)) return CorruptCheckpoint("a column is too long");
  CAIRN_ASSIGN_OR_RETURN(const std::string there, in_.ReadText(chunks));
  for (size_t i = 0; i < chunks; ++i) {
    if (there[i] == '\0') continue;
    CAIRN_RETURN_IF_ERROR(in_.Read(column.Materialize(i, nullptr),
                                   RowsOfChunk(i, columns_.row_limit_) * sizeof(uint64_t)));
  }
  return absl::OkStatus();
}

absl::Status CheckpointReader::ReadSparse(SparseColumn& column) {
  CAIRN_RETURN_IF_ERROR(ReadWords(column.dense()));
  CAIRN_ASSIGN_OR_RETURN(const auto count, in_.ReadNumber<uint32_t>());
  if (count > in_.left() / (sizeof(Row) + sizeof(uint64_t))) {
    return CorruptCheckpoint("words are missing");
  }
  std::vector<RowWord> few(count);
  for (RowWord& entry : few) {
    CAIRN_ASSIGN_OR_RETURN(entry.row, in_.ReadNumber<Row>());
    CAIRN_ASSIGN_OR_RETURN(entry.word, in_.ReadNumber<uint64_t>());
    if (entry.row >= columns_.row_limit_) return CorruptCheckpoint("a word has no run");
  }
  if (!column.RestoreFew(std::move(few))) return CorruptCheckpoint("words are in no order");
  return absl::OkStatus();
}

absl::Status CheckpointReader::ReadCodes(CodeColumn& codes, std::vector<uint32_t>& uses) {
  CAIRN_ASSIGN_OR_RETURN(const auto chunks, in_.ReadNumber<uint32_t>());
  if (chunks > ChunksFor(columns_.row_limit_)) return CorruptCheckpoint("a column is too long");
  CAIRN_ASSIGN_OR_RETURN(const std::string widths, in_.ReadText(chunks));
  for (size_t i = 0; i < chunks; ++i) {
    const int width = static_cast<unsigned char>(widths[i]);
    if (width == 0) continue;
    if (width != 1 && width != 2 && width != 4) return CorruptCheckpoint("a code has no width");
    CodeColumn::Chunk& chunk = codes.Materialize(i, width);
    const size_t rows = RowsOfChunk(i, columns_.row_limit_);
    CAIRN_RETURN_IF_ERROR(in_.Read(chunk.bytes.get(), rows * static_cast<size_t>(width)));
    if (!CountCodes(chunk, rows, uses)) return CorruptCheckpoint("a code has no text");
  }
  return absl::OkStatus();
}

absl::Status CheckpointReader::ReadText(TextColumn& column) {
  if (column.dictionary.code_limit() > 1) return CorruptCheckpoint("a column is in it twice");
  CAIRN_ASSIGN_OR_RETURN(const auto code_limit, in_.ReadNumber<uint32_t>());
  if (code_limit == 0 || code_limit > in_.left()) return CorruptCheckpoint("texts are missing");
  std::vector<uint32_t> sizes(code_limit - 1);
  CAIRN_RETURN_IF_ERROR(in_.Read(sizes.data(), sizes.size() * sizeof(uint32_t)));
  uint64_t bytes = 0;
  for (const uint32_t size : sizes) bytes += size;
  CAIRN_ASSIGN_OR_RETURN(const std::string all, in_.ReadText(bytes));
  std::vector<std::string_view> texts;
  texts.reserve(sizes.size());
  std::string_view rest = all;
  for (const uint32_t size : sizes) {
    texts.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  std::vector<uint32_t> uses(code_limit);
  CAIRN_RETURN_IF_ERROR(ReadCodes(column.codes, uses));
  // What is not the rows' own is not copied: who uses a text, and how it sorts.
  if (!column.dictionary.Restore(texts, uses)) return CorruptCheckpoint("a text is in it twice");
  return absl::OkStatus();
}

absl::Status CheckpointReader::CheckExperiments() const {
  const Dictionary& names = columns_.experiments_.dictionary;
  for (uint32_t code = 1; code < names.code_limit(); ++code) {
    if (names.uses(code) == 0) continue;
    const std::string_view text = names.text(code);
    int64_t id = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
      return CorruptCheckpoint("an experiment has no number");
    }
  }
  return absl::OkStatus();
}

}  // namespace cairn::index
