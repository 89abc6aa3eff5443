// The body of a request, as it is received.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "lib/http/message.h"
#include "lib/http/session.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using HttpError = beast::http::error;

// What is read at once of a body whose length is known, how often before others have their turn,
// and what is reserved for one beforehand.
constexpr std::size_t kRestBytes = 64 << 10;
constexpr int kMostTurns = 16;
constexpr std::size_t kMostReserved = 1 << 20;

}  // namespace

std::string Session::BodyTooLarge(std::size_t limit) {
  return fmt::format("the body is too large: at most {} bytes are taken here", limit);
}

// Bounds the body by what its route allows; false: it was refused.
bool Session::AdmitBody() {
  const bool stream = route_ != nullptr && route_->stream;
  const std::size_t usual = context_->limits.max_body_bytes;
  const std::size_t of_route = route_ == nullptr ? 0 : route_->max_body_bytes;
  if (stream && of_route == 0) return true;
  const std::size_t limit = stream ? of_route : std::max(usual, of_route);
  const std::uint64_t bytes = parser_->chunked() ? limit : parser_->content_length().value_or(0);
  if (bytes > limit) {
    Reject(413, BodyTooLarge(limit));
    return false;
  }
  parser_->body_limit(limit);
  if (stream || bytes <= usual) return true;
  const auto holder = route_->admit ? route_->admit(request_) : absl::StatusOr<std::string>("");
  if (!holder.ok()) {
    Refuse(HttpStatus(holder.status().code()), holder.status());
    return false;
  }
  const auto charged =
      large_body_.TryAdd(context_->large_bodies, *holder, static_cast<std::int64_t>(bytes));
  if (charged == SharedBudget::Answer::kCharged) return true;
  Refuse(503,
         absl::ResourceExhaustedError(
             charged == SharedBudget::Answer::kFull
                 ? fmt::format("large requests hold at most {} bytes together; try again later",
                               context_->limits.max_large_bytes)
                 : fmt::format("large requests of one caller hold at most {} bytes; try again "
                               "later",
                               context_->limits.max_large_share)));
  return false;
}

// A deadline of the call counts from the head on.
void Session::ArmForBody() {
  if (route_ == nullptr || route_->deadline == nullptr || parser_->is_done()) return;
  deadline_ = route_->deadline(request_);
  if (!deadline_.has_value() || *deadline_ >= latest_) return;
  latest_ = *deadline_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(latest_ - request_.began);
  read_watch_.Arm(std::max(left, std::chrono::milliseconds(0)), shared_from_this(),
                  &Session::OnLate);
}

// A body ends where its last coding says. The parser takes one that it does not know for no body,
// and what follows would be read as another request.
bool Session::CheckCoding() {
  const std::string* coding = request_.Header("Transfer-Encoding");
  if (coding == nullptr) return true;
  const beast::string_view text(coding->data(), coding->size());
  if (beast::iequals(text, "chunked")) return true;
  Reject(501, "the only Transfer-Encoding that is taken is chunked");
  return false;
}

bool Session::CheckExpect() {
  const std::string* expect = request_.Header("Expect");
  if (expect == nullptr) return true;
  expects_ = beast::iequals(beast::string_view(expect->data(), expect->size()), "100-continue");
  if (!expects_) Reject(417, "only 100-continue can be expected");
  return expects_;
}

// What has been received of the body.
std::string Session::TakePiece(ErrorCode& error) {
  std::string piece(buffer_.size(), '\0');
  auto& body = parser_->get().body();
  body.data = piece.data();
  body.size = piece.size();
  body.more = true;
  while (!error && !parser_->is_done() && buffer_.size() > 0) {
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == HttpError::need_buffer) error = {};
    if (error == HttpError::need_more || used == 0) break;
  }
  if (error == HttpError::need_more) error = {};
  piece.resize(piece.size() - body.size);
  body.data = nullptr;
  record_.request_bytes += piece.size();
  return piece;
}

void Session::ParseBody() {
  ErrorCode error;
  request_.body += TakePiece(error);
  if (error) return OnParseError(error);
  if (parser_->is_done()) return Handle();
  if (!parser_->chunked()) return BeginRest();
  // The frame of a chunk that needs more room than there is.
  if (buffer_.size() == buffer_.max_size()) return OnParseError(HttpError::bad_chunk);
  ReadMore();
}

// From here on nothing has to be parsed: the parser has had all that was received, and the rest of
// a body whose length is known goes from the socket to where the handler reads it, over memory of
// the thread: so that nothing is cleared that is then written.
void Session::BeginRest() {
  const auto bytes = static_cast<std::size_t>(parser_->content_length().value_or(0));
  body_left_ = bytes - request_.body.size();
  // A promise of much makes no memory for all of it.
  request_.body.reserve(std::min(bytes, kMostReserved));
  ReadRest();
}

// A client that sends faster than it is read does not keep the thread: between its turns others are
// served, and the time limit is looked at.
void Session::ReadRest() {
  thread_local std::array<char, kRestBytes> piece;
  for (int turns = 0; body_left_ > 0; ++turns) {
    if (turns == kMostTurns) return ReadMore();
    ErrorCode error;
    const std::size_t room = std::min(body_left_, piece.size());
    const std::size_t size = transport_->ReadSome(piece.data(), room, error);
    request_.body.append(piece.data(), size);
    record_.request_bytes += size;
    body_left_ -= size;
    if (error == asio::error::would_block) return ReadMore();
    if (error) return OnReadEnd(error);
  }
  Handle();
}

}  // namespace cairn::http
