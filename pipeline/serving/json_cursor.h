#ifndef CAIRN_PIPELINE_SERVING_JSON_CURSOR_H_
#define CAIRN_PIPELINE_SERVING_JSON_CURSOR_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "pipeline/serving/json_number.h"

namespace cairn::pipeline::serving {

// Walks over one JSON text (RFC 8259) without making anything of it: who calls knows what to
// expect where, and numbers go straight into his table.
//
// Reading functions answer false, and leave the cursor where it was, when something else stands
// there. Nothing beyond the text is read: it ends with a NUL, which no token may hold, so that one
// comparison serves for every byte. Of one thread; the text must stay as it is.
class JsonCursor {
 public:
  // What a value begins as.
  enum class Kind { kObject, kArray, kString, kNumber, kOther, kNone };

  // REQUIRES: the byte behind `text` can be read and is 0, as in a std::string.
  explicit JsonCursor(const std::string& text)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  // Passes over blanks and the one character, if it is there.
  bool Take(char c) {
    SkipBlanks();
    if (*at_ != c) return false;
    ++at_;
    return true;
  }

  // Passes over blanks and looks what comes; kOther is a literal, kNone nothing that can be.
  Kind Peek();

  bool AtEnd() {
    SkipBlanks();
    return at_ == end_;
  }

  // A text, without its quotes and as it was written, escapes and all. False also for one that does
  // not end, holds a control character or an unknown escape.
  bool ReadString(std::string_view* raw);

  // Passes over exactly this text in quotes.
  bool TakeString(std::string_view raw) {
    SkipBlanks();
    const size_t size = raw.size();
    if (static_cast<size_t>(end_ - at_) < size + 2 || *at_ != '"' || at_[size + 1] != '"' ||
        std::string_view(at_ + 1, size) != raw) {
      return false;
    }
    at_ += size + 2;
    return true;
  }

  // A number, rounded as json_number.h says. False also for one that is too large for a double.
  bool ReadNumber(double* value) {
    SkipBlanks();
    const bool room = static_cast<size_t>(end_ - at_) >= kNumberRoom;
    const char* behind = room ? ReadShortNumber(at_, value) : nullptr;
    if (behind == nullptr) behind = serving::ReadNumber(at_, value);
    if (behind == nullptr) return false;
    at_ = behind;
    return true;
  }

  // Passes over a number of any size.
  bool SkipNumber() {
    SkipBlanks();
    const char* const behind = serving::SkipNumber(at_);
    if (behind == nullptr) return false;
    at_ = behind;
    return true;
  }

  // Passes over one value, whatever it is; false where it is none, or deeper than kMaxDepth.
  bool SkipValue();

  // The beginning of what stands here, up to what ends a token: for messages.
  std::string_view Token();

  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

  // Where the cursor is and where the text ends, for who reads ahead; `at` becomes the place.
  const char* at() const { return at_; }
  const char* end() const { return end_; }
  void MoveTo(const char* at) { at_ = at; }

  // How deep values may lie in each other where nobody looks at them.
  static constexpr size_t kMaxDepth = 256;

 private:
  void SkipBlanks() {
    if (static_cast<unsigned char>(*at_) > ' ') return;
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }
  bool SkipLiteral();

  const char* begin_;
  const char* at_;
  const char* end_;
};

// What a text of ReadString says, with its escapes undone; a surrogate without its other half
// becomes U+FFFD.
std::string UnescapeJson(std::string_view raw);

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_JSON_CURSOR_H_
