#ifndef CAIRN_LIB_TLS_OPENSSL_HANDLES_H_
#define CAIRN_LIB_TLS_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace cairn::tls {

// Frees what OpenSSL made. An SSL and an SSL_CTX are counted: what others still use
// stays until they are done with it.
struct OpenSslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

// Objects of OpenSSL with one owner. Those of one SSL are to be used by one thread at a
// time; an SSL_CTX that is set up may be shared by all. Null where OpenSSL had no
// memory.
using SslPtr = std::unique_ptr<SSL, OpenSslDeleter>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpenSslDeleter>;
using X509Ptr = std::unique_ptr<X509, OpenSslDeleter>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDeleter>;
using BioPtr = std::unique_ptr<BIO, OpenSslDeleter>;

// What went wrong last on this thread, in OpenSSL's words without its codes ("key
// values mismatch"); `otherwise` when it said nothing. Empties the thread's queue of
// errors. To be called right after the call that failed: any later one may change the
// queue. ERR_clear_error before that call keeps older errors out of the answer.
std::string TakeOpenSslError(std::string_view otherwise);

// A BIO that reads `bytes`, which must outlive it. Nothing is copied. REQUIRES: less
// than 2 GiB.
BioPtr ReadOnlyBio(std::string_view bytes);

}  // namespace cairn::tls

#endif  // CAIRN_LIB_TLS_OPENSSL_HANDLES_H_
