#include "pipeline/insight/labels_csv.h"

#include <algorithm>
#include <charconv>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

absl::Status BadLabels(size_t line, std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
               fmt::format("labels: line {}: {}", line, problem))
      .With("line", std::to_string(line));
}

// Splits text into records of two fields.
class LabelRecords {
 public:
  explicit LabelRecords(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  // False at the end. `first` and `second` are replaced.
  absl::StatusOr<bool> Next(std::string* first, std::string* second) {
    while (!rest_.empty() && AtLineEnd()) EndLine();
    if (rest_.empty()) return false;
    line_ = next_line_;
    CAIRN_RETURN_IF_ERROR(Field(first));
    if (!rest_.starts_with(',')) return BadLabels(line_, "has one field; must have two");
    rest_.remove_prefix(1);
    CAIRN_RETURN_IF_ERROR(Field(second));
    if (rest_.starts_with(',')) return BadLabels(line_, "has more than two fields");
    if (!rest_.empty()) EndLine();
    return true;
  }

  // Where the record last read begins, from 1.
  size_t line() const { return line_; }

 private:
  bool AtLineEnd() const { return rest_.starts_with('\n') || rest_.starts_with("\r\n"); }

  void EndLine() {
    rest_.remove_prefix(rest_.front() == '\r' ? 2 : 1);
    ++next_line_;
  }

  absl::Status Field(std::string* out) {
    out->clear();
    if (rest_.starts_with('"')) return QuotedField(out);
    const size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
    out->assign(rest_.substr(0, end));
    // The CR of a line end stays in front of it.
    if (end < rest_.size() && rest_[end] == '\n' && out->ends_with('\r')) out->pop_back();
    rest_.remove_prefix(out->size());
    return absl::OkStatus();
  }

  absl::Status QuotedField(std::string* out) {
    rest_.remove_prefix(1);
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) return BadLabels(line_, "a quote does not close");
      out->append(rest_.substr(0, quote));
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      out->push_back('"');
      rest_.remove_prefix(1);
    }
    next_line_ += static_cast<size_t>(std::count(out->begin(), out->end(), '\n'));
    if (rest_.empty() || rest_.front() == ',' || AtLineEnd()) return absl::OkStatus();
    return BadLabels(line_, "text follows a closing quote");
  }

  std::string_view rest_;
  size_t line_ = 1;
  size_t next_line_ = 1;
};

absl::StatusOr<int32_t> SegmentNumber(std::string_view text, size_t line) {
  int32_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && number >= 0 && number < kMaxSegments) return number;
  return BadLabels(line, fmt::format("segment \"{}\" must be a whole number 0..{}",
                                     Shortened(text, 100), kMaxSegments - 1));
}

absl::Status CheckCustomer(const std::string& customer, size_t line) {
  if (customer.empty()) return BadLabels(line, "the customer is empty");
  if (customer.size() <= kMaxCustomerBytes) return absl::OkStatus();
  return BadLabels(line, fmt::format("the customer has {} bytes; at most {} are allowed",
                                     customer.size(), kMaxCustomerBytes));
}

}  // namespace

absl::StatusOr<CustomerLabels> ReadLabelsCsv(std::string_view text) {
  if (text.size() > kMaxLabelsBytes) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::TOO_LARGE,
                 fmt::format("labels: {} bytes; at most {} are read", text.size(), kMaxLabelsBytes))
        .ToStatus();
  }
  LabelRecords records(text);
  std::string customer;
  std::string segment;
  CAIRN_ASSIGN_OR_RETURN(const bool header, records.Next(&customer, &segment));
  if (!header || !absl::EqualsIgnoreCase(customer, "CustomerID") ||
      !absl::EqualsIgnoreCase(segment, "Segment")) {
    return BadLabels(records.line(), "the header must be CustomerID,Segment");
  }
  CustomerLabels labels;
  absl::flat_hash_set<std::string> seen;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, records.Next(&customer, &segment));
    if (!more) return labels;
    CAIRN_RETURN_IF_ERROR(CheckCustomer(customer, records.line()));
    CAIRN_ASSIGN_OR_RETURN(const int32_t number, SegmentNumber(segment, records.line()));
    if (!seen.insert(customer).second) {
      return BadLabels(records.line(),
                       fmt::format("customer \"{}\" is there twice", Shortened(customer, 100)));
    }
    labels.customers.push_back(customer);
    labels.segments.push_back(number);
    labels.k = std::max(labels.k, number + 1);
  }
}

}  // namespace cairn::pipeline
