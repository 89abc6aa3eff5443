#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/resource_names.h"
#include "lib/base/scratch_directory.h"
#include "lib/base/status_macros.h"
#include "lib/client/uploader.h"
#include "lib/command_line/caller_flags.h"
#include "pipeline/commands/download.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_rows.h"
#include "pipeline/commands/lifecycle_commands.h"
#include "pipeline/commands/lifecycle_flags.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/progress.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/stages/load_stage.h"

namespace cairn::pipeline {
namespace {

using command_line::Settings;

// Data sets that are known by name.
struct KnownSource {
  std::string_view name;
  std::string_view address;
  std::string_view file;
};

constexpr KnownSource kKnownSources[] = {
    {"online-retail", "https://archive.ics.uci.edu/static/public/352/online+retail.zip",
     "online-retail.zip"},
    {"online-retail-ii", "https://archive.ics.uci.edu/static/public/502/online+retail+ii.zip",
     "online-retail-ii.zip"},
};

bool IsAddress(std::string_view source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

std::string FileNameOf(const std::string& address) {
  std::string name = address.substr(0, address.find_first_of("?#"));
  name = name.substr(name.find_last_of('/') + 1);
  return name.empty() ? "download" : name;
}

// The path of the bytes: what is no address and no known name is a file.
absl::StatusOr<std::string> Fetch(const Settings& settings, const std::string& source,
                                  const std::string& folder) {
  std::string address = source;
  std::string file = FileNameOf(source);
  for (const KnownSource& known : kKnownSources) {
    if (source != known.name) continue;
    address = known.address;
    file = known.file;
    Note("{} is {}\n", source, address);
  }
  if (!IsAddress(address)) return source;
  const std::string path = settings.IsGiven("out") ? settings.Text("out") : folder + "/" + file;
  CAIRN_RETURN_IF_ERROR(Download(address, path));
  return path;
}

absl::Status CheckDigest(const Settings& settings, const InputBytes& input,
                         const std::string& source) {
  const std::string wanted = settings.Text("sha256");
  if (wanted.empty()) {
    Note("sha256: {}; --sha256 holds the next fetch to it\n", input.digest().Hex());
    return absl::OkStatus();
  }
  if (wanted == input.digest().Hex()) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("{} has the SHA-256 {}, expected is {}; nothing was kept", source,
                           input.digest().Hex(), wanted))
      .With("expected", wanted)
      .With("found", input.digest().Hex())
      .ToStatus();
}

absl::Status Publish(client::Client& client, const Settings& settings, const std::string& path,
                     const LoadedTransactions& loaded) {
  CAIRN_ASSIGN_OR_RETURN(const PipelineConfig config, LifecycleConfig(settings));
  const std::string dataset = settings.IsGiven("dataset")
                                  ? settings.Text("dataset")
                                  : config.registration.transactions_dataset;
  Progress progress;
  const auto sent = [&progress](const client::TransferProgress& now) {
    progress.Show({.stage = "upload",
                   .unit = kBytesUnit,
                   .done = now.done_bytes(),
                   .total = now.total_bytes});
  };
  CAIRN_ASSIGN_OR_RETURN(
      const auto files,
      client::Uploader(client, sent)
          .Upload({client::UploadItem::File(path.substr(path.find_last_of('/') + 1), path)}));
  progress.Clear();
  v1::CreateDatasetVersionRequest request;
  request.set_parent(DatasetName(dataset));
  v1::DatasetVersion* version = request.mutable_dataset_version();
  *version->add_files() = files.front();
  version->set_row_count(static_cast<int64_t>(loaded.table.rows()));
  version->set_producer("ingest");
  CAIRN_ASSIGN_OR_RETURN(const auto created,
                         client.datasets().CreateDatasetVersion(std::move(request)));
  fmt::print("published as {}\n", created.name());
  return absl::OkStatus();
}

absl::Status Ingest(const Settings& settings, const std::string& source) {
  CAIRN_ASSIGN_OR_RETURN(const auto scratch, ScratchDirectory::Make());
  CAIRN_ASSIGN_OR_RETURN(const std::string path, Fetch(settings, source, scratch->path()));
  CAIRN_ASSIGN_OR_RETURN(const InputBytes input, InputBytes::Read(path));
  CAIRN_RETURN_IF_ERROR(CheckDigest(settings, input, source));
  CAIRN_ASSIGN_OR_RETURN(const PipelineConfig config, LifecycleConfig(settings));
  Progress progress;
  CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded,
                         LoadInput(input, config, progress.Loading()));
  progress.Clear();
  CAIRN_RETURN_IF_ERROR(CheckRejectShare(loaded, config.input.max_reject_share));
  Note("input: {}\n", loaded.dialect);
  for (const std::string& warning : loaded.warnings) Note("warning: {}\n", warning);
  fmt::print("{}: {} rows, {} rejected, {} bytes\n", path, loaded.rows_read, loaded.rows_rejected,
             input.view().size());
  if (!settings.IsGiven("server")) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(ServerFlagsOf(settings)));
  return Publish(*client, settings, path, loaded);
}

}  // namespace

command_line::Command IngestRow() {
  const std::vector<command_line::Flag> own = {
      TextFlag("sha256", "HEX", "refuse other bytes than these", kInputSection),
      PathFlag("config", "FILE", "YAML file with settings over the preset", kInputSection),
      SettingsFlag(),
      ThreadsFlag("threads, 0 = one per processor; never changes a result"),
      PathFlag("out", "FILE",
               "keep the download here; one that was broken off goes on where it stopped",
               kResultsSection),
      TextFlag("dataset", "NAME", "the data set to publish to; else register.datasets.transactions",
               kResultsSection),
      ServerFlag("the Cairn server that keeps it as a data set version"),
      PrincipalFlag(),
  };
  command_line::Command row = CommandRow(
      "ingest", "Fetch transactions, look whether they can be read, and publish them",
      JoinedFlags({own, command_line::CallerFlags(kServerSection)}),
      {{"cairn-pipeline ingest online-retail --out online-retail.zip --server 127.0.0.1:50051",
        "from UCI, by name"},
       {"cairn-pipeline ingest sales.csv --dataset shop-sales --server 127.0.0.1:50051",
        "a file of your own"}});
  row.arguments = {{.name = "SOURCE", .completes = "file"}};
  row.details =
      "SOURCE is a file, an address that begins with http:// or https://, or a known name:\n"
      "online-retail, online-retail-ii. Downloads are made by the program curl.";
  return row;
}

int IngestCommand(const Settings& settings, const std::string& source) {
  const absl::Status status = Ingest(settings, source);
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline
