// Any bytes as an evaluation that a client reports: no crash, and what is taken is taken again, as
// it is then, to the same bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "cairn/v1/evaluations.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "server/registry/evaluation_rules.h"
#include "server/storage/memory_store.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto store = cairn::storage::MakeMemoryStore();
  const auto snapshot = store->GetSnapshot();
  cairn::v1::Evaluation asked;
  if (!asked.ParseFromArray(data, static_cast<int>(size))) return 0;
  cairn::storage::WriteSet write_set;
  const auto taken = cairn::registry::CheckReported(*snapshot, "evaluation", asked, write_set);
  if (!taken.ok()) return 0;
  Require(taken->source() == cairn::v1::Evaluation::REPORTED);
  Require(taken->values_size() > 0);
  const auto again = cairn::registry::CheckReported(*snapshot, "evaluation", *taken, write_set);
  Require(again.ok());
  Require(cairn::DeterministicBytes(*again) == cairn::DeterministicBytes(*taken));
  return 0;
}
