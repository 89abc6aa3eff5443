#include "pipeline/data/load.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/zstd/frames.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/packed_text.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/xlsx_reader.h"
#include "pipeline/data/zip_archive.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kExamples = 3;
// Below this, starting threads takes longer than it saves.
constexpr size_t kWorthThreads = size_t{1} << 20;

using Loaded = absl::StatusOr<LoadedTransactions>;

// Bytes of an input, and whether they are a file's own pages.
struct Input {
  std::string_view bytes;
  bool mapped_file = false;
};

Loaded LoadPlain(const Input& input, const LoadOptions& options) {
  LoadMeter meter(options.watch, input.bytes.size());
  ByteFeed feed(input.bytes, input.mapped_file);
  feed.Tell(&meter);
  CsvPlan plan;
  if (input.bytes.size() >= kWorthThreads) {
    plan.cuts = EvenCuts(input.bytes.size(), ThreadCount(options.threads));
    plan.expected_bytes = input.bytes.size();
  }
  return ReadCsv(feed, options, plan);
}

// Cuts for text that arrives while it is parsed. Unpacking takes about a third as long as parsing,
// so the part that arrives first may be longer by what its thread is ahead.
std::vector<size_t> ArrivingCuts(size_t size, int threads) {
  constexpr double kFirstPart = 1.2;
  if (threads < 2) return {};
  const double first = kFirstPart / threads;
  std::vector<size_t> cuts;
  for (int part = 0; part + 1 < threads; ++part) {
    const double share = first + (1 - first) * part / (threads - 1);
    cuts.push_back(static_cast<size_t>(share * static_cast<double>(size)));
  }
  return cuts;
}

// `text_bytes` is how many the text has, or 0 where nothing tells.
Loaded LoadStream(PackedText::Open open, uint64_t packed, uint64_t text_bytes,
                  const LoadOptions& options) {
  // Transactions take at least that many bytes each, packed as well as may be. Room that is not
  // used takes no memory.
  constexpr size_t kPackedRow = 4;
  constexpr size_t kMostExpectedRows = size_t{1} << 27;
  // Longer text is not held for the sake of several threads.
  constexpr uint64_t kMostHeldText = uint64_t{64} << 20;
  CsvPlan plan;
  plan.expected_rows = std::min(static_cast<size_t>(packed) / kPackedRow, kMostExpectedRows);
  if (text_bytes >= kWorthThreads && text_bytes <= kMostHeldText) {
    plan.cuts = ArrivingCuts(text_bytes, ThreadCount(options.threads));
    plan.expected_bytes = text_bytes;
  }
  LoadMeter meter(options.watch, packed);
  PackedText text(std::move(open), plan.cuts.empty() ? 0 : text_bytes, &meter);
  return ReadCsv(text, options, plan);
}

Loaded LoadZip(std::string_view bytes, const LoadOptions& options, bool nested);

// A workbook inside the archive is unpacked whole: its directory stands at its end.
Loaded LoadNestedWorkbook(ByteStream& stream, const ZipEntry& entry, const LoadOptions& options) {
  ByteFeed feed(entry.size);
  if (!feed.ok()) {
    return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                      "not enough memory to unpack the workbook");
  }
  CAIRN_RETURN_IF_ERROR(feed.Fill(stream));
  Loaded loaded = LoadZip(feed.WaitForAll(), options, /*nested=*/true);
  if (loaded.ok()) loaded->format = "xlsx.zip";
  return loaded;
}

bool EndsWithIgnoringCase(std::string_view text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  const std::string_view tail = text.substr(text.size() - ending.size());
  return std::equal(tail.begin(), tail.end(), ending.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// The one member with the data: the only .csv or .xlsx that is not metadata of a Mac.
absl::StatusOr<const ZipEntry*> FindDataMember(const ZipArchive& archive) {
  const ZipEntry* found = nullptr;
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.name.starts_with("__MACOSX/")) continue;
    if (!EndsWithIgnoringCase(entry.name, ".csv") && !EndsWithIgnoringCase(entry.name, ".xlsx")) {
      continue;
    }
    if (found != nullptr) {
      return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                        fmt::format("the zip archive holds more than one data file: \"{}\", \"{}\"",
                                    found->name, entry.name));
    }
    found = &entry;
  }
  if (found == nullptr) {
    return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                      "the zip archive holds no .csv or .xlsx file");
  }
  return found;
}

Loaded LoadZip(std::string_view bytes, const LoadOptions& options, bool nested) {
  CAIRN_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::Open(bytes, options.limits));
  if (IsWorkbook(archive)) {
    Loaded loaded = ReadXlsx(archive, options);
    if (loaded.ok()) loaded->format = "xlsx";
    return loaded;
  }
  if (nested) {
    return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                      "the .xlsx file inside the zip archive is not a workbook");
  }
  CAIRN_ASSIGN_OR_RETURN(const ZipEntry* entry, FindDataMember(archive));
  if (EndsWithIgnoringCase(entry->name, ".xlsx")) {
    CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> stream, archive.OpenEntry(*entry));
    return LoadNestedWorkbook(*stream, *entry, options);
  }
  Loaded loaded =
      LoadStream([&] { return archive.OpenEntry(*entry); }, entry->packed_size, 0, options);
  if (loaded.ok()) loaded->format = "csv.zip";
  return loaded;
}

Loaded LoadAny(const Input& input, const LoadOptions& options) {
  const std::string_view bytes = input.bytes;
  switch (DetectInputKind(bytes)) {
    case InputKind::kZip:
      return LoadZip(bytes, options, /*nested=*/false);
    case InputKind::kGzip: {
      Loaded loaded =
          LoadStream([&] { return OpenGzip(bytes, options.limits); }, bytes.size(), 0, options);
      if (loaded.ok()) loaded->format = "csv.gzip";
      return loaded;
    }
    case InputKind::kZstd: {
      Loaded loaded = LoadStream([&] { return OpenZstd(bytes, options.limits); }, bytes.size(),
                                 zstd::SizeOfFrame(bytes).value_or(0), options);
      if (loaded.ok()) loaded->format = "csv.zstd";
      return loaded;
    }
    case InputKind::kPlain:
      break;
  }
  Loaded loaded = LoadPlain(input, options);
  if (loaded.ok()) loaded->format = "csv";
  return loaded;
}

std::string Describe(const RejectedRow& reject) {
  if (reject.column.empty()) return fmt::format("line {}: {}", reject.line, reject.reason);
  return fmt::format("line {}: {} \"{}\" is {}", reject.line, reject.column, reject.value,
                     reject.reason);
}

absl::Status CheckOptions(const LoadOptions& options) {
  const auto refuse = [](std::string_view name, std::string_view range) {
    return InputError(absl::StatusCode::kInvalidArgument, kOptionOutOfRange,
                      fmt::format("{} must be {}", name, range), name);
  };
  if (options.threads < 0 || options.threads > 64) return refuse("threads", "0..64");
  if (!(options.max_reject_share >= 0.0 && options.max_reject_share <= 1.0)) {
    return refuse("max_reject_share", "0..1");
  }
  return absl::OkStatus();
}

// A setting that the input has no use for is said, not stepped over in silence.
void WarnOfUnusedSettings(const DialectSettings& settings, LoadedTransactions* loaded) {
  const auto unused = [loaded](std::string_view setting, std::string_view input) {
    loaded->warnings.push_back(fmt::format("input.{} is set but the input is {}", setting, input));
  };
  const bool workbook = loaded->format.starts_with("xlsx");
  if (!workbook && !settings.sheet.empty()) unused("sheet", "text, which has no sheets");
  if (workbook && settings.separator != '\0') unused("separator", "a workbook, which has none");
  if (workbook && settings.encoding != TextEncoding::kAuto) {
    unused("encoding", "a workbook, whose text has one of its own");
  }
}

Loaded LoadInputBytes(const Input& input, const LoadOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(options));
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, LoadAny(input, options));
  loaded.file_bytes = input.bytes.size();
  WarnOfUnusedSettings(options.dialect, &loaded);
  CAIRN_RETURN_IF_ERROR(CheckRejectShare(loaded, options.max_reject_share));
  return loaded;
}

}  // namespace

absl::StatusOr<LoadedTransactions> LoadTransactions(const std::string& path,
                                                    const LoadOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const InputBytes bytes, InputBytes::Read(path));
  return LoadTransactions(bytes, options);
}

absl::StatusOr<LoadedTransactions> LoadTransactions(const InputBytes& input,
                                                    const LoadOptions& options) {
  return LoadInputBytes({input.view(), input.mapped_file()}, options);
}

absl::StatusOr<LoadedTransactions> LoadTransactionsFromBytes(std::string_view bytes,
                                                             const LoadOptions& options) {
  return LoadInputBytes({bytes}, options);
}

std::vector<SetAside> RejectedRows(const LoadedTransactions& loaded) {
  if (loaded.rows_rejected == 0) return {};
  return {{std::string(kRejectRule), "row that cannot be read", loaded.rows_rejected, 0}};
}

absl::Status CheckRejectShare(const LoadedTransactions& loaded, double max_reject_share) {
  const double allowed = max_reject_share * static_cast<double>(loaded.rows_read);
  if (static_cast<double>(loaded.rows_rejected) <= allowed) return absl::OkStatus();
  std::string message =
      fmt::format("{} of {} rows were rejected, more than the allowed share of {}",
                  loaded.rows_rejected, loaded.rows_read, max_reject_share);
  for (size_t i = 0; i < std::min(kExamples, loaded.rejects.size()); ++i) {
    message += (i == 0 ? ": " : "; ") + Describe(loaded.rejects[i]);
  }
  return InputError(absl::StatusCode::kInvalidArgument, kTooManyRejects, message);
}

}  // namespace cairn::pipeline
