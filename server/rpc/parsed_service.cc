#include "server/rpc/parsed_service.h"

#include <set>
#include <string>

#include "fmt/format.h"
#include "grpc/support/log.h"
#include "lib/base/mutex.h"

namespace cairn::rpc {
namespace {

using google::protobuf::MethodDescriptor;

// As the handlers spell it. Kept for ever, because calls are counted by the address.
const char* NameOf(const MethodDescriptor& method) {
  static Mutex mutex;
  static auto& names = *std::make_unique<std::set<std::string>>().release();
  MutexLock lock(&mutex);
  return names.insert(fmt::format("{}/{}", method.service()->full_name(), method.name()))
      .first->c_str();
}

}  // namespace

const MethodDescriptor& MethodTaking(const char* service,
                                     const google::protobuf::Descriptor& request) {
  const auto* methods =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  GPR_ASSERT(methods != nullptr);
  const MethodDescriptor* found = nullptr;
  for (int i = 0; i < methods->method_count(); ++i) {
    if (methods->method(i)->input_type() != &request) continue;
    GPR_ASSERT(found == nullptr);
    found = methods->method(i);
  }
  GPR_ASSERT(found != nullptr);
  return *found;
}

grpc::Status RefuseUnparsed(const Environment& environment, const MethodDescriptor& method) {
  CallRecord record(environment, NameOf(method));
  return record.Finish(Unparsed(*method.input_type()));
}

}  // namespace cairn::rpc
