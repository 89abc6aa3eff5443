#ifndef CAIRN_CLIENT_CLI_COMMANDS_DESCRIPTION_PRINTER_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DESCRIPTION_PRINTER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client-cli/cli/table.h"
#include "client-cli/commands/session.h"
#include "google/protobuf/map.h"

namespace cairn::cli {

// How the parts of a description are printed: as people want it on a terminal, where
// long lists end after 20 lines (--limit, --all), else exactly and whole.
//
// The session must outlive the object. Not thread-safe.
class DescriptionPrinter {
 public:
  explicit DescriptionPrinter(Session& session);

  // Whether people read it.
  bool human() const { return human_; }
  // How many of `count` lines are shown.
  size_t Shown(size_t count) const;

  // A labelled value; nothing for an empty one.
  void Line(std::string_view label, const Cell& cell);

  // A list under a title; `count` is how long it is, of which the table has a beginning.
  // Nothing for a count of 0.
  absl::Status List(std::string_view title, size_t count, Table table);

  // Pairs by key, as a list.
  absl::Status Pairs(std::string_view title,
                     const google::protobuf::Map<std::string, std::string>& pairs);

 private:
  Session& session_;
  const bool human_;
  size_t limit_ = SIZE_MAX;
};

// A number: exactly, and with six digits for people.
Cell ExactNumber(double value);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DESCRIPTION_PRINTER_H_
