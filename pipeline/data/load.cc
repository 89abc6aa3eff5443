#include "pipeline/data/load.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/xlsx_reader.h"
#include "pipeline/data/zip_archive.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kExamples = 3;
// Below this, starting threads takes longer than it saves.
constexpr size_t kWorthThreads = size_t{1} << 20;

using Loaded = absl::StatusOr<LoadedTransactions>;

Loaded LoadPlain(std::string_view bytes, const LoadOptions& options) {
  ByteFeed feed(bytes);
  CsvPlan plan;
  if (bytes.size() >= kWorthThreads) {
    plan.cuts = EvenCuts(bytes.size(), ThreadCount(options.threads));
  }
  return ReadCsv(feed, options, plan);
}

// Parses while another thread unpacks.
Loaded LoadStream(ByteStream& stream, uint64_t packed, const LoadOptions& options) {
  ByteFeed feed(MostUnpacked(packed, options.limits));
  if (!feed.ok()) {
    return InputError(absl::StatusCode::kResourceExhausted, kInputTooLarge,
                      "not enough address space to unpack the input");
  }
  absl::Status unpacked;
  Loaded loaded = absl::UnknownError("not parsed");
  {
    const std::jthread unpacker([&] { unpacked = feed.Fill(stream); });
    loaded = ReadCsv(feed, options, CsvPlan{});
    feed.Cancel();
  }
  // Text that was cut off explains any complaint about the text.
  if (!unpacked.ok()) return unpacked;
  return loaded;
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
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<ByteStream> stream, archive.OpenEntry(*entry));
  if (EndsWithIgnoringCase(entry->name, ".xlsx")) {
    return LoadNestedWorkbook(*stream, *entry, options);
  }
  Loaded loaded = LoadStream(*stream, entry->packed_size, options);
  if (loaded.ok()) loaded->format = "csv.zip";
  return loaded;
}

Loaded LoadAny(std::string_view bytes, const LoadOptions& options) {
  switch (DetectInputKind(bytes)) {
    case InputKind::kZip:
      return LoadZip(bytes, options, /*nested=*/false);
    case InputKind::kGzip: {
      Loaded loaded = LoadStream(*OpenGzip(bytes, options.limits), bytes.size(), options);
      if (loaded.ok()) loaded->format = "csv.gzip";
      return loaded;
    }
    case InputKind::kZstd: {
      Loaded loaded = LoadStream(*OpenZstd(bytes, options.limits), bytes.size(), options);
      if (loaded.ok()) loaded->format = "csv.zstd";
      return loaded;
    }
    case InputKind::kPlain:
      break;
  }
  Loaded loaded = LoadPlain(bytes, options);
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

}  // namespace

absl::StatusOr<LoadedTransactions> LoadTransactions(const std::string& path,
                                                    const LoadOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const InputBytes bytes, InputBytes::Read(path));
  return LoadTransactionsFromBytes(bytes.view(), options);
}

absl::StatusOr<LoadedTransactions> LoadTransactionsFromBytes(std::string_view bytes,
                                                             const LoadOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckOptions(options));
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, LoadAny(bytes, options));
  loaded.file_bytes = bytes.size();
  WarnOfUnusedSettings(options.dialect, &loaded);
  CAIRN_RETURN_IF_ERROR(CheckRejectShare(loaded, options.max_reject_share));
  return loaded;
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
