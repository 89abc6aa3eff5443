#include "pipeline/serving/json_cursor.h"

#include <cstdint>
#include <cstring>

namespace cairn::pipeline::serving {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool IsEscape(const char* at) {
  if (*at != 'u') return *at != 0 && std::strchr("\"\\/bfnrt", *at) != nullptr;
  for (int i = 1; i <= 4; ++i) {
    if (HexValue(at[i]) < 0) return false;
  }
  return true;
}

uint32_t CodeUnit(std::string_view digits) {
  uint32_t unit = 0;
  for (const char c : digits) unit = unit * 16 + static_cast<uint32_t>(HexValue(c));
  return unit;
}

void AppendUtf8(uint32_t point, std::string* out) {
  const auto add = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xC0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      add(0xE0 | (point >> 12));
    } else {
      add(0xF0 | (point >> 18));
      add(0x80 | ((point >> 12) & 0x3F));
    }
    add(0x80 | ((point >> 6) & 0x3F));
  }
  add(0x80 | (point & 0x3F));
}

}  // namespace

JsonCursor::Kind JsonCursor::Peek() {
  SkipBlanks();
  switch (*at_) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
    case 'n':
      return Kind::kOther;
    default:
      return *at_ == '-' || IsDigit(*at_) ? Kind::kNumber : Kind::kNone;
  }
}

bool JsonCursor::ReadString(std::string_view* raw) {
  SkipBlanks();
  if (*at_ != '"') return false;
  const char* at = at_ + 1;
  for (; *at != '"'; ++at) {
    if (static_cast<unsigned char>(*at) < 0x20) return false;
    if (*at == '\\' && !IsEscape(++at)) return false;
  }
  *raw = {at_ + 1, static_cast<size_t>(at - at_ - 1)};
  at_ = at + 1;
  return true;
}

bool JsonCursor::SkipLiteral() {
  for (const std::string_view word : {"true", "false", "null"}) {
    if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(word)) continue;
    at_ += word.size();
    return true;
  }
  return false;
}

bool JsonCursor::SkipValue() {
  std::string open;  // the ends that are still to come
  std::string_view text;
  for (;;) {
    const Kind kind = Peek();
    if (kind == Kind::kObject || kind == Kind::kArray) {
      if (open.size() == kMaxDepth) return false;
      open.push_back(kind == Kind::kObject ? '}' : ']');
      ++at_;
      if (!Take(open.back())) {
        if (open.back() == '}' && !(ReadString(&text) && Take(':'))) return false;
        continue;
      }
      open.pop_back();
    } else if (kind == Kind::kString   ? !ReadString(&text)
               : kind == Kind::kNumber ? !SkipNumber()
                                       : !SkipLiteral()) {
      return false;
    }
    while (!open.empty() && Take(open.back())) open.pop_back();
    if (open.empty()) return true;
    if (!Take(',')) return false;
    if (open.back() == '}' && !(ReadString(&text) && Take(':'))) return false;
  }
}

std::string_view JsonCursor::Token() {
  constexpr size_t kMostBytes = 200;
  SkipBlanks();
  const JsonCursor before = *this;
  std::string_view text;
  size_t size = 0;
  if (*at_ == '"' && ReadString(&text)) {
    size = text.size() + 2;
    at_ = before.at_;
  } else {
    const std::string_view rest(at_, static_cast<size_t>(end_ - at_));
    const size_t end = rest.find_first_of(",:]} \t\r\n", 1);
    size = rest.empty() ? 0 : end == std::string_view::npos ? rest.size() : end;
  }
  return {at_, size < kMostBytes ? size : kMostBytes};
}

std::string UnescapeJson(std::string_view raw) {
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out.push_back(raw[i]);
      continue;
    }
    const char kind = raw[++i];
    if (kind != 'u') {
      constexpr std::string_view kNames = "bfnrt";
      const size_t named = kNames.find(kind);
      out.push_back(named == std::string_view::npos ? kind : "\b\f\n\r\t"[named]);
      continue;
    }
    uint32_t point = CodeUnit(raw.substr(i + 1, 4));
    i += 4;
    if (point >= 0xD800 && point < 0xDC00 && raw.substr(i + 1).starts_with("\\u")) {
      const uint32_t low = CodeUnit(raw.substr(i + 3, 4));
      if (low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        i += 6;
      }
    }
    AppendUtf8(point >= 0xD800 && point < 0xE000 ? 0xFFFD : point, &out);
  }
  return out;
}

}  // namespace cairn::pipeline::serving
