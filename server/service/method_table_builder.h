#ifndef CAIRN_SERVER_SERVICE_METHOD_TABLE_BUILDER_H_
#define CAIRN_SERVER_SERVICE_METHOD_TABLE_BUILDER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/service/authorize.h"
#include "server/service/method_table.h"
#include "server/service/use_case_forms.h"
#include "server/storage/kv_store.h"

namespace cairn::service {

// What a method that is not of cairn.v1, and so has no options of ours, would have there: Google's
// Operations.
struct ForeignRule {
  // As MethodRule stands in the options of ours.
  v1::MethodRule rule;
  // Instead of google.protobuf.MethodOptions.idempotency_level.
  bool only_reads = false;
};

// Collects rows, and refuses a table that is not whole. Not thread-safe.
//
// A row is one sentence: the method's short name and the function that it is served by. Everything
// else a server must know of a method stands in its proto (method_options.proto), and is read from
// the descriptor when the row is added.
//
// `Of` chooses the service that the rows after it belong to. Functions come in the forms that use
// cases have: they are told apart by what they take. Messages are those of the method's descriptor.
class MethodTableBuilder {
 public:
  // The store outlives the table; rows that answer from a snapshot take one of it for each call.
  explicit MethodTableBuilder(const storage::KvStore& store) : store_(store) {}

  // Begins the rows of a service. `foreign` has the rule of each method that cannot say its own, by
  // its short name; one that has neither is refused, as it has no verb.
  void Of(const google::protobuf::ServiceDescriptor& service,
          std::map<std::string, ForeignRule> foreign = {});

  // The kinds of rows. A name that the service does not have, a second row for one, and a Request
  // that is not the method's input are told by Build.

  // Answers from (Snapshot, Request) or (Caller, Request) with StatusOr of a message, of its bytes
  // or of an EncodedRunPtr.
  template <typename Request, typename Function>
  void Answers(std::string_view method, const Function& function);

  // Answers from (Snapshot, Request, Sight) and leaves out what the caller may not see. `access`
  // is Backends::access.
  template <typename Request, typename Function>
  void Filters(std::string_view method, const Function& function,
               const auth::AccessControl* access);

  // For what goes by an index: leaving out afterwards would give short pages and wrong counts.
  //
  // Answers from (Caller, Request), and sees to it itself that nothing is in the answer that the
  // caller may not see.
  template <typename Request, typename Function>
  void FiltersItself(std::string_view method, const Function& function) {
    Answers<Request>(method, function);
    table_->rows_.back().filters = true;
  }

  // The method of the last row asks itself whether the call may be made, within what its rule says
  // (MethodRule.within). The adapter only sees to it that the caller may do it to something.
  void AsksItself() { table_->rows_.back().asks_itself = true; }

  // No answer of the last row's method is kept to be repeated, because it holds a secret: its plan
  // sees to it what a request_id means.
  // For CreateToken: who repeats the request gets no second look at the token.
  void KeepsNoAnswer() { table_->rows_.back().request_id = nullptr; }

  // What follows from the change is nobody's to say here: it is in the events that the plan emits
  // (decision 30).
  //
  // The plan is made by the Mutator, again after a conflict, and never with a lock held.
  //
  // Plans from (Snapshot, Request), or from what the call began with as well: (Snapshot, Request,
  // what `begin` makes of the Caller), by default the time.
  template <typename Request, typename Planner, typename Begin = TimeOfCall>
  void Changes(std::string_view method, const Planner& planner, const Begin& begin = {});

  // Makes a Change from (Caller, Request) for what needs more than a plan: another thread than the
  // rule's for some requests, a turn among points, or something that only the call can tell.
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

  // Opens a PartSource from (Caller, Request), on the pool; an error refuses the call.
  template <typename Request, typename Function>
  void Streams(std::string_view method, const Function& function) {
    Add(method,
        OpenFunction([function = Held(function)](const Caller& caller,
                                                 const google::protobuf::Message& request) {
          return function(caller, static_cast<const Request&>(request));
        }),
        *Request::descriptor());
  }

  // For watches, where rights may change while the stream lasts.
  //
  // As Streams, of what sees to it itself that nothing is told that the caller may not see.
  template <typename Request, typename Function>
  void StreamsFiltered(std::string_view method, const Function& function) {
    Streams<Request>(method, function);
    table_->rows_.back().filters = true;
  }

  // Makes a MessageSink for each call; its messages are Requests. Whether the caller may send them
  // is asked with the first one.
  template <typename Request>
  void Takes(std::string_view method, const SinkFunction& function) {
    Add(method, function, *Request::descriptor());
  }

  // A row of any kind, as it is: for PointStream and OperationWaits, whose flow needs more than a
  // function of the request.
  void Serves(std::string_view method, decltype(Method::serve) serve);

  // INTERNAL (INTERNAL_FAULT), naming all that is wrong: a method without a row or without a verb,
  // a row without a method, two for one, a request of another type, a function of another kind than
  // the method, a change by a method that only reads, a resource's path that leads nowhere, large
  // requests of a method that does not answer them at once, a stream that is inline or bounded.
  absl::StatusOr<std::unique_ptr<const MethodTable>> Build();

 private:
  using Serve = decltype(Method::serve);

  // Adds a row and looks for faults in it, which Build tells all at once: whoever adds a method
  // sees everything that is missing with one start.
  void Add(std::string_view method, Serve serve, const google::protobuf::Descriptor& request);
  // What the rule of the row says, against its messages and itself.
  void Check(Method& method, const google::protobuf::Descriptor& request);
  // Whether the adapters can follow the method's rule by the flow of its kind.
  void CheckKind(const Method& method);

  const storage::KvStore& store_;
  const google::protobuf::ServiceDescriptor* service_ = nullptr;
  std::map<std::string, ForeignRule> foreign_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;  // whose methods need rows
  std::vector<std::string> faults_;  // as Build tells them; empty for a table that is whole
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

template <typename Request, typename Planner, typename Begin>
void MethodTableBuilder::Changes(std::string_view method, const Planner& planner,
                                 const Begin& begin) {
  MakesChange<Request>(
      method, [planner = Held(planner), begin](const Caller& caller, const Request& request) {
        Change change;
        change.plan = PlanOf(planner, begin, caller, request);
        return change;
      });
}

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_TABLE_BUILDER_H_
