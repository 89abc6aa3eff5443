#ifndef CAIRN_LIB_TLS_PROBE_H_
#define CAIRN_LIB_TLS_PROBE_H_

#include <cstdint>
#include <string>

namespace cairn::tls {

// What is to be found out about a server, and by whom. Plain values. PEM texts are
// taken as they are: what of them does not parse is left out, as who asks has read the
// files before.
struct ProbeOptions {
  std::string address;          // HOST:PORT
  bool tls = false;             // whether the client speaks TLS
  std::string authority_pem;    // whom it trusts; empty: whom the system trusts
  std::string certificate_pem;  // what it shows; or empty
  std::string key_pem;
  std::string server_name;  // what the server's certificate must name; empty: the host
  int64_t patience_millis = 1000;
};

// What is wrong, as far as one handshake can tell.
enum class ProbeVerdict : uint8_t {
  kUnknown,                // nobody answered, or nothing is wrong with TLS
  kServerSpeaksTls,        // and the client does not
  kServerSpeaksPlainText,  // and the client speaks TLS
  kServerUntrusted,
  kClientRefused,
};

// `why` is OpenSSL's text, for people.
struct ProbeResult {
  ProbeVerdict verdict = ProbeVerdict::kUnknown;
  std::string why;  // "certificate has expired"; may be empty
};

// Connects once and looks what is wrong with TLS between a client and its server, for
// the message of a connection that failed: gRPC itself tells apart none of these. Sends
// nothing but a handshake. Blocks for at most about the patience. Safe to call from any
// thread. It is a diagnosis after the fact: the server may have changed meanwhile, and
// an answer of kUnknown means nothing. With TLS 1.3 a server looks at the client's
// certificate only when the client is done, so the probe waits for the first byte as
// well.
ProbeResult Probe(const ProbeOptions& options);

}  // namespace cairn::tls

#endif  // CAIRN_LIB_TLS_PROBE_H_
