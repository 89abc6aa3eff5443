#ifndef CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
#define CAIRN_SERVER_SERVICE_METHOD_TABLE_H_

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/service/method.h"
#include "server/storage/kv_store.h"
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

  // Plans from (Snapshot, Request), or (Snapshot, Request, int64_t now_unix_nanos).
  template <typename Request, typename Planner>
  void Changes(std::string_view method, const Planner& planner);

  // Makes a Change from (Caller, Request) for what needs more than a plan.
  template <typename Request, typename Function>
  void MakesChange(std::string_view method, const Function& function) {
    Add(method,
        ChangeFunction(
            [function](const Caller& caller, const google::protobuf::Message& request) -> Change {
              return function(caller, static_cast<const Request&>(request));
            }),
        *Request::descriptor());
  }

  // Opens a PartSource from (Caller, Request).
  template <typename Request, typename Function>
  void Streams(std::string_view method, const Function& function) {
    Add(method,
        OpenFunction([function](const Caller& caller, const google::protobuf::Message& request) {
          return function(caller, static_cast<const Request&>(request));
        }),
        *Request::descriptor());
  }

  template <typename Request>
  void Takes(std::string_view method, const SinkFunction& function) {
    Add(method, function, *Request::descriptor());
  }

  void LeftToTransport(std::string_view method);

  // INTERNAL (INTERNAL_FAULT), naming all that is wrong: a method without a row or without a verb,
  // a row without a method, two for one, a request of another type, a function of another kind than
  // the method, a change by a method that only reads, a resource's path that leads nowhere.
  absl::StatusOr<std::unique_ptr<const MethodTable>> Build();

 private:
  using Serve = decltype(Method::serve);

  void Add(std::string_view method, Serve serve, const google::protobuf::Descriptor& request);
  void Check(Method& method, const google::protobuf::Descriptor& request);
  void CheckKind(const Method& method);

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
      AnswerFunction([function, &store = store_](
                         const Caller& caller,
                         const google::protobuf::Message& message) -> absl::StatusOr<Answer> {
        const auto& request = static_cast<const Request&>(message);
        if constexpr (std::is_invocable_v<Function, const Caller&, const Request&>) {
          return ToAnswer(function(caller, request));
        } else {
          return ToAnswer(function(*store.GetSnapshot(), request));
        }
      }),
      *Request::descriptor());
}

template <typename Request, typename Planner>
void MethodTableBuilder::Changes(std::string_view method, const Planner& planner) {
  MakesChange<Request>(method, [planner](const Caller& caller, const Request& request) {
    Change change;
    if constexpr (std::is_invocable_v<Planner, const storage::Snapshot&, const Request&>) {
      change.plan = [planner, &request](const storage::Snapshot& snapshot) {
        return planner(snapshot, request);
      };
    } else {
      change.plan = [planner, &request,
                     now = caller.now_unix_nanos](const storage::Snapshot& snapshot) {
        return planner(snapshot, request, now);
      };
    }
    return change;
  });
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_TABLE_H_
