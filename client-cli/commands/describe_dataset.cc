#include "client-cli/commands/describe_dataset.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/exit_code.h"
#include "client-cli/cli/reference.h"
#include "client-cli/commands/dataset_text.h"
#include "client-cli/commands/description_printer.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::cli {
namespace {

absl::Status PrintAliases(DescriptionPrinter& printer, const v1::Dataset& dataset) {
  const std::map<std::string, int64_t> aliases(dataset.aliases().begin(), dataset.aliases().end());
  Table table;
  table.columns = {{.title = "ALIAS", .id = true}, {"VERSION", false, true}};
  for (const auto& [alias, number] : aliases) {
    if (table.rows.size() == printer.Shown(aliases.size())) break;
    table.rows.push_back({alias, alias, {Cell(alias), Cell(std::to_string(number))}});
  }
  return printer.List("Aliases", aliases.size(), std::move(table));
}

// The aliases of one version, in one line.
absl::StatusOr<std::string> AliasesOf(Session& session, const v1::DatasetVersion& version) {
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseDatasetVersionName("name", version.name()));
  v1::GetDatasetRequest request;
  request.set_name(DatasetName(name.parent_id));
  CAIRN_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->datasets().GetDataset(request));
  std::map<std::string, int64_t> sorted(dataset.aliases().begin(), dataset.aliases().end());
  std::string aliases;
  for (const auto& [alias, number] : sorted) {
    if (number == name.version) aliases += (aliases.empty() ? "" : ", ") + alias;
  }
  return aliases;
}

void PrintVersionHead(Session& session, DescriptionPrinter& printer,
                      const v1::DatasetVersion& version, const std::string& aliases) {
  printer.Line("Version", Cell(ShortName(version.name())));
  printer.Line("Resource", Cell(version.name()));
  printer.Line("Aliases", Cell(aliases));
  printer.Line("SHA-256", Cell(version.sha256()));
  printer.Line("Size",
               Cell(std::to_string(version.size_bytes()), HumanBytes(version.size_bytes())));
  if (version.row_count() >= 0) printer.Line("Rows", Cell(std::to_string(version.row_count())));
  printer.Line("Producer", Cell(version.producer()));
  printer.Line("Run", Cell(version.run(), ShortName(version.run())));
  printer.Line("Created", session.TimeCell(version.create_time(), version.has_create_time()));
}

absl::Status PrintParents(DescriptionPrinter& printer, const v1::DatasetVersion& version) {
  Table table;
  table.columns = {{.title = "PARENT", .id = true}};
  const auto count = static_cast<size_t>(version.parents_size());
  for (size_t i = 0; i < printer.Shown(count); ++i) {
    const std::string& parent = version.parents(static_cast<int>(i));
    table.rows.push_back({parent, parent, {Cell(parent, ShortName(parent))}});
  }
  return printer.List("Made from", count, std::move(table));
}

// The first `count` files of the version, which leaves them out when there are many.
absl::StatusOr<std::vector<v1::ArtifactFile>> FirstFiles(Session& session,
                                                         const v1::DatasetVersion& version,
                                                         size_t count) {
  const auto end =
      version.files().begin() + std::min(static_cast<int>(count), version.files_size());
  std::vector<v1::ArtifactFile> files(version.files().begin(), end);
  if (!files.empty() || count == 0) return files;
  CAIRN_ASSIGN_OR_RETURN(client::Client * client, session.Client());
  v1::ListArtifactsRequest request;
  request.set_parent(version.name());
  request.set_page_size(static_cast<int32_t>(std::min<size_t>(count, 1000)));
  CAIRN_RETURN_IF_ERROR(client::ForEachPage(
      request, [&](const auto& page) { return client->artifacts().ListArtifacts(page); },
      [&](v1::ListArtifactsResponse& page) {
        for (v1::ArtifactFile& file : *page.mutable_files()) files.push_back(std::move(file));
        return files.size() < count;
      }));
  if (files.size() > count) files.resize(count);
  return files;
}

absl::Status PrintFiles(Session& session, DescriptionPrinter& printer,
                        const v1::DatasetVersion& version) {
  Table table;
  table.columns = {{.title = "PATH", .id = true}, {"SIZE", false, true}, {"SHA256"}};
  const auto count = static_cast<size_t>(version.file_count());
  CAIRN_ASSIGN_OR_RETURN(const auto files, FirstFiles(session, version, printer.Shown(count)));
  for (const v1::ArtifactFile& file : files) {
    const v1::BlobDigest& digest = file.digest();
    table.rows.push_back(
        {file.path(),
         file.path(),
         {Cell(file.path()),
          Cell(std::to_string(digest.size_bytes()), HumanBytes(digest.size_bytes())),
          Cell(digest.sha256(), digest.sha256().substr(0, 12))}});
  }
  return printer.List("Files", count, std::move(table));
}

}  // namespace

absl::StatusOr<int> DescribeDataset(Session& session, const v1::Dataset& dataset) {
  DescriptionPrinter printer(session);
  printer.Line("Data set", Cell(dataset.display_name()));
  printer.Line("Resource", Cell(dataset.name()));
  printer.Line("Description", Cell(dataset.description()));
  printer.Line("Latest", Cell(std::to_string(dataset.latest_version())));
  if (dataset.has_retention()) printer.Line("Retention", Cell(RetentionText(dataset)));
  printer.Line("Created", session.TimeCell(dataset.create_time(), dataset.has_create_time()));
  printer.Line("Updated", session.TimeCell(dataset.update_time(), dataset.has_update_time()));
  CAIRN_RETURN_IF_ERROR(PrintAliases(printer, dataset));
  if (dataset.latest_version() > 0) {
    session.Hint(fmt::format("`mlctl describe dataset {}@{}` shows the newest version",
                             dataset.display_name(), dataset.latest_version()));
  }
  return kExitOk;
}

absl::StatusOr<int> DescribeDatasetVersion(Session& session, const v1::DatasetVersion& version) {
  CAIRN_ASSIGN_OR_RETURN(const std::string aliases, AliasesOf(session, version));
  DescriptionPrinter printer(session);
  PrintVersionHead(session, printer, version, aliases);
  CAIRN_RETURN_IF_ERROR(printer.Pairs("Tags", version.tags()));
  CAIRN_RETURN_IF_ERROR(PrintParents(printer, version));
  CAIRN_RETURN_IF_ERROR(PrintFiles(session, printer, version));
  const auto columns = static_cast<size_t>(version.columns_size());
  CAIRN_RETURN_IF_ERROR(
      printer.List("Columns", columns,
                   ColumnTable(version, printer.Shown(columns), session.terminal().unicode)));
  return kExitOk;
}

}  // namespace cairn::cli
