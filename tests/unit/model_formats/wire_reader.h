#ifndef CAIRN_TESTS_UNIT_MODEL_FORMATS_WIRE_READER_H_
#define CAIRN_TESTS_UNIT_MODEL_FORMATS_WIRE_READER_H_

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cairn::model_formats {

// A message read without its schema, by the numbers of its fields.
class WireMessage {
 public:
  explicit WireMessage(const std::string& bytes) {
    EXPECT_TRUE(fields_->ParseFromString(bytes)) << "not a message";
  }

  std::vector<std::string> Texts(int field) const {
    std::vector<std::string> out;
    for (int i = 0; i < fields_->field_count(); ++i) {
      const auto& one = fields_->field(i);
      if (one.number() == field && one.type() == one.TYPE_LENGTH_DELIMITED) {
        out.emplace_back(one.length_delimited());
      }
    }
    return out;
  }

  std::string Text(int field) const {
    const std::vector<std::string> all = Texts(field);
    EXPECT_EQ(all.size(), 1u) << "of field " << field;
    return all.empty() ? "" : all[0];
  }

  std::vector<WireMessage> Messages(int field) const {
    std::vector<WireMessage> out;
    for (const std::string& bytes : Texts(field)) out.emplace_back(bytes);
    return out;
  }

  WireMessage Message(int field) const { return WireMessage(Text(field)); }

  std::vector<int64_t> Integers(int field) const {
    std::vector<int64_t> out;
    for (int i = 0; i < fields_->field_count(); ++i) {
      const auto& one = fields_->field(i);
      if (one.number() == field && one.type() == one.TYPE_VARINT) {
        out.push_back(static_cast<int64_t>(one.varint()));
      }
    }
    return out;
  }

 private:
  // Shared, as the set itself cannot be copied.
  std::shared_ptr<google::protobuf::UnknownFieldSet> fields_ =
      std::make_shared<google::protobuf::UnknownFieldSet>();
};

}  // namespace cairn::model_formats

#endif  // CAIRN_TESTS_UNIT_MODEL_FORMATS_WIRE_READER_H_
