#ifndef CAIRN_LIB_BASE_NETSTRING_H_
#define CAIRN_LIB_BASE_NETSTRING_H_

#include <optional>
#include <string>
#include <string_view>

namespace cairn {

// Netstrings: `LENGTH:BYTES,` with the length in decimal, as in
// https://cr.yp.to/proto/netstrings.txt. No two lists of texts have the same encoding, so digests
// are made over lists of them.

// Appends `text` as one netstring.
void AppendNetstring(std::string& out, std::string_view text);

// Takes the netstring that `bytes` begins with and leaves what follows it. Nullopt, with `bytes` as
// it was, where none stands there: also for a length with a leading zero, which is no canonical
// form. Points into `bytes`; never reads outside it.
std::optional<std::string_view> TakeNetstring(std::string_view& bytes);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_NETSTRING_H_
