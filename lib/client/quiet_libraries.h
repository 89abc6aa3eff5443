#ifndef CAIRN_LIB_CLIENT_QUIET_LIBRARIES_H_
#define CAIRN_LIB_CLIENT_QUIET_LIBRARIES_H_

namespace cairn::client {

// Keeps gRPC and protobuf from writing to the standard error by themselves: what is wrong
// comes back as a status, and programs say it in their own words. GRPC_VERBOSITY in the
// environment leaves gRPC's messages on. Call once, before the first client.
void QuietLibraries();

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_QUIET_LIBRARIES_H_
