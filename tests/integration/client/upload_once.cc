// Uploads one file, and prints a line with the bytes sent so far after each part; at the end
// a line `done SHA256`. Ends with 1 and says nothing when its server is gone. Made to be
// killed at any moment.
// usage: upload_once ADDRESS FILE chunks|stream

#include <cinttypes>
#include <cstdio>
#include <string>

#include "lib/client/client.h"
#include "lib/client/uploader.h"

int main(int argc, char** argv) {
  using cairn::client::TransferProgress;
  using cairn::client::UploadItem;
  if (argc != 4) return 2;
  cairn::client::ConnectOptions options;
  options.address = argv[1];
  const auto client = cairn::client::Client::Connect(options);
  if (!client.ok()) return 1;
  cairn::client::UploadOptions how;
  how.chunking = std::string(argv[3]) == "chunks";
  cairn::client::Uploader uploader(
      **client,
      [](const TransferProgress& progress) {
        std::printf("%" PRId64 "\n", progress.transferred_bytes);
        std::fflush(stdout);
      },
      how);
  const auto files = uploader.Upload({UploadItem::File("file", argv[2])});
  if (!files.ok()) return 1;
  std::printf("done %s\n", files->front().digest().sha256().c_str());
  return 0;
}
