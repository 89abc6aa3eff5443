#include "server/storage/rocks_logger.h"

#include <cstdarg>
#include <cstdio>
#include <string>
#include <utility>

namespace cairn::storage {
namespace {

class WarningLogger final : public rocksdb::Logger {
 public:
  explicit WarningLogger(std::function<void(std::string_view)> on_warning)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), on_warning_(std::move(on_warning)) {}

  // RocksDB logs its options as headers; that is no warning.
  void LogHeader(const char*, va_list) override {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!on_warning_) return;
    char line[1024];
    const int size = std::vsnprintf(line, sizeof(line), format, arguments);
    if (size <= 0) return;
    std::string text(line);
    text.erase(text.find_last_not_of(" \n") + 1);
    on_warning_("RocksDB: " + text);
  }

 private:
  const std::function<void(std::string_view)> on_warning_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeRocksLogger(std::function<void(std::string_view)> on_warning) {
  return std::make_shared<WarningLogger>(std::move(on_warning));
}

}  // namespace cairn::storage
