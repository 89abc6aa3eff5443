#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

#include "lib/base/files.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/note.h"
#include "pipeline/data/synthetic.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

std::string TruthCsv(const SyntheticSummary& summary) {
  std::string out = "CustomerID,Segment,Name,Outlier,Invoices\n";
  for (const PlantedCustomer& customer : summary.customers) {
    out += fmt::format("{},{},{},{},{}\n", customer.customer_id, customer.segment,
                       PlantedSegmentNames()[static_cast<size_t>(customer.segment)],
                       customer.outlier ? 1 : 0, customer.invoices);
  }
  return out;
}

absl::StatusOr<SyntheticSummary> GenerateToStdout(const SyntheticOptions& options) {
  return GenerateTransactions(options, [](std::string_view bytes) -> absl::Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return absl::OkStatus();
    return FileError(errno, "write", "stdout");
  });
}

absl::StatusOr<SyntheticSummary> GenerateFile(const SyntheticOptions& options,
                                              const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  CAIRN_ASSIGN_OR_RETURN(
      SyntheticSummary summary,
      GenerateTransactions(options, [&file](std::string_view bytes) { return file.Write(bytes); }));
  CAIRN_RETURN_IF_ERROR(file.Close());
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
    CAIRN_ASSIGN_OR_RETURN(summary, GenerateToStdout(options));
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
