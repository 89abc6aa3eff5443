#ifndef CAIRN_TESTS_TESTING_UNARY_CALL_H_
#define CAIRN_TESTS_TESTING_UNARY_CALL_H_

#include <grpcpp/grpcpp.h>

#include "absl/status/statusor.h"
#include "lib/client/grpc_status.h"

namespace cairn::testing {

// Makes one unary call by its generated stub, without a deadline: the answer, or the error with
// its details.
//
//   Call(*stub, &v1::TrackingService::Stub::CreateRun, request)
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub,
                              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                              const Request& request) {
  grpc::ClientContext context;
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return client::FromGrpcStatus(status);
  return response;
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_UNARY_CALL_H_
