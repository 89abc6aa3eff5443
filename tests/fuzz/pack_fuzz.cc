// Any bytes as a pack: no crash, records in ascending places within the file, and what a scan
// finds is found again when the rest is cut off.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "server/artifacts/chunk_list.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/pack_file.h"

namespace {

using cairn::artifacts::PackFile;

void Require(bool holds) {
  if (!holds) std::abort();
}

const std::string& Folder() {
  static const std::string folder = [] {
    std::string name = (std::filesystem::temp_directory_path() / "pack-fuzz-XXXXXX").string();
    Require(::mkdtemp(name.data()) != nullptr);
    return name;
  }();
  return folder;
}

struct Scanned {
  std::vector<PackFile::Record> records;
  PackFile::Tail tail;
};

// Scans pack 1 with `body` behind its header.
Scanned ScanBody(std::string_view body) {
  const std::string path = Folder() + "/" + PackFile::NameOf(1);
  std::filesystem::remove(path);
  { Require(PackFile::Create(Folder(), 1).ok()); }
  std::ofstream(path, std::ios::binary | std::ios::app) << body;
  const auto pack = PackFile::Open(Folder(), 1, /*writable=*/false);
  Require(pack.ok());
  Scanned scanned;
  const auto tail = (*pack)->Scan(
      [&scanned](const PackFile::Record& record) { scanned.records.push_back(record); });
  Require(tail.ok());
  scanned.tail = *tail;
  int64_t end = PackFile::kFileHeaderBytes;
  for (const PackFile::Record& record : scanned.records) {
    Require(record.offset == end && record.digest.size_bytes >= 0);
    end += PackFile::RecordBytes(record.digest.size_bytes);
  }
  Require(end == scanned.tail.end && end <= (*pack)->Size().value());
  Require(!(scanned.tail.open && scanned.tail.damaged));
  return scanned;
}

// Bytes as a list of chunks: what is taken for one is written the same way again.
void ParseList(std::string_view bytes) {
  const cairn::Digest whole = cairn::DigestOf("whole");
  const auto list = cairn::artifacts::ParseChunkList(whole.sha256, bytes);
  if (!list.has_value()) return;
  Require(cairn::artifacts::EncodeChunkList(*list) == bytes);
  const auto count = static_cast<int64_t>(list->chunks.size());
  const cairn::Digest record = cairn::artifacts::ListRecordDigest(list->digest, count);
  Require(record.size_bytes == static_cast<int64_t>(bytes.size()));
  int64_t sum = 0;
  for (const cairn::Digest& chunk : list->chunks) sum += chunk.size_bytes;
  Require(sum == list->digest.size_bytes);
}

// A record of pack 1 as it stands in the file, with the file's header before it.
std::string WholeRecord(std::string_view bytes, PackFile::Kind kind) {
  const std::string path = Folder() + "/" + PackFile::NameOf(1);
  std::filesystem::remove(path);
  const auto pack = PackFile::Create(Folder(), 1);
  Require(pack.ok());
  const cairn::Digest digest = cairn::DigestOf(bytes);
  const int64_t begin = (*pack)->BeginRecord(PackFile::kFileHeaderBytes, digest, kind).value();
  Require((*pack)->WriteAt(begin, bytes).ok());
  Require((*pack)->EndRecord(begin, digest, {7}).ok());
  std::string all;
  Require((*pack)->ReadAt(0, (*pack)->Size().value(), &all).ok());
  return all.substr(static_cast<size_t>(PackFile::kFileHeaderBytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  cairn::artifacts::EntryHead head;
  static_cast<void>(cairn::artifacts::ParseEntryHead(bytes, &head));
  ScanBody(bytes);
  ParseList(bytes);

  // Checksums are hard to guess: the same bytes behind a record that is whole.
  const std::string body = WholeRecord("abc", PackFile::Kind::kBlob) +
                           WholeRecord("list", PackFile::Kind::kList) + std::string(bytes);
  const Scanned scanned = ScanBody(body);
  Require(scanned.records.size() >= 2 && scanned.records[0].kind == PackFile::Kind::kBlob &&
          scanned.records[1].kind == PackFile::Kind::kList);
  const auto whole = static_cast<size_t>(scanned.tail.end - PackFile::kFileHeaderBytes);
  const Scanned again = ScanBody(std::string_view(body).substr(0, whole));
  Require(again.records.size() == scanned.records.size());
  Require(!again.tail.open && !again.tail.damaged && again.tail.end == scanned.tail.end);
  return 0;
}
