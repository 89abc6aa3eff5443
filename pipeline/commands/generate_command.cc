#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

using FilePtr = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

std::string TruthCsv(const SyntheticSummary& summary) {
  std::string out = "CustomerID,Segment,Name,Outlier,Invoices\n";
  for (const PlantedCustomer& customer : summary.customers) {
    out += fmt::format("{},{},{},{},{}\n", customer.customer_id, customer.segment,
                       PlantedSegmentNames()[static_cast<size_t>(customer.segment)],
                       customer.outlier ? 1 : 0, customer.invoices);
  }
  return out;
}

ByteSink SinkTo(std::FILE* file, const std::string& path) {
  return [file, path](std::string_view bytes) -> absl::Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size()) return absl::OkStatus();
    return FileError(errno, "write", path);
  };
}

// A file that appears under its name once it is complete.
absl::StatusOr<SyntheticSummary> GenerateFile(const SyntheticOptions& options,
                                              const std::string& path) {
  const std::string partial = path + ".part";
  FilePtr file(std::fopen(partial.c_str(), "wb"), &std::fclose);
  if (file == nullptr) return FileError(errno, "create", partial);
  auto summary = GenerateTransactions(options, SinkTo(file.get(), partial));
  absl::Status status = summary.status();
  if (std::fclose(file.release()) != 0 && status.ok()) status = FileError(errno, "write", partial);
  if (status.ok() && std::rename(partial.c_str(), path.c_str()) != 0) {
    status = FileError(errno, "rename", partial);
  }
  if (!status.ok()) {
    std::remove(partial.c_str());
    return status;
  }
  return summary;
}

absl::Status Generate(const GenerateFlags& flags) {
  SyntheticOptions options;
  options.customers = flags.customers;
  options.seed = flags.seed;
  options.scale = flags.scale;
  options.drift = flags.drift;
  SyntheticSummary summary;
  if (flags.out == "-") {
    CAIRN_ASSIGN_OR_RETURN(summary, GenerateTransactions(options, SinkTo(stdout, "stdout")));
  } else {
    CAIRN_ASSIGN_OR_RETURN(summary, GenerateFile(options, flags.out));
  }
  if (!flags.truth.empty()) {
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(flags.truth, TruthCsv(summary)));
  }
  const std::string line = fmt::format("{} rows of {} customers, {} bytes\n", summary.rows,
                                       summary.customers.size(), summary.bytes);
  flags.out == "-" ? Note("{}", line) : fmt::print("{}", line);
  return absl::OkStatus();
}

}  // namespace

int GenerateCommand(const GenerateFlags& flags) {
  const absl::Status status = Generate(flags);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
