#include "server/service/method_table_builder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/errors.h"

namespace cairn::service {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

std::string PathOf(const MethodDescriptor& method) {
  return fmt::format("{}/{}", method.service()->full_name(), method.name());
}

// The fields that `path` leads through, to one of text; empty if it leads nowhere.
std::vector<const FieldDescriptor*> FieldsOf(const Descriptor& request, std::string_view path) {
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* type = &request;
  while (true) {
    const size_t dot = path.find('.');
    const FieldDescriptor* field =
        type == nullptr ? nullptr : type->FindFieldByName(std::string(path.substr(0, dot)));
    if (field == nullptr) return {};
    fields.push_back(field);
    if (dot == std::string_view::npos) break;
    type = field->message_type();
    path.remove_prefix(dot + 1);
  }
  if (fields.back()->cpp_type() != FieldDescriptor::CPPTYPE_STRING) fields.clear();
  return fields;
}

// Where a path of a rule leads (MethodRule.resource); nullopt if nowhere.
std::optional<ResourceSource> SourceOf(const Descriptor& request, std::string_view path) {
  ResourceSource source;
  const size_t open = path.find('{');
  if (open == std::string_view::npos) {
    if (path.find('/') != std::string_view::npos) {
      source.before = path;
      return source;
    }
    source.fields = FieldsOf(request, path);
  } else {
    const size_t close = path.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    source.is_id = true;
    source.before = path.substr(0, open);
    source.after = path.substr(close + 1);
    source.fields = FieldsOf(request, path.substr(open + 1, close - open - 1));
  }
  if (source.fields.empty()) return std::nullopt;
  return source;
}

// A field of the request by which retries and checks are asked for; null for another type.
const FieldDescriptor* FieldOf(const Descriptor& request, const char* name,
                               FieldDescriptor::CppType type) {
  const FieldDescriptor* field = request.FindFieldByName(name);
  return field != nullptr && field->cpp_type() == type && !field->is_repeated() ? field : nullptr;
}

}  // namespace

void MethodTableBuilder::Of(const ServiceDescriptor& service,
                            std::map<std::string, ForeignRule> foreign) {
  service_ = &service;
  foreign_ = std::move(foreign);
  services_.push_back(&service);
}

void MethodTableBuilder::Add(std::string_view method, Serve serve, const Descriptor& request) {
  const MethodDescriptor* descriptor = service_->FindMethodByName(std::string(method));
  if (descriptor == nullptr) {
    faults_.push_back(fmt::format("{} has no method {}", service_->full_name(), method));
    return;
  }
  Method& row = table_->rows_.emplace_back();
  row.path = PathOf(*descriptor);
  row.index = table_->rows_.size() - 1;
  row.descriptor = descriptor;
  const auto foreign = foreign_.find(std::string(method));
  if (foreign != foreign_.end()) {
    row.rule = foreign->second.rule;
    row.only_reads = foreign->second.only_reads;
  } else {
    row.rule = descriptor->options().GetExtension(v1::rule);
    row.only_reads = descriptor->options().idempotency_level() ==
                     google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
  }
  row.serve = std::move(serve);
  row.request_id = FieldOf(request, "request_id", FieldDescriptor::CPPTYPE_STRING);
  row.validate_only = FieldOf(request, "validate_only", FieldDescriptor::CPPTYPE_BOOL);
  row.request =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor->input_type());
  Check(row, request);
}

void MethodTableBuilder::Serves(std::string_view method, Serve serve) {
  const MethodDescriptor* descriptor = service_->FindMethodByName(std::string(method));
  Add(method, std::move(serve),
      descriptor == nullptr ? *v1::MethodRule::descriptor() : *descriptor->input_type());
}

void MethodTableBuilder::Check(Method& row, const Descriptor& request) {
  const auto fault = [this, &row](std::string_view what) {
    faults_.push_back(fmt::format("{} {}", row.path, what));
  };
  if (row.descriptor->input_type() != &request) {
    fault(fmt::format("takes {}, not {}", row.descriptor->input_type()->full_name(),
                      request.full_name()));
  }
  if (row.rule.verb() == v1::VERB_UNSPECIFIED) fault("has no verb");
  const auto add_sources = [&](const auto& paths, std::vector<ResourceSource>& sources) {
    for (const std::string& path : paths) {
      auto source = SourceOf(request, path);
      if (source.has_value()) {
        sources.push_back(*std::move(source));
      } else {
        fault(fmt::format("has the resource `{}`, which is no text of its request", path));
      }
    }
  };
  add_sources(row.rule.resource(), row.resources);
  add_sources(row.rule.reads(), row.reads);
  if (!row.rule.lists().empty() && !row.rule.filtered()) fault("lists and is not filtered");
  if (row.rule.anywhere() && (row.rule.filtered() || !row.resources.empty())) {
    fault("is allowed anywhere and says where");
  }
  if (!row.rule.within().empty() && (row.rule.filtered() || row.rule.anywhere())) {
    fault("asks itself and is filtered or allowed anywhere");
  }
  CheckKind(row);
}

void MethodTableBuilder::CheckKind(const Method& row) {
  const bool answers_one = !row.descriptor->server_streaming();
  const bool takes_one = !row.descriptor->client_streaming();
  bool fits = true;
  if (std::holds_alternative<OpenFunction>(row.serve)) {
    fits = takes_one && !answers_one;
  } else if (std::holds_alternative<SinkFunction>(row.serve)) {
    fits = !takes_one && answers_one;
  } else if (std::holds_alternative<PointStream>(row.serve)) {
    fits = !takes_one && !answers_one;
  } else {
    fits = takes_one && answers_one;
  }
  if (!fits) faults_.push_back(fmt::format("{} is of another kind than its function", row.path));
  const bool one_of_each = takes_one && answers_one;
  if (row.rule.large_request() && !std::holds_alternative<AnswerFunction>(row.serve)) {
    faults_.push_back(fmt::format("{} has large requests and does not answer them", row.path));
  }
  if (!one_of_each && row.rule.max_in_flight() != 0) {
    faults_.push_back(fmt::format("{} is a stream, which has no bound of its own", row.path));
  }
  const bool on_pool = std::holds_alternative<OpenFunction>(row.serve) ||
                       std::holds_alternative<SinkFunction>(row.serve);
  if (on_pool && row.effort() == Effort::kInline) {
    faults_.push_back(fmt::format("{} is a stream and would be served inline", row.path));
  }
  if (row.only_reads && std::holds_alternative<ChangeFunction>(row.serve)) {
    faults_.push_back(fmt::format("{} has no side effects and plans a change", row.path));
  }
}

absl::StatusOr<std::unique_ptr<const MethodTable>> MethodTableBuilder::Build() {
  for (const Method& row : table_->rows_) table_->sorted_.push_back(&row);
  std::sort(table_->sorted_.begin(), table_->sorted_.end(),
            [](const Method* a, const Method* b) { return a->path < b->path; });
  for (size_t i = 1; i < table_->sorted_.size(); ++i) {
    const std::string& path = table_->sorted_[i]->path;
    if (path == table_->sorted_[i - 1]->path) {
      faults_.push_back(fmt::format("{} has two rows", path));
    }
  }
  for (const ServiceDescriptor* service : services_) {
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string path = PathOf(*service->method(i));
      if (table_->Find(path) == nullptr) faults_.push_back(fmt::format("{} has no row", path));
    }
  }
  if (!faults_.empty()) {
    return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
                 fmt::format("the table of methods is not whole: {}", fmt::join(faults_, "; ")))
        .ToStatus();
  }
  return std::unique_ptr<const MethodTable>(std::move(table_));
}

}  // namespace cairn::service
