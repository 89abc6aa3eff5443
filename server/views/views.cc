#include "server/views/views.h"

#include <optional>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::views {
namespace {

using cairn::internal::CounterRecord;
using cairn::internal::PointerRecord;
using cairn::internal::ViewRecord;
using cairn::v1::View;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

using StoredView = storage::Stored<ViewRecord>;

// A view's name in parts.
struct Place {
  int64_t experiment = 0;
  std::string id;
};

std::string NameOf(const Place& place) {
  return fmt::format("{}/views/{}", ExperimentName(place.experiment), place.id);
}

absl::StatusOr<Place> ParseViewName(std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("name", name, "experiments/*/views/*"));
  CAIRN_ASSIGN_OR_RETURN(const int64_t experiment,
                         ParseExperimentName("name", name.substr(0, name.find("/views/"))));
  return Place{experiment, std::move(ids[1])};
}

absl::StatusOr<std::optional<StoredView>> FindView(const Snapshot& snapshot, const Place& place) {
  return storage::ReadRecord<ViewRecord>(snapshot, storage::ViewKey(place.experiment, place.id));
}

absl::StatusOr<StoredView> ReadView(const Snapshot& snapshot, const Place& place) {
  CAIRN_ASSIGN_OR_RETURN(auto found, FindView(snapshot, place));
  if (found.has_value()) return *std::move(found);
  return NotFound(ErrorReason::VIEW_NOT_FOUND, "View", NameOf(place)).ToStatus();
}

absl::Status CheckExperiment(const Snapshot& snapshot, int64_t experiment) {
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(storage::ExperimentKey(experiment)));
  if (record.has_value()) return absl::OkStatus();
  return NotFound(ErrorReason::EXPERIMENT_NOT_FOUND, "Experiment", ExperimentName(experiment));
}

absl::Status CheckSize(std::string_view field, std::string_view value, size_t max_bytes) {
  if (value.size() <= max_bytes) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, value,
                      fmt::format("must be at most {} bytes long", max_bytes));
}

absl::Status CheckAddress(std::string_view address) {
  CAIRN_RETURN_IF_ERROR(CheckSize("view.address", address, kMaxAddressBytes));
  const bool of_this_server = address.starts_with('/') && !address.starts_with("//") &&
                              address.find_first_of("\\#") == std::string_view::npos &&
                              IsValidUtf8(address) && !HasControlCharacter(address);
  if (of_this_server) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "view.address", address,
                      "must be a path on this server that begins with one '/', and a query, "
                      "without '#', '\\' and control characters");
}

absl::Status CheckTitle(std::string_view title) {
  CAIRN_RETURN_IF_ERROR(CheckSize("view.title", title, kMaxTitleBytes));
  if (IsValidUtf8(title) && !HasControlCharacter(title)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "view.title", title,
                      "must be UTF-8 without control characters");
}

// The entry of a view under its title, where it has one.
void PutTitle(const Place& place, const std::string& title, WriteSet& write_set) {
  if (title.empty()) return;
  PointerRecord pointer;
  pointer.set_name(place.id);
  write_set.PutRecord(storage::ViewByTitleKey(place.experiment, title, place.id),
                      pointer.SerializeAsString());
}
void DeleteTitle(const Place& place, const std::string& title, WriteSet& write_set) {
  if (!title.empty()) {
    write_set.Delete(storage::ViewByTitleKey(place.experiment, title, place.id));
  }
}

void PutView(const Place& place, const View& view, WriteSet& write_set) {
  ViewRecord record;
  *record.mutable_view() = view;
  write_set.PutRecord(storage::ViewKey(place.experiment, place.id), record.SerializeAsString());
}

// Counts one view more or less; RESOURCE_EXHAUSTED (TOO_LARGE) above the limit. There is no count
// of an experiment that is being purged.
absl::Status AddToCount(const Snapshot& snapshot, int64_t experiment, int64_t change,
                        WriteSet& write_set) {
  const storage::Key key = storage::ViewCountKey(experiment);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<CounterRecord>(snapshot, key));
  if (change < 0 && !stored.has_value()) return absl::OkStatus();
  CounterRecord count;
  count.set_value((stored.has_value() ? stored->value.value() : 0) + change);
  if (count.value() > kMaxViews) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("{} has {} views, which is as many as may be; delete some",
                             ExperimentName(experiment), kMaxViews))
        .With("experiment", ExperimentName(experiment))
        .With("limit", std::to_string(kMaxViews));
  }
  write_set.RequireRevision(key, stored.has_value() ? stored->mod_revision : 0)
      .PutRecord(key, count.SerializeAsString());
  return absl::OkStatus();
}

// What is to be done about a view that is there.
absl::StatusOr<Plan> Retitle(const Place& place, const StoredView& stored, const View& wanted) {
  View view = stored.value.view();
  if (view.address() != wanted.address()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "view.address", wanted.address(),
                        fmt::format("must have a name of its own, and {} has it", NameOf(place)))
        .ToStatus();
  }
  if (wanted.title().empty() || wanted.title() == view.title()) {
    return storage::AnswerOnly(std::move(view));
  }
  WriteSet write_set;
  write_set.RequireRevision(storage::ViewKey(place.experiment, place.id), stored.mod_revision);
  DeleteTitle(place, view.title(), write_set);
  view.set_title(wanted.title());
  PutTitle(place, view.title(), write_set);
  PutView(place, view, write_set);
  return storage::MakePlan(std::move(write_set), std::move(view));
}

}  // namespace

std::string ViewId(std::string_view address) {
  constexpr std::string_view kDigits = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr size_t kCharacters = 10;
  constexpr uint32_t kBits = 5;
  const Digest digest = DigestOf(address);
  std::string id;
  uint32_t bits = 0;
  uint32_t count = 0;
  for (size_t byte = 0; id.size() < kCharacters;) {
    if (count < kBits) {
      bits = bits << 8 | digest.sha256[byte++];
      count += 8;
    }
    count -= kBits;
    id.push_back(kDigits[bits >> count & 31]);
  }
  return id;
}

absl::StatusOr<View> GetView(const Snapshot& snapshot, const cairn::v1::GetViewRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const Place place, ParseViewName(request.name()));
  CAIRN_ASSIGN_OR_RETURN(StoredView stored, ReadView(snapshot, place));
  return std::move(*stored.value.mutable_view());
}

absl::StatusOr<cairn::v1::ListViewsResponse> ListViews(const Snapshot& snapshot,
                                                       const cairn::v1::ListViewsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t experiment, ParseExperimentName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(CheckExperiment(snapshot, experiment));
  cairn::v1::ListViewsResponse response;
  absl::Status failure;
  const auto add = [&](std::string_view, const storage::Stored<PointerRecord>& pointer,
                       storage::PageRoom& room) {
    auto view = FindView(snapshot, {experiment, pointer.value.name()});
    failure.Update(HasReason(view.status(), ErrorReason::RECORD_CORRUPT) ? absl::OkStatus()
                                                                         : view.status());
    if (!view.ok() || !view->has_value()) return false;
    View& found = *(*view)->value.mutable_view();
    if (!room.Take(found.ByteSizeLong())) return false;
    *response.add_views() = std::move(found);
    return true;
  };
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<PointerRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::ViewByTitlePrefix(experiment)),
          storage::ScanOrder::kAscending, {}, add));
  CAIRN_RETURN_IF_ERROR(failure);
  return response;
}

absl::StatusOr<Plan> PlanCreateView(const Snapshot& snapshot,
                                    const cairn::v1::CreateViewRequest& request,
                                    const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(const int64_t experiment, ParseExperimentName("parent", request.parent()));
  CAIRN_RETURN_IF_ERROR(CheckAddress(request.view().address()));
  CAIRN_RETURN_IF_ERROR(CheckTitle(request.view().title()));
  CAIRN_RETURN_IF_ERROR(CheckExperiment(snapshot, experiment));
  const Place place{experiment, ViewId(request.view().address())};
  CAIRN_ASSIGN_OR_RETURN(const auto stored, FindView(snapshot, place));
  if (stored.has_value()) return Retitle(place, *stored, request.view());

  View view;
  view.set_name(NameOf(place));
  view.set_address(request.view().address());
  view.set_title(request.view().title());
  *view.mutable_create_time() = ToTimestamp(stamp.unix_nanos);
  view.set_principal(stamp.principal);
  WriteSet write_set;
  write_set.RequireAbsent(storage::ViewKey(experiment, place.id))
      .RequireExists(storage::ExperimentKey(experiment));
  CAIRN_RETURN_IF_ERROR(AddToCount(snapshot, experiment, 1, write_set));
  PutTitle(place, view.title(), write_set);
  PutView(place, view, write_set);
  return storage::MakePlan(std::move(write_set), std::move(view));
}

absl::StatusOr<Plan> PlanDeleteView(const Snapshot& snapshot,
                                    const cairn::v1::DeleteViewRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const Place place, ParseViewName(request.name()));
  CAIRN_ASSIGN_OR_RETURN(const StoredView stored, ReadView(snapshot, place));
  const storage::Key key = storage::ViewKey(place.experiment, place.id);
  WriteSet write_set;
  write_set.RequireRevision(key, stored.mod_revision).Delete(key).FreesSpace();
  DeleteTitle(place, stored.value.view().title(), write_set);
  CAIRN_RETURN_IF_ERROR(AddToCount(snapshot, place.experiment, -1, write_set));
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

}  // namespace cairn::views
