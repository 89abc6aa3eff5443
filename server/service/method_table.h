#ifndef CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
#define CAIRN_SERVER_SERVICE_METHOD_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/auth/grants.h"
#include "server/service/authorize.h"
#include "server/service/method.h"
#include "server/storage/kv_store.h"
#include "server/storage/stamp.h"
#include "server/tracking/encoded_run.h"

namespace cairn::service {

// Every method of the server, in one table: adapters serve what stands here and nothing else.
// Immutable; outlives all calls. Made by MethodTableBuilder.
class MethodTable {
 public:
  // Sorted by path.
  const std::vector<const Method*>& methods() const { return sorted_; }

  // Null if there is none.
  const Method* Find(std::string_view path) const;

  // The full names of the services, sorted.
  std::vector<std::string> Services() const;

 private:
  friend class MethodTableBuilder;

  std::deque<Method> rows_;
  std::vector<const Method*> sorted_;
};

// What a method that is not of cairn.v1, and so has no options of ours, would have there.
struct ForeignRule {
  v1::MethodRule rule;
  bool only_reads = false;
};

// When the call began: what most planners take of their caller.
struct TimeOfCall {
  int64_t operator()(const Caller& caller) const { return caller.now_unix_nanos; }
};

// When it began and who calls: what planners take that write it into records.
struct StampOfCall {
  storage::Stamp operator()(const Caller& caller) const {
    return {caller.now_unix_nanos, caller.principal()};
  }
};

// Collects rows, and refuses a table that is not whole. Not thread-safe.
//
// `Of` chooses the service that the rows after it belong to. Functions come in the forms that use
// cases have: they are told apart by what they take. Messages are those of the method's descriptor.
class MethodTableBuilder {
 public:
  // The store outlives the table.
  explicit MethodTableBuilder(const storage::KvStore& store) : store_(store) {}

  void Of(const google::protobuf::ServiceDescriptor& service,
          std::map<std::string, ForeignRule> foreign = {});

  // Answers from (Snapshot, Request) or (Caller, Request) with StatusOr of a message, of its bytes
  // or of an EncodedRunPtr.
  template <typename Request, typename Function>
  void Answers(std::string_view method, const Function& function);

  // Answers from (Snapshot, Request, Sight) and leaves out what the caller may not see. `access`
  // is Backends::access.
  template <typename Request, typename Function>
  void Filters(std::string_view method, const Function& function,
               const auth::AccessControl* access);

  // Answers from (Caller, Request), and sees to it itself that nothing is in the answer that the
  // caller may not see.
  template <typename Request, typename Function>
  void FiltersItself(std::string_view method, const Function& function) {
    Answers<Request>(method, function);
    table_->rows_.back().filters = true;
  }

  // The method of the last row asks itself whether the call may be made, within what its rule says
  // (MethodRule.within).
  void AsksItself() { table_->rows_.back().asks_itself = true; }

  // No answer of the last row's method is kept to be repeated, because it holds a secret: its plan
  // sees to it what a request_id means.
  void KeepsNoAnswer() { table_->rows_.back().request_id = nullptr; }

  // Plans from (Snapshot, Request), or from what the call began with as well: (Snapshot, Request,
  // what `begin` makes of the Caller), by default the time. `stored(request, answer)` is
  // Change::stored.
  template <typename Request, typename Planner, typename Begin = TimeOfCall,
            typename Stored = std::nullptr_t>
  void Changes(std::string_view method, const Planner& planner, const Begin& begin = {},
               const Stored& stored = nullptr);

  // Makes a Change from (Caller, Request) for what needs more than a plan.
  template <typename Request, typename Function>
  void MakesChange(std::string_view method, const Function& function) {
    Add(method,
        ChangeFunction(
            [function = Held(function)](const Caller& caller,
                                        const google::protobuf::Message& request) -> Change {
              return function(caller, static_cast<const Request&>(request));
            }),
        *Request::descriptor());
  }

  // Opens a PartSource from (Caller, Request).
  template <typename Request, typename Function>
  void Streams(std::string_view method, const Function& function) {
    Add(method,
        OpenFunction([function = Held(function)](const Caller& caller,
                                                 const google::protobuf::Message& request) {
          return function(caller, static_cast<const Request&>(request));
        }),
        *Request::descriptor());
  }

  // As Streams, of what sees to it itself that nothing is told that the caller may not see.
  template <typename Request, typename Function>
  void StreamsFiltered(std::string_view method, const Function& function) {
    Streams<Request>(method, function);
    table_->rows_.back().filters = true;
  }

  template <typename Request>
  void Takes(std::string_view method, const SinkFunction& function) {
    Add(method, function, *Request::descriptor());
  }

  void LeftToTransport(std::string_view method);

  // INTERNAL (INTERNAL_FAULT), naming all that is wrong: a method without a row or without a verb,
  // a row without a method, two for one, a request of another type, a function of another kind than
  // the method, a change by a method that only reads, a resource's path that leads nowhere, large
  // requests of a method that does not answer them at once, a stream that is inline or bounded.
  absl::StatusOr<std::unique_ptr<const MethodTable>> Build();

 private:
  using Serve = decltype(Method::serve);

  void Add(std::string_view method, Serve serve, const google::protobuf::Descriptor& request);
  void Check(Method& method, const google::protobuf::Descriptor& request);
  void CheckKind(const Method& method);

  // What a lambda keeps of `function`: itself, or a pointer to what is no object.
  template <typename Function>
  static std::decay_t<Function> Held(const Function& function) {
    return function;
  }

  template <typename Value>
  static absl::StatusOr<Answer> ToAnswer(absl::StatusOr<Value> value) {
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

  template <typename Function, typename Request>
  static absl::StatusOr<Answer> AnswerOf(const Function& function, const storage::KvStore& store,
                                         const Caller& caller, const Request& request) {
    if constexpr (std::is_invocable_v<const Function&, const Caller&, const Request&>) {
      return ToAnswer(function(caller, request));
    } else {
      return ToAnswer(function(*store.GetSnapshot(), request));
    }
  }

  template <typename Planner, typename Begin, typename Request>
  static storage::Planner PlanOf(const Planner& planner, const Begin& begin, const Caller& caller,
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

  template <typename Stored, typename Request>
  static std::function<void(const google::protobuf::Message&)> StoredOf(const Stored& stored,
                                                                        const Request& request) {
    if constexpr (std::is_null_pointer_v<Stored>) {
      return nullptr;
    } else {
      return
          [stored, &request](const google::protobuf::Message& answer) { stored(request, answer); };
    }
  }

  const storage::KvStore& store_;
  const google::protobuf::ServiceDescriptor* service_ = nullptr;
  std::map<std::string, ForeignRule> foreign_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::vector<std::string> faults_;
  std::unique_ptr<MethodTable> table_ = std::make_unique<MethodTable>();
};

template <typename Request, typename Function>
void MethodTableBuilder::Answers(std::string_view method, const Function& function) {
  Add(method,
      AnswerFunction([function = Held(function), &store = store_](
                         const Caller& caller, const google::protobuf::Message& request) {
        return AnswerOf(function, store, caller, static_cast<const Request&>(request));
      }),
      *Request::descriptor());
}

template <typename Request, typename Function>
void MethodTableBuilder::Filters(std::string_view method, const Function& function,
                                 const auth::AccessControl* access) {
  Answers<Request>(method, [function = Held(function), access, &store = store_](
                               const Caller& caller, const Request& request) {
    return function(*store.GetSnapshot(), request, SightOf(access, caller));
  });
  table_->rows_.back().filters = true;
}

template <typename Request, typename Planner, typename Begin, typename Stored>
void MethodTableBuilder::Changes(std::string_view method, const Planner& planner,
                                 const Begin& begin, const Stored& stored) {
  MakesChange<Request>(method, [planner = Held(planner), begin, stored](const Caller& caller,
                                                                        const Request& request) {
    Change change;
    change.plan = PlanOf(planner, begin, caller, request);
    change.stored = StoredOf(stored, request);
    return change;
  });
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
