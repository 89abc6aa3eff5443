#include "tests/fault/server_state.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <set>

#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"

namespace cairn::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kPageSize = 1000;

// Fields that differ between two servers which were given the same.
bool IsOfOneServer(const FieldDescriptor& field) {
  static const std::set<std::string> names = {
      "etag",           "uid",      "decision",        "revision",
      "store_revision", "evidence", "read_set_sha256", "time_unix_millis"};
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
      field.message_type()->full_name() == "google.protobuf.Timestamp") {
    return true;
  }
  return names.contains(std::string(field.name()));
}

void Scrub(Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsOfOneServer(*field)) {
      reflection->ClearField(message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map()) {
      if (!field->is_repeated()) {
        Scrub(reflection->MutableMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        Scrub(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

bool TellsDurations(const std::string& path) {
  return path.starts_with("report/") || path.starts_with("logs/");
}

class Reader {
 public:
  explicit Reader(client::Client& client) : client_(client) {}

  absl::Status ReadRuns() {
    v1::SearchRunsRequest request;
    request.set_page_size(kPageSize);
    std::vector<v1::Run> runs;
    CAIRN_RETURN_IF_ERROR(client::ForEachPage(
        request, [&](const auto& page) { return client_.tracking().SearchRuns(page); },
        [&](const v1::SearchRunsResponse& page) {
          runs.insert(runs.end(), page.runs().begin(), page.runs().end());
          return true;
        }));
    for (const v1::Run& run : runs) {
      const auto sweep = run.tags().find("cairn.sweep");
      names_[run.name()] =
          "RUN " + run.display_name() + (sweep == run.tags().end() ? "" : " of " + sweep->second);
    }
    for (v1::Run& run : runs) CAIRN_RETURN_IF_ERROR(AddRun(std::move(run)));
    return absl::OkStatus();
  }

  absl::Status ReadDataset(const std::string& dataset) {
    v1::ListDatasetVersionsRequest request;
    request.set_parent(DatasetName(dataset));
    request.set_page_size(kPageSize);
    return IfThere(client::ForEachPage(
        request, [&](const auto& page) { return client_.datasets().ListDatasetVersions(page); },
        [&](const v1::ListDatasetVersionsResponse& page) {
          for (const auto& version : page.dataset_versions()) Add("data", version);
          return true;
        }));
  }

  absl::Status ReadModel(const std::string& model) {
    v1::ListModelVersionsRequest request;
    request.set_parent(ModelName(model));
    request.set_page_size(kPageSize);
    std::vector<std::string> versions;
    CAIRN_RETURN_IF_ERROR(IfThere(client::ForEachPage(
        request, [&](const auto& page) { return client_.registry().ListModelVersions(page); },
        [&](const v1::ListModelVersionsResponse& page) {
          for (const auto& version : page.model_versions()) {
            Add("version", version);
            versions.push_back(version.name());
          }
          return true;
        })));
    for (const std::string& version : versions) {
      CAIRN_RETURN_IF_ERROR(ReadEvaluations(version));
    }
    return ReadChannel(ChannelName(model, "production"));
  }

  std::vector<std::string> Lines() {
    std::sort(lines_.begin(), lines_.end());
    return std::move(lines_);
  }

 private:
  static absl::Status IfThere(const absl::Status& status) {
    return status.code() == absl::StatusCode::kNotFound ? absl::OkStatus() : status;
  }

  absl::Status AddRun(v1::Run run) {
    const std::string name = run.name();
    for (auto& metric : *run.mutable_metrics()) {
      if (!metric.key().ends_with("seconds")) continue;
      metric.clear_latest();
      metric.clear_min();
      metric.clear_max();
    }
    Add("run", std::move(run));
    CAIRN_ASSIGN_OR_RETURN(auto files, client_.artifacts().ListAllArtifacts(name));
    for (v1::ArtifactFile& file : files) {
      if (TellsDurations(file.path())) file.clear_digest();
      Add("file of " + name, std::move(file));
    }
    return absl::OkStatus();
  }

  absl::Status ReadEvaluations(const std::string& version) {
    v1::ListEvaluationsRequest request;
    request.set_parent(version);
    request.set_page_size(kPageSize);
    return client::ForEachPage(
        request, [&](const auto& page) { return client_.evaluations().ListEvaluations(page); },
        [&](v1::ListEvaluationsResponse& page) {
          for (auto& evaluation : *page.mutable_evaluations()) {
            // Measured for each decision anew.
            if (evaluation.source() == v1::Evaluation::SERVER) continue;
            evaluation.clear_name();
            Add("evaluation of " + version, std::move(evaluation));
          }
          return true;
        });
  }

  absl::Status ReadChannel(const std::string& name) {
    v1::GetChannelRequest get;
    get.set_name(name);
    const auto channel = client_.registry().GetChannel(get);
    if (!channel.ok()) return IfThere(channel.status());
    Add("channel", *channel);
    v1::ListDecisionsRequest request;
    request.set_parent(name);
    request.set_page_size(kPageSize);
    return client::ForEachPage(
        request, [&](const auto& page) { return client_.promotion().ListDecisions(page); },
        [&](const v1::ListDecisionsResponse& page) {
          for (const v1::Decision& decision : page.decisions()) {
            if (decision.outcome() == v1::Decision::NO_CHANGE) continue;
            lines_.push_back("decision " + v1::Decision::Kind_Name(decision.kind()) + " " +
                             v1::Decision::Outcome_Name(decision.outcome()) + " " +
                             decision.chosen_version() + ": " + decision.message());
          }
          return true;
        });
  }

  template <typename T>
  void Add(const std::string& kind, T message) {
    Scrub(&message);
    std::string line = kind + " " + message.ShortDebugString();
    for (const auto& [name, stands_for] : names_) {
      for (size_t at = line.find(name); at != line.npos; at = line.find(name, at)) {
        line.replace(at, name.size(), stands_for);
        at += stands_for.size();
      }
    }
    lines_.push_back(std::move(line));
  }

  client::Client& client_;
  std::map<std::string, std::string> names_;  // Of runs, and what is written for them.
  std::vector<std::string> lines_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> ServerState(client::Client& client,
                                                     const std::vector<std::string>& datasets,
                                                     const std::string& model) {
  Reader reader(client);
  CAIRN_RETURN_IF_ERROR(reader.ReadRuns());
  for (const std::string& dataset : datasets) {
    CAIRN_RETURN_IF_ERROR(reader.ReadDataset(dataset));
  }
  CAIRN_RETURN_IF_ERROR(reader.ReadModel(model));
  return reader.Lines();
}

}  // namespace cairn::testing
