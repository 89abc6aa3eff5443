#ifndef CAIRN_LIB_BASE_RANDOM_BYTES_H_
#define CAIRN_LIB_BASE_RANDOM_BYTES_H_

#include <cstddef>
#include <string>

namespace cairn {

// So many bytes of the system's random source, that nobody can guess. Without a source the process
// ends: what is made of them names things, or lets somebody sign. Safe to call from any thread.
std::string RandomBytes(std::size_t count);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_RANDOM_BYTES_H_
