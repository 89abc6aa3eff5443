#ifndef CAIRN_LIB_HTTP_TRANSPORT_H_
#define CAIRN_LIB_HTTP_TRANSPORT_H_

// Internal to lib/http: shows Boost. Include http_server.h.

#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace cairn::http {

// The bytes of one connection, whatever is between them and the socket.
//
// Reading is told of and then done without waiting, so no buffer is held while a client is silent.
// All functions and callbacks run on the socket's strand; callbacks never within the call that
// gets them. What is under way keeps the transport alive and ends with an error after Close.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  using ErrorCode = boost::system::error_code;
  using Socket = boost::asio::ip::tcp::socket;
  using Ready = std::function<void(ErrorCode)>;

  // `socket` must have a strand as its executor.
  explicit Transport(Socket socket);
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Has to be done before everything else; may take as long as the client likes.
  virtual void Handshake(Ready done) = 0;

  // Tells when ReadSome may have something, be it the end. REQUIRES: none is under way.
  virtual void AwaitRead(Ready ready) = 0;

  // What is there, at most `size` bytes. Else 0 and `would_block`, asio's `eof` or what broke.
  virtual std::size_t ReadSome(char* into, std::size_t size, ErrorCode& error) = 0;

  // Sends both texts whole. REQUIRES: none is under way.
  virtual void Write(std::string head, std::string body, Ready sent) = 0;

  // Tells the client that nothing more comes. REQUIRES: no Write is under way.
  virtual void FinishSending(Ready done) = 0;

  // Whom the client's certificate names, after the handshake; or "".
  virtual const std::string& certificate() const = 0;

  // Ends the connection; with `reset` so that the client cannot take it for an end as it should be.
  void Close(bool reset);

  // Whether the client's system has all that was written (tcp_receipt.h). REQUIRES: not closed.
  bool AllReceived();

  Socket::executor_type executor() { return socket_.get_executor(); }
  // "127.0.0.1:40312"; empty when it is gone.
  std::string PeerAddress() const;

 protected:
  Socket socket_;
};

// Plain TCP.
std::shared_ptr<Transport> MakePlainTransport(Transport::Socket socket);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_TRANSPORT_H_
