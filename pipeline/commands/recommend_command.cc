#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/caller_flags.h"
#include "lib/tables/byte_source.h"
#include "lib/tables/csv_reader.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/insight_commands.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/commands/stored_results.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/insight/customers_csv.h"
#include "pipeline/insight/offers.h"
#include "pipeline/report/report_json.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

constexpr size_t kMaxListBytes = size_t{256} << 20;
constexpr size_t kFirstRecommendation = 6;  // Column of customers.csv.

absl::StatusOr<std::vector<std::vector<std::string>>> RowsOfCsv(std::string_view text) {
  tables::CsvReader reader(tables::FromText(text));
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string_view> fields;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, reader.Next(fields));
    if (!more) return rows;
    rows.emplace_back(fields.begin(), fields.end());
  }
}

// Customers as they are given: ids, or files with one on each line (its first field).
absl::StatusOr<std::vector<std::string>> CustomersOf(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& word : words) {
    if (!IsRegularFile(word)) {
      out.push_back(word);
      continue;
    }
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(word, kMaxListBytes));
    CAIRN_ASSIGN_OR_RETURN(const auto rows, RowsOfCsv(text));
    for (const auto& row : rows) {
      if (row.empty() || row[0].empty() || row[0] == "CustomerID" || row[0] == "customer") continue;
      out.push_back(row[0]);
    }
    Note("{}: {} customers\n", word, out.size());
  }
  return out;
}

// What each code is called, from the best-sellers of the report.
std::unordered_map<std::string, std::string> DescriptionsOf(const ReportData& report) {
  std::unordered_map<std::string, std::string> out;
  for (const SegmentProfile& segment : report.profiles.segments) {
    for (const ProductFigures& product : segment.products) out[product.code] = product.description;
  }
  return out;
}

// What customers.csv says, with the descriptions of the products.
absl::StatusOr<std::vector<CustomerOffers>> OffersOf(
    const std::vector<std::vector<std::string>>& rows, const ReportData& report) {
  if (rows.empty() || rows[0].size() < kFirstRecommendation) {
    return InvalidField(ErrorReason::DATA_MALFORMED, "customers.csv", "",
                        fmt::format("must have the columns {}", kCustomersHeader))
        .ToStatus();
  }
  const auto descriptions = DescriptionsOf(report);
  std::vector<CustomerOffers> out;
  for (size_t i = 1; i < rows.size(); ++i) {  // Below the header.
    const std::vector<std::string>& row = rows[i];
    CustomerOffers& offers = out.emplace_back(CustomerOffers{row[0], row[1], row[2], {}});
    for (size_t j = kFirstRecommendation; j < row.size(); ++j) {
      if (row[j].empty()) continue;
      const auto description = descriptions.find(row[j]);
      offers.products.push_back(
          {row[j], description == descriptions.end() ? "" : description->second});
    }
  }
  return out;
}

absl::Status Recommend(const Settings& settings, const std::vector<std::string>& words) {
  const ServerFlags server = ServerFlagsOf(settings);
  const std::string place = settings.Text("from");
  CAIRN_ASSIGN_OR_RETURN(const auto wanted, CustomersOf(words));
  CAIRN_ASSIGN_OR_RETURN(const StoredResult customers,
                         ReadStoredResult(place, "customers.csv", server));
  CAIRN_ASSIGN_OR_RETURN(const StoredResult stored, ReadStoredResult(place, "report.json", server));
  CAIRN_ASSIGN_OR_RETURN(const ReportData report, ParseReportJson(stored.bytes));
  CAIRN_ASSIGN_OR_RETURN(const auto rows, RowsOfCsv(customers.bytes));
  CAIRN_ASSIGN_OR_RETURN(const auto offers, OffersOf(rows, report));
  CAIRN_ASSIGN_OR_RETURN(const std::string out, OffersCsv(offers, wanted));
  if (report.recommendations) {
    const RecommendationQuality& quality = *report.recommendations;
    Note(
        "worth: of {} customers, {:.1f} % bought one of three afterwards; {:.1f} % with what sells "
        "most, {:.1f} % with what is bought together\n",
        quality.customers, 100 * quality.segment_hit_rate, 100 * quality.popularity_hit_rate,
        100 * quality.item_hit_rate);
  }
  if (settings.IsGiven("out")) return WriteOutputFile(settings.Text("out"), out);
  fmt::print("{}", out);
  return absl::OkStatus();
}

}  // namespace

command_line::Command RecommendRow() {
  command_line::Flag from =
      TextFlag("from", "RUN", "the run, model or folder of results that knows them, as for report",
               kInputSection);
  from.fallback = "customer-segments";
  command_line::Command row = CommandRow(
      "recommend", "Print what to offer to customers",
      JoinedFlags({{from, PathFlag("out", "FILE", "a file instead of stdout", kResultsSection),
                    ServerFlag("the Cairn server that has the run"), PrincipalFlag()},
                   command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline recommend 17850 --server 127.0.0.1:50051", "by the model in production"},
       {"cairn-pipeline recommend campaign.csv --from results", "for the customers of a file"}});
  row.arguments = {{.name = "CUSTOMER|FILE", .min = 0, .max = -1, .completes = "file"}};
  row.details =
      "Without a customer: for all of them. Rank 0 is somebody who has bought all of them.";
  return row;
}

int RecommendCommand(const Settings& settings, const std::vector<std::string>& customers) {
  const absl::Status status = Recommend(settings, customers);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
