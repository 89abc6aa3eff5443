#ifndef CAIRN_SERVER_STORAGE_KEY_RESOURCES_H_
#define CAIRN_SERVER_STORAGE_KEY_RESOURCES_H_

#include <string>
#include <string_view>

namespace cairn::storage {

// What a client knows of a record that two commits wanted: keys are the store's own and mean
// nothing to people.
//
// The resource name that the bytes of a key stand for, as far as contention on it is a matter for
// clients: channels with their logs, policies, models and versions. Empty for other keys. A
// channel's end of the audit chain is the channel. Pure.
std::string ResourceOfKey(std::string_view key_bytes);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_KEY_RESOURCES_H_
