#ifndef CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_
#define CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "server/service/method_table_builder.h"
#include "tests/testing/status_matchers.h"

namespace cairn {

// A row for a method that a test never calls, of the kind that fits it.
inline decltype(service::Method::serve) NeverCalled(
    const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) {
    if (method.server_streaming()) return service::PointStream();
    return service::SinkFunction();
  }
  if (method.server_streaming()) return service::OpenFunction();
  return service::AnswerFunction();
}

// A table of one service in which `add` adds the rows `own`; the others are never called.
inline std::unique_ptr<const service::MethodTable> PartialTable(
    const storage::KvStore& store, const google::protobuf::ServiceDescriptor& service,
    const std::set<std::string>& own,
    const std::function<void(service::MethodTableBuilder&)>& add) {
  service::MethodTableBuilder builder(store);
  builder.Of(service);
  add(builder);
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& method = *service.method(i);
    if (own.count(method.name()) == 0) builder.Serves(method.name(), NeverCalled(method));
  }
  auto table = builder.Build();
  EXPECT_THAT(table, testing::IsOk());
  return table.ok() ? *std::move(table) : nullptr;
}

inline const google::protobuf::ServiceDescriptor& ServiceNamed(const std::string& name) {
  return *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
}

}  // namespace cairn

#endif  // CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_
