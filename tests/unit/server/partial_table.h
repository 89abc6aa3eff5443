#ifndef CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_
#define CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "server/service/method_table.h"

namespace cairn {

// A table of one service in which `add` adds the rows `own`; nobody implements the others.
inline std::unique_ptr<const service::MethodTable> PartialTable(
    const storage::KvStore& store, const google::protobuf::ServiceDescriptor& service,
    const std::set<std::string>& own,
    const std::function<void(service::MethodTableBuilder&)>& add) {
  service::MethodTableBuilder builder(store);
  builder.Of(service);
  add(builder);
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string name = service.method(i)->name();
    if (own.count(name) == 0) builder.LeftToTransport(name);
  }
  auto table = builder.Build();
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? *std::move(table) : nullptr;
}

inline const google::protobuf::ServiceDescriptor& ServiceNamed(const std::string& name) {
  return *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
}

}  // namespace cairn

#endif  // CAIRN_TESTS_UNIT_SERVER_PARTIAL_TABLE_H_
