#ifndef CAIRN_LIB_CLIENT_FOLLOW_STATE_H_
#define CAIRN_LIB_CLIENT_FOLLOW_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace cairn::client {

// What a channel serves at one of its epochs. Value type.
struct ChannelHead {
  int64_t epoch = 0;  // 0: nothing yet
  std::string version;
  std::string sha256;  // of the version's manifest

  friend bool operator==(const ChannelHead&, const ChannelHead&) = default;
};

// What whoever keeps a copy of a channel's head is to do next: which head to fetch, and whether one
// that was fetched may be shown. Epochs only grow: a head that is older than the one shown, or
// than one that was told, is never shown. Pure: no clock, no files, no server. Not thread-safe.
class FollowState {
 public:
  // What an observer is told, for logs.
  enum class Phase {
    kOffline,    // the server is away; what is shown stays
    kFetching,   // a newer head is known and not shown yet
    kFollowing,  // the newest head that is known is shown
  };

  // `shown` is what was kept by an earlier follower and was found whole; epoch 0 for nothing.
  explicit FollowState(ChannelHead shown) : shown_(std::move(shown)), newest_(shown_) {}

  // The server told what the channel serves. Without a version it serves nothing: what is shown
  // stays, and what was on its way is not shown any more.
  void Told(const ChannelHead& head) {
    online_ = true;
    if (head.epoch > newest_.epoch) newest_ = head;
  }
  // The server cannot be reached.
  void Lost() { online_ = false; }

  // The head to fetch next; nothing while the newest is shown.
  std::optional<ChannelHead> ToFetch() const {
    if (newest_.epoch <= shown_.epoch || newest_.version.empty()) return std::nullopt;
    return newest_;
  }

  // Whether the files that are shown are those of this head too, so that none need be fetched.
  bool HasFilesOf(const ChannelHead& head) const {
    return shown_.epoch > 0 && !head.sha256.empty() && head.sha256 == shown_.sha256;
  }

  // Takes note of a head whose files are complete and verified. True: it is to be shown now. False:
  // the channel moved on while it was fetched, and its files are to be thrown away.
  bool Fetched(const ChannelHead& head) {
    if (head != newest_ || head.epoch <= shown_.epoch) return false;
    shown_ = head;
    return true;
  }

  const ChannelHead& shown() const { return shown_; }
  Phase phase() const {
    if (!online_) return Phase::kOffline;
    return ToFetch() ? Phase::kFetching : Phase::kFollowing;
  }

 private:
  ChannelHead shown_;
  ChannelHead newest_;  // the highest epoch that was told or shown
  bool online_ = false;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_FOLLOW_STATE_H_
