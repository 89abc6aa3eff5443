#ifndef CAIRN_SERVER_SERVICE_USE_CASE_FORMS_H_
#define CAIRN_SERVER_SERVICE_USE_CASE_FORMS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "server/service/method.h"
#include "server/storage/kv_store.h"
#include "server/storage/stamp.h"
#include "server/tracking/encoded_run.h"

namespace cairn::service {

// The forms that use cases have (tracking/, datasets/, registry/, artifacts/, operations/), and how
// a row calls each. Use cases know no rows: they take a snapshot or the caller, the request, and
// what they need of the call. They are told apart by that when they are compiled, so a function of
// another form is an error of the compiler. For MethodTableBuilder.

// What a call begins with. Drawn before the plan is made for the first time, and kept.

// When the call began: what most planners take of their caller.
struct TimeOfCall {
  int64_t operator()(const Caller& caller) const { return caller.now_unix_nanos; }
};

// When it began and who calls: what planners take that write it into records. What needs a new id
// too takes tracking::CallFacts (call_facts.h).
struct StampOfCall {
  storage::Stamp operator()(const Caller& caller) const {
    return {caller.now_unix_nanos, caller.principal()};
  }
};

// What a lambda keeps of `function`: itself, or a pointer to what is no object. Rows keep it for
// good, so what it refers to outlives the table.
template <typename Function>
std::decay_t<Function> Held(const Function& function) {
  return function;
}

// An answer of any form that use cases give: a message, its bytes, or a run that a cache holds and
// that is shared with it instead of copied.
template <typename Value>
absl::StatusOr<Answer> ToAnswer(absl::StatusOr<Value> value) {
  if (!value.ok()) return std::move(value).status();
  if constexpr (std::is_same_v<Value, tracking::EncodedRunPtr>) {
    const std::string* const bytes = &(*value)->bytes;
    return std::shared_ptr<const std::string>(*std::move(value), bytes);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return Answer(*std::move(value));
  } else {
    return Answer(std::make_unique<Value>(*std::move(value)));
  }
}

// Calls a read: with the caller where it takes one, else at a snapshot of the moment, which is let
// go before the answer is sent.
template <typename Function, typename Request>
absl::StatusOr<Answer> AnswerOf(const Function& function, const storage::KvStore& store,
                                const Caller& caller, const Request& request) {
  if constexpr (std::is_invocable_v<const Function&, const Caller&, const Request&>) {
    return ToAnswer(function(caller, request));
  } else {
    return ToAnswer(function(*store.GetSnapshot(), request));
  }
}

// A planner that may be called again after a conflict: what the call began with is drawn once, so
// that time and ids are the same each time. `request` outlives it.
template <typename Planner, typename Begin, typename Request>
storage::Planner PlanOf(const Planner& planner, const Begin& begin, const Caller& caller,
                        const Request& request) {
  using storage::Snapshot;
  if constexpr (std::is_invocable_v<const Planner&, const Snapshot&, const Request&>) {
    return [planner, &request](const Snapshot& snapshot) { return planner(snapshot, request); };
  } else {
    return [planner, &request, begun = begin(caller)](const Snapshot& snapshot) {
      return planner(snapshot, request, begun);
    };
  }
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_USE_CASE_FORMS_H_
