#ifndef CAIRN_LIB_HTTP_PUBLIC_ADDRESS_H_
#define CAIRN_LIB_HTTP_PUBLIC_ADDRESS_H_

#include <string>
#include <string_view>

namespace cairn::http {

// Whether an address, in the form that inet_ntop writes, is one of the public internet: none of
// loopback, private, shared (100.64/10), link-local, multicast, documentation, benchmarking or
// reserved ranges. An address of IPv6 that stands for one of IPv4 (mapped, 6to4, NAT64) is what it
// stands for. False for a text that is no address. Pure.
bool IsPublicAddress(std::string_view address);

// Whether a host is an address, and not a name that has to be looked up.
bool IsAddress(std::string_view host);

// Whether a host is a number in a form that some systems take for an address and others do not:
// `127.1`, `0x7f000001`, `0177.0.0.1`. Nobody needs them.
bool IsOddNumber(std::string_view host);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_PUBLIC_ADDRESS_H_
