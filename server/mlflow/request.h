#ifndef CAIRN_SERVER_MLFLOW_REQUEST_H_
#define CAIRN_SERVER_MLFLOW_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/message.h"
#include "lib/mlflow/bounded_json.h"
#include "nlohmann/json_fwd.hpp"

namespace cairn::mlflow {

class Request;

// The fields of an object that a client sent: the whole request, or one of its parts.
//
// Reading never fails by itself: the first thing that is wrong is kept by the request, and the
// value is an empty one. A route reads all that it needs and then asks for the status, once. Names
// are the snake_case ones of MLflow's messages; lowerCamelCase is found too. Null and a field that
// is not there are the same. A view: the request owns what is read.
class Fields {
 public:
  bool Has(std::string_view name) const;

  // A text; "" if it is not there. A number is none.
  std::string Text(std::string_view name) const;
  std::optional<std::string> OptionalText(std::string_view name) const;
  // One that must be there and not empty.
  std::string Required(std::string_view name) const;
  // An id of an experiment, which old clients send as a number.
  std::string RequiredId(std::string_view name) const;
  // The id of a run, by either of its names: run_id, or else run_uuid.
  std::string RequiredRunId() const;

  // Numbers may be sent as texts: "10", "NaN", "1e3".
  std::optional<int64_t> Int(std::string_view name) const;
  std::optional<double> Double(std::string_view name) const;
  int64_t RequiredInt(std::string_view name) const;
  double RequiredDouble(std::string_view name) const;
  bool Bool(std::string_view name) const;  // false if it is not there

  // A list of texts; one text alone is a list too. Of a query: every value of that name.
  std::vector<std::string> Texts(std::string_view name) const;
  // A list of objects; of a query none.
  std::vector<Fields> Items(std::string_view name) const;
  // One object; of a query none.
  std::optional<Fields> Object(std::string_view name) const;

  // Request::status, for a route that has read what it needs.
  const absl::Status& status() const;

  // Where a field stands in the request: `metrics[0].key`.
  std::string PathOf(std::string_view name) const { return prefix_ + std::string(name); }
  // Refuses the request, unless something was wrong before.
  void Refuse(absl::Status why) const;

 private:
  friend class Request;
  Fields(Request* request, const nlohmann::json* object, std::string prefix)
      : request_(request), object_(object), prefix_(std::move(prefix)) {}

  // Null for what is not there.
  const nlohmann::json* Find(std::string_view name) const;
  template <typename Number>
  std::optional<Number> NumberOf(std::string_view name) const;
  void Wrong(std::string_view name, const nlohmann::json& value) const;

  Request* request_;
  const nlohmann::json* object_;
  std::string prefix_;
};

// A request of a client, parsed: the JSON of its body, or the parameters of its query for GET, and
// those of its path. What
// MLflow's server takes is taken: no body, JSON within a JSON text, fields nobody knows. Errors are
// INVALID_PARAMETER_VALUE. Stays where it is, because its Fields refer to it; one thread at a time.
class Request {
 public:
  // A body nested deeper than this is refused.
  static constexpr int kMaxNesting = kMaxJsonNesting;

  // Takes time with the size of the body. What is wrong is told by status().
  explicit Request(const http::Request& request);
  ~Request();
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Fields fields() { return Fields(this, root_.get(), ""); }

  // What was wrong first, with the request or with a field that was read.
  const absl::Status& status() const { return status_; }

 private:
  friend class Fields;
  void ParseBody(const http::Request& request);
  void TakeQuery(const http::Request& request);
  void TakePath(const http::Request& request);

  std::unique_ptr<nlohmann::json> root_;  // an object; of a query, with a list for each name
  bool from_query_ = false;
  absl::Status status_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_REQUEST_H_
