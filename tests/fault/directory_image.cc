#include "tests/fault/directory_image.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace cairn::fault {

namespace fs = std::filesystem;

DirectoryImage DirectoryImage::Of(const std::string& directory) {
  DirectoryImage image;
  std::error_code gone;
  for (fs::recursive_directory_iterator it(directory, gone), end; !gone && it != end;
       it.increment(gone)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored)) continue;
    std::ifstream file(it->path(), std::ios::binary);
    if (!file) continue;
    image.files_[fs::relative(it->path(), directory).string()].assign(
        std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return image;
}

namespace {

void WriteFile(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  const size_t written = bytes.find_last_not_of('\0') + 1;
  {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(written));
  }
  fs::resize_file(path, bytes.size());
}

}  // namespace

void DirectoryImage::WriteTo(const std::string& directory) const {
  fs::remove_all(directory);
  fs::create_directories(directory);
  WriteChangesTo(directory, DirectoryImage());
}

void DirectoryImage::WriteChangesTo(const std::string& directory,
                                    const DirectoryImage& present) const {
  for (const auto& [name, bytes] : present.files_) {
    if (files_.count(name) == 0) fs::remove(fs::path(directory) / name);
  }
  for (const auto& [name, bytes] : files_) {
    const auto there = present.files_.find(name);
    const bool same = there != present.files_.end() && there->second == bytes;
    if (!same) WriteFile(fs::path(directory) / name, bytes);
  }
}

std::string DirectoryImage::DifferenceTo(const DirectoryImage& other) const {
  std::string names;
  const auto add = [&names](const std::string& name) {
    names += (names.empty() ? "" : ", ") + name;
  };
  for (const auto& [name, bytes] : files_) {
    const auto found = other.files_.find(name);
    if (found == other.files_.end() || found->second != bytes) add(name);
  }
  for (const auto& [name, bytes] : other.files_) {
    if (files_.count(name) == 0) add(name);
  }
  return names;
}

int RoundsFrom(const char* name, int fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::atoi(text);
}

}  // namespace cairn::fault
