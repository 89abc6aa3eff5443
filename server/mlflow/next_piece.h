#ifndef CAIRN_SERVER_MLFLOW_NEXT_PIECE_H_
#define CAIRN_SERVER_MLFLOW_NEXT_PIECE_H_

#include <coroutine>
#include <utility>

#include "absl/status/statusor.h"
#include "lib/http/exchange.h"

namespace cairn::mlflow {

// Awaited once for the next piece of a body, where it lies in the coroutine's frame; what comes and
// the errors are those of Exchange::Read. The coroutine goes on on the connection's thread, so what
// takes long leaves that first (OnPool).
class NextPiece {
 public:
  explicit NextPiece(http::Exchange& exchange) : exchange_(exchange) {}

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    exchange_.Read([this, awaiting](absl::StatusOr<http::Exchange::Piece> piece) {
      piece_ = std::move(piece);
      awaiting.resume();
    });
  }
  absl::StatusOr<http::Exchange::Piece> await_resume() { return std::move(piece_); }

 private:
  http::Exchange& exchange_;
  absl::StatusOr<http::Exchange::Piece> piece_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_NEXT_PIECE_H_
