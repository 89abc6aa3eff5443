#include "lib/base/errors.h"

#include <cmath>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"

namespace cairn {
namespace {

template <typename Message>
std::string TypeUrl() {
  return fmt::format("type.googleapis.com/{}", Message::descriptor()->full_name());
}

template <typename Message>
void Attach(absl::Status& status, const Message& message) {
  status.SetPayload(TypeUrl<Message>(), absl::Cord(message.SerializeAsString()));
}

// `text` as the protos of details need it: what is not UTF-8 becomes U+FFFD. Names
// and file contents that are wrong are the reason of many an error.
std::string WellFormed(std::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    size_t length = 1;
    while (length < 4 && length < text.size() && !IsValidUtf8(text.substr(0, length))) ++length;
    const bool valid = IsValidUtf8(text.substr(0, length));
    out += valid ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(valid ? length : 1);
  }
  return out;
}

bool ContinuesCharacter(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// What a text takes in `grpc-message`, where all but printable ASCII is percent-encoded.
size_t EncodedMessageBytes(std::string_view text) {
  size_t bytes = 0;
  for (const char c : text) bytes += c >= 0x20 && c <= 0x7E && c != '%' ? 1 : 3;
  return bytes;
}

void Shorten(std::string* text, size_t max_bytes) { *text = Shortened(*text, max_bytes); }

std::optional<google::rpc::ErrorInfo> InfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<google::rpc::ErrorInfo>());
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return info;
}

}  // namespace

Error::Error(absl::StatusCode code, ErrorReason reason, std::string_view message)
    : code_(code), message_(WellFormed(message)) {
  info_.set_reason(ReasonName(reason));
  info_.set_domain(std::string(kErrorDomain));
}

Error& Error::With(std::string_view key, std::string_view value) {
  (*info_.mutable_metadata())[std::string(key)] = WellFormed(value);
  return *this;
}

Error& Error::Field(std::string_view field, std::string_view description) {
  if (!bad_request_) bad_request_.emplace();
  auto* violation = bad_request_->add_field_violations();
  violation->set_field(WellFormed(field));
  violation->set_description(WellFormed(description));
  return *this;
}

Error& Error::Precondition(std::string_view type, std::string_view subject,
                           std::string_view description) {
  if (!precondition_) precondition_.emplace();
  auto* violation = precondition_->add_violations();
  violation->set_type(std::string(type));
  violation->set_subject(WellFormed(subject));
  violation->set_description(WellFormed(description));
  return *this;
}

Error& Error::Resource(std::string_view type, std::string_view name) {
  resource_.emplace();
  resource_->set_resource_type(std::string(type));
  resource_->set_resource_name(WellFormed(name));
  return *this;
}

Error& Error::RetryAfterSeconds(double seconds) {
  retry_.emplace();
  const double whole = std::floor(seconds);
  retry_->mutable_retry_delay()->set_seconds(static_cast<int64_t>(whole));
  retry_->mutable_retry_delay()->set_nanos(static_cast<int32_t>((seconds - whole) * 1e9));
  return *this;
}

// A status travels as a message and, in base64, as a google.rpc.Status with it again.
size_t Error::WireBytes() const {
  constexpr size_t kBytesOfADetail = 64;  // type URL, tags and lengths
  size_t details = kBytesOfADetail + message_.size();
  const auto add = [&](const auto& detail) { details += detail.ByteSizeLong() + kBytesOfADetail; };
  add(info_);
  if (bad_request_) add(*bad_request_);
  if (precondition_) add(*precondition_);
  if (resource_) add(*resource_);
  if (retry_) add(*retry_);
  return EncodedMessageBytes(message_) + (details + 2) / 3 * 4;
}

Error Error::WithTextsOf(size_t max_bytes) const {
  Error error = *this;
  Shorten(&error.message_, max_bytes);
  for (auto& [key, value] : *error.info_.mutable_metadata()) Shorten(&value, max_bytes);
  if (bad_request_) {
    for (auto& violation : *error.bad_request_->mutable_field_violations()) {
      Shorten(violation.mutable_field(), max_bytes);
      Shorten(violation.mutable_description(), max_bytes);
    }
  }
  if (precondition_) {
    for (auto& violation : *error.precondition_->mutable_violations()) {
      Shorten(violation.mutable_subject(), max_bytes);
      Shorten(violation.mutable_description(), max_bytes);
    }
  }
  if (resource_) Shorten(error.resource_->mutable_resource_name(), max_bytes);
  return error;
}

absl::Status Error::ToStatus() const {
  constexpr size_t kMostBytesOfAText = 1024;
  constexpr size_t kFewestBytesOfAText = 64;
  if (WireBytes() <= kMaxErrorBytes) return Packed();
  size_t bytes = kMostBytesOfAText;
  while (bytes > kFewestBytesOfAText && WithTextsOf(bytes).WireBytes() > kMaxErrorBytes) bytes /= 2;
  return WithTextsOf(bytes).Packed();
}

absl::Status Error::Packed() const {
  absl::Status status(code_, message_);
  Attach(status, info_);
  if (bad_request_) Attach(status, *bad_request_);
  if (precondition_) Attach(status, *precondition_);
  if (resource_) Attach(status, *resource_);
  if (retry_) Attach(status, *retry_);
  return status;
}

std::string Shortened(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t head = max_bytes / 4 * 3;
  while (head > 0 && ContinuesCharacter(text[head])) --head;
  size_t tail = text.size() - max_bytes / 4;
  while (tail < text.size() && ContinuesCharacter(text[tail])) ++tail;
  return fmt::format("{}…({} bytes)…{}", text.substr(0, head), text.size(), text.substr(tail));
}

Error InvalidField(ErrorReason reason, std::string_view field, std::string_view value,
                   std::string_view rule) {
  constexpr size_t kMaxShownBytes = 128;
  const std::string shown = Shortened(EscapeControlCharacters(WellFormed(value)), kMaxShownBytes);
  return Error(absl::StatusCode::kInvalidArgument, reason,
               fmt::format("{} \"{}\" is not valid: {}", field, shown, rule))
      .With("field", field)
      .With("value", shown)
      .With("rule", rule)
      .Field(field, rule);
}

Error NotFound(ErrorReason reason, std::string_view type, std::string_view name) {
  return Error(absl::StatusCode::kNotFound, reason, fmt::format("{} does not exist", name))
      .With("resource", name)
      .Resource(type, name);
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  return info ? info->reason() : std::string();
}

std::string MetadataOf(const absl::Status& status, std::string_view key) {
  const auto info = InfoOf(status);
  if (!info) return "";
  const auto it = info->metadata().find(std::string(key));
  return it == info->metadata().end() ? "" : it->second;
}

bool HasReason(const absl::Status& status, ErrorReason reason) {
  return ReasonOf(status) == ReasonName(reason);
}

std::string ReasonName(ErrorReason reason) { return cairn::v1::ErrorReason_Name(reason); }

}  // namespace cairn
