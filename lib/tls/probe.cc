#include "lib/tls/probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string_view>

#include "lib/tls/openssl_handles.h"

namespace cairn::tls {
namespace {

constexpr std::string_view kAlpn("\x02h2");

class ProbeSocket {
 public:
  explicit ProbeSocket(int fd) : fd_(fd) {}
  ~ProbeSocket() {
    if (fd_ >= 0) ::close(fd_);
  }
  ProbeSocket(const ProbeSocket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

std::string HostOf(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

// A socket that gives up after the patience, or -1.
int ConnectTo(const ProbeOptions& options) {
  const size_t colon = options.address.rfind(':');
  if (colon == std::string::npos) return -1;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(HostOf(options.address).c_str(), options.address.substr(colon + 1).c_str(),
                    &hints, &found) != 0) {
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  const timeval patience{options.patience_millis / 1000, options.patience_millis % 1000 * 1000};
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    (void)::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (::connect(fd, one->ai_addr, one->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

void TrustOnly(SSL_CTX& context, const std::string& pem) {
  const BioPtr bio = ReadOnlyBio(pem);
  X509_STORE_set_flags(SSL_CTX_get_cert_store(&context), X509_V_FLAG_PARTIAL_CHAIN);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), next);
    X509_free(next);
  }
  ERR_clear_error();
}

void Show(SSL_CTX& context, const ProbeOptions& options) {
  const BioPtr bio = ReadOnlyBio(options.certificate_pem);
  const X509Ptr own(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  const KeyPtr key(
      PEM_read_bio_PrivateKey(ReadOnlyBio(options.key_pem).get(), nullptr, nullptr, nullptr));
  if (own == nullptr || key == nullptr) return;
  SSL_CTX_use_certificate(&context, own.get());
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(&context, next);
  }
  SSL_CTX_use_PrivateKey(&context, key.get());
  ERR_clear_error();
}

SslContextPtr ClientContext(const ProbeOptions& options) {
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || !options.tls) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.authority_pem.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    TrustOnly(*context, options.authority_pem);
  }
  if (!options.key_pem.empty()) Show(*context, options);
  return context;
}

void Expect(SSL& ssl, const std::string& name) {
  std::array<unsigned char, 16> address{};
  const bool is_address = ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
                          ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
  if (is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&ssl), name.c_str());
  } else {
    SSL_set1_host(&ssl, name.c_str());
    SSL_set_tlsext_host_name(&ssl, name.c_str());
  }
}

// What an alert or an error of a client that speaks TLS means.
ProbeResult Judge(const SSL& ssl) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  const long verdict = SSL_get_verify_result(&ssl);
  ProbeResult result;
  result.why = TakeOpenSslError("");
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    result.verdict = ProbeVerdict::kServerSpeaksPlainText;
  } else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    result.verdict = ProbeVerdict::kServerUntrusted;
    result.why = X509_verify_cert_error_string(verdict);
  } else if (reason >= SSL_AD_REASON_OFFSET) {
    // The server sent an alert: nothing else of what it minds lies with this client.
    result.verdict = ProbeVerdict::kClientRefused;
  }
  return result;
}

}  // namespace

ProbeResult Probe(const ProbeOptions& options) {
  ProbeResult unknown;
  const ProbeSocket socket(ConnectTo(options));
  if (socket.fd() < 0) return unknown;
  const SslContextPtr context = ClientContext(options);
  if (context == nullptr) return unknown;
  const SslPtr ssl(SSL_new(context.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket.fd()) != 1) return unknown;
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(kAlpn.data()),
                      static_cast<unsigned>(kAlpn.size()));
  if (options.tls) {
    Expect(*ssl, options.server_name.empty() ? HostOf(options.address) : options.server_name);
  }
  ERR_clear_error();
  const bool agreed = SSL_connect(ssl.get()) == 1;
  if (!options.tls) {
    const bool alert = ERR_GET_REASON(ERR_peek_error()) >= SSL_AD_REASON_OFFSET;
    ERR_clear_error();
    if (agreed || alert) unknown.verdict = ProbeVerdict::kServerSpeaksTls;
    return unknown;
  }
  // In TLS 1.3 the server looks at the client's certificate when the client is done: it says
  // what it minds instead of its first frame.
  char byte = 0;
  if (agreed && SSL_read(ssl.get(), &byte, 1) > 0) return unknown;
  return Judge(*ssl);
}

}  // namespace cairn::tls
