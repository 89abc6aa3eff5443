#include <cstdint>

#include "server/ui/ui_file.h"

namespace cairn::ui {

// The table that web/tools/build.mjs writes as an assembler file: a row for each file, and one
// whose path is null behind the last.
struct Bytes {
  const char* begin;
  uint64_t size;
};
struct EmbeddedFile {
  const char* path;
  const char* type;
  Bytes plain;
  Bytes brotli;
  Bytes gzip;
};
extern "C" const EmbeddedFile cairn_ui_files[];

std::vector<UiFile> UiFiles() {
  const auto view = [](const Bytes& bytes) { return std::string_view(bytes.begin, bytes.size); };
  std::vector<UiFile> files;
  for (const EmbeddedFile* file = cairn_ui_files; file->path != nullptr; ++file) {
    files.push_back(
        {file->path, file->type, view(file->plain), view(file->brotli), view(file->gzip)});
  }
  return files;
}

}  // namespace cairn::ui
