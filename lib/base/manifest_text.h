#ifndef CAIRN_LIB_BASE_MANIFEST_TEXT_H_
#define CAIRN_LIB_BASE_MANIFEST_TEXT_H_

#include <string>

#include "cairn/v1/artifacts.pb.h"
#include "fmt/format.h"

namespace cairn {

// The canonical text of a manifest: for each file in order one line, `{sha256} {size in
// decimal} {path}\n`. Its SHA-256 is the content address of a version, and clients send
// it as a blob, so both ends write it here. `sorted_files` is a container of files, by
// path. Pure. A path may have blanks: it is the last of its line and has no line break.
// Two lists give the same text only if they have the same files.
template <typename Files>
std::string ManifestText(const Files& sorted_files) {
  std::string text;
  for (const cairn::v1::ArtifactFile& file : sorted_files) {
    text +=
        fmt::format("{} {} {}\n", file.digest().sha256(), file.digest().size_bytes(), file.path());
  }
  return text;
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_MANIFEST_TEXT_H_
