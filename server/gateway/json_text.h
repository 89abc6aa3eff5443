#ifndef CAIRN_SERVER_GATEWAY_JSON_TEXT_H_
#define CAIRN_SERVER_GATEWAY_JSON_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cairn::gateway {

// Appends `text` in quotes, escaped only where JSON needs it, so that people can read it.
// REQUIRES: UTF-8.
void AppendJsonString(std::string_view text, std::string& json);

// The shortest number that reads back as the same double; NaN and the infinities, which JSON has
// no numbers for, as the texts "NaN", "Infinity" and "-Infinity".
void AppendJsonDouble(double value, std::string& json);

// Writes JSON from left to right into one text, without a tree: who writes says what comes next,
// and this puts the commas. Nothing is checked: a member needs a key, and what is begun is to be
// ended.
//
//   JsonText json;
//   json.Begin('{').Key("runs").Begin('[').End(']').End('}');
//
// A value type, used by one thread.
class JsonText {
 public:
  JsonText& Begin(char bracket) {
    Comma();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  JsonText& End(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  JsonText& Key(std::string_view key) {
    Comma();
    AppendJsonString(key, text_);
    text_ += ':';
    first_ = true;  // no comma before its value
    return *this;
  }
  JsonText& Text(std::string_view value) {
    Comma();
    AppendJsonString(value, text_);
    return *this;
  }
  // As a number, also beyond what a double holds exactly.
  JsonText& Int(int64_t value) {
    Comma();
    text_ += std::to_string(value);
    return *this;
  }
  JsonText& Double(double value) {
    Comma();
    AppendJsonDouble(value, text_);
    return *this;
  }
  JsonText& Bool(bool value) {
    Comma();
    text_ += value ? "true" : "false";
    return *this;
  }
  // Something that is JSON already.
  JsonText& Json(std::string_view value) {
    Comma();
    text_ += value;
    return *this;
  }

  // A member, left out if it is empty.
  JsonText& TextUnlessEmpty(std::string_view key, std::string_view value) {
    return value.empty() ? *this : Key(key).Text(value);
  }

  size_t size() const { return text_.size(); }
  std::string Take() { return std::move(text_); }

 private:
  void Comma() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_JSON_TEXT_H_
