#include "lib/tls/tls_context.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/tls/pem_files.h"

namespace cairn::tls {
namespace {

using namespace std::string_view_literals;

// Protocols as ALPN lists them: each with its length in front.
constexpr std::string_view kHttp2Alpn = "\x02h2"sv;
constexpr std::string_view kHttp1Alpn = "\x08http/1.1"sv;

// AES with 128 bits first: enough, and the quickest of them. All keep forward secrecy.
constexpr const char* kCiphers12 = "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kCiphers13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr int kMostAuthorities = 5;  // between a client and the root that is trusted

// What the session `ssl` may agree on; sessions without a mark are of HTTP/1.
std::string_view AlpnOf(SSL* ssl) {
  return SSL_get_app_data(ssl) == nullptr ? kHttp1Alpn : kHttp2Alpn;
}

int SelectProtocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                   const unsigned char* offered, unsigned int offered_size, void*) {
  const std::string_view ours = AlpnOf(ssl);
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::Status NotTaken(const std::string& path) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::TLS_FILE_INVALID,
               fmt::format("{}: cannot be used: {}", path, TakeOpenSslError("unknown error")))
      .With("path", path)
      .ToStatus();
}

constexpr size_t kReadBufferBytes = size_t{64} << 10;

// How TLS is spoken, whatever the certificate.
SslContextPtr NewContext() {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // A few records at a time; without any in the buffer there is none (RELEASE_BUFFERS).
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadBufferBytes);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_alpn_select_cb(context.get(), SelectProtocol, nullptr);
  if (SSL_CTX_set_cipher_list(context.get(), kCiphers12) != 1 ||
      SSL_CTX_set_ciphersuites(context.get(), kCiphers13) != 1) {
    return nullptr;
  }
  return context;
}

absl::Status UseKeyPair(SSL_CTX& context, const KeyPair& pair, const TlsOptions& options) {
  const auto& chain = pair.chain.certificates;
  if (SSL_CTX_use_certificate(&context, chain.front().get()) != 1) {
    return NotTaken(options.certificate_file);
  }
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1) {
      return NotTaken(options.certificate_file);
    }
  }
  if (SSL_CTX_use_PrivateKey(&context, pair.key.get()) != 1) return NotTaken(options.key_file);
  return absl::OkStatus();
}

// The authorities of the file are trusted as they stand, whether they are roots or not.
absl::Status AskClients(SSL_CTX& context, const TlsOptions& options) {
  if (options.client_ca_file.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const CertificateFile file, ReadCertificates(options.client_ca_file));
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  for (const X509Ptr& authority : file.certificates) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, authority.get()) != 1) {
      return NotTaken(options.client_ca_file);
    }
  }
  int mode = SSL_VERIFY_PEER;
  if (options.requires_clients()) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(&context, mode, nullptr);
  SSL_CTX_set_verify_depth(&context, kMostAuthorities);
  return absl::OkStatus();
}

}  // namespace

TlsContext::TlsContext(TlsOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(TlsOptions options,
                                                             const Clock& clock) {
  std::unique_ptr<TlsContext> made(new TlsContext(std::move(options), clock));
  CAIRN_RETURN_IF_ERROR(made->Reload());
  return made;
}

absl::StatusOr<SslPtr> TlsContext::NewSession(Protocol protocol) const {
  const std::shared_ptr<SSL_CTX> from = context();
  SslPtr ssl(SSL_new(from.get()));  // takes part in owning it
  if (ssl == nullptr) return absl::ResourceExhaustedError(TakeOpenSslError("no memory"));
  // Any address serves as the mark.
  static const char kMark = 0;
  if (protocol == Protocol::kHttp2) SSL_set_app_data(ssl.get(), const_cast<char*>(&kMark));
  SSL_set_accept_state(ssl.get());
  return ssl;
}

std::shared_ptr<SSL_CTX> TlsContext::context() const {
  const MutexLock lock(&mutex_);
  return loaded_.context;
}

int64_t TlsContext::expires_unix_nanos() const {
  const MutexLock lock(&mutex_);
  return loaded_.expires_unix_nanos;
}

absl::Status TlsContext::Reload() {
  // Before reading: what changes while the files are read is seen as a change.
  tried_ = StampFiles();
  seen_ = tried_;
  CAIRN_ASSIGN_OR_RETURN(Loaded loaded, ReadFiles());
  const MutexLock lock(&mutex_);
  std::swap(loaded_, loaded);
  return absl::OkStatus();
}

std::optional<absl::Status> TlsContext::ReloadIfChanged() {
  const Stamps now = StampFiles();
  const bool settled = now == std::exchange(seen_, now);
  if (now == tried_ || !settled) return std::nullopt;
  return Reload();
}

absl::StatusOr<TlsContext::Loaded> TlsContext::ReadFiles() const {
  CAIRN_ASSIGN_OR_RETURN(const KeyPair pair, ReadKeyPair(options_.certificate_file,
                                                         options_.key_file, clock_.NowUnixNanos()));
  ERR_clear_error();
  SslContextPtr context = NewContext();
  if (context == nullptr) {
    return absl::InternalError(TakeOpenSslError("OpenSSL gives no context"));
  }
  CAIRN_RETURN_IF_ERROR(UseKeyPair(*context, pair, options_));
  CAIRN_RETURN_IF_ERROR(AskClients(*context, options_));
  return Loaded{std::shared_ptr<SSL_CTX>(context.release(), OpenSslDeleter()),
                NotAfterUnixNanos(*pair.chain.certificates.front())};
}

TlsContext::Stamps TlsContext::StampFiles() const {
  Stamps stamps;
  size_t i = 0;
  for (const std::string* path :
       {&options_.certificate_file, &options_.key_file, &options_.client_ca_file}) {
    struct stat info {};
    Stamp& stamp = stamps[i++];
    if (path->empty() || ::stat(path->c_str(), &info) != 0) continue;
    stamp.device = info.st_dev;
    stamp.inode = info.st_ino;
    stamp.changed_nanos = int64_t{info.st_ctim.tv_sec} * kNanosPerSecond + info.st_ctim.tv_nsec;
    stamp.size = info.st_size;
  }
  return stamps;
}

}  // namespace cairn::tls
