#ifndef CAIRN_LIB_CLIENT_MODEL_DIRECTORY_H_
#define CAIRN_LIB_CLIENT_MODEL_DIRECTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/client/follow_state.h"

namespace cairn::client {

// A model that a channel serves, with its files on the disk. Value type.
struct KeptModel {
  std::string channel;  // resource name
  ChannelHead head;
  std::string decision;                 // resource name
  std::vector<v1::ArtifactFile> files;  // by path
  std::string path;                     // the folder that has them
};

// A directory that shows one model at a time, whole, whatever crashes.
//
//   DIR/current        a link to the folder of the model that is shown: epochs/12
//   DIR/epochs/12      its files
//   DIR/epochs/12.json what they are: channel, version, epoch, sha256, decision, and each file
//                      with its path, SHA-256 and size
//   DIR/epochs/13.part files that are being fetched
//   DIR/.lock          locked by the process that keeps the directory
//
// Renaming a new link onto `current` is the only step that shows another model; all it leads to is
// on the disk before, and nothing of it is changed afterwards. So a reader that resolves the
// link once has a whole model, and has it until two more were shown: the folder before the present
// one is kept. Everything else in `epochs` that has such a name is removed; other files stay.
//
// One process keeps a directory at a time, by a lock that ends with it. Not thread-safe.
class ModelDirectory {
 public:
  // Called before each step of Show with the step's name: a test copies the directory then, and
  // has what a crash at that moment would leave.
  using OnStep = std::function<void(std::string_view step)>;

  // Opens the directory for this channel, makes it where it is absent, removes leftovers and
  // hashes all files of the model that is shown.
  //
  // - FAILED_PRECONDITION (STORE_LOCKED): another process keeps it.
  // - FAILED_PRECONDITION (VALUE_INVALID): it shows a model of another channel, or its `current` is
  //   nothing that was put there by this class.
  // - the system's errors (FILE_ERROR).
  static absl::StatusOr<std::unique_ptr<ModelDirectory>> Open(const std::string& directory,
                                                              std::string channel, OnStep on_step);
  ~ModelDirectory();
  ModelDirectory(const ModelDirectory&) = delete;
  ModelDirectory& operator=(const ModelDirectory&) = delete;

  // The model that `current` shows; nothing if it shows none, or one that is damaged.
  const std::optional<KeptModel>& shown() const { return shown_; }

  // What a follower begins with: the head that is shown. Where a damaged one is shown, nothing with
  // the epoch before it, so that the same epoch is fetched once more and no older one is.
  ChannelHead Beginning() const;

  // The folder to fetch the files of an epoch into; what was there of the same one stays, others
  // are removed.
  absl::StatusOr<std::string> BeginPart(int64_t epoch);

  // Shows a model whose files are complete and verified in the folder of BeginPart; fills in
  // its path. After an error the old model is shown still, or the new one.
  absl::Status Show(KeptModel model);

 private:
  ModelDirectory(std::string root, std::string channel, OnStep on_step, int lock)
      : root_(std::move(root)),
        channel_(std::move(channel)),
        on_step_(std::move(on_step)),
        lock_(lock) {}

  std::string Epochs() const { return root_ + "/epochs"; }
  std::string PathOf(int64_t epoch, std::string_view ending = "") const;
  void Before(std::string_view step) const;
  // Reads what `current` is.
  absl::Status Look();
  // Points `current` to an epoch.
  absl::Status Link(int64_t epoch) const;
  // Removes all but the epoch that is shown, the one before it, and the part of `fetching`.
  void Clean(int64_t fetching) const;

  const std::string root_;
  const std::string channel_;
  const OnStep on_step_;
  const int lock_;
  std::optional<KeptModel> shown_;
  int64_t epoch_ = 0;  // that `current` points to, whole or not
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_MODEL_DIRECTORY_H_
