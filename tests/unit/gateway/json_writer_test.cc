#include "server/gateway/json_writer.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/auth.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/server.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/watch.pb.h"
#include "google/longrunning/operations.pb.h"
#include "google/rpc/error_details.pb.h"
#include "tests/testing/status_matchers.h"

namespace cairn::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::Reflection;
using nlohmann::json;
using testing::IsOk;

std::string OfLibrary(const Message& message) {
  std::string text;
  EXPECT_THAT(google::protobuf::util::MessageToJsonString(message, &text), IsOk());
  return text;
}

std::string Ours(const Message& message) {
  std::string text;
  EXPECT_TRUE(AppendJson(message, text)) << message.DebugString();
  return text;
}

// Fills messages of any type.
class Filler {
 public:
  explicit Filler(uint64_t seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    if (const auto type = message.GetDescriptor()->well_known_type();
        type != Descriptor::WELLKNOWNTYPE_UNSPECIFIED) {
      return FillWellKnown(message, type);
    }
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message.GetDescriptor()->field(i);
      if (Pick(3) == 0) continue;
      const int count = field.is_repeated() ? Pick(4) : 1;
      for (int n = 0; n < count; ++n) Set(message, field, depth);
    }
  }

 private:
  int Pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }

  void FillWellKnown(Message& message, Descriptor::WellKnownType type) {
    const bool time = type == Descriptor::WELLKNOWNTYPE_TIMESTAMP;
    if (!time && type != Descriptor::WELLKNOWNTYPE_DURATION) return;
    const auto& fields = *message.GetReflection();
    const auto& of = *message.GetDescriptor();
    const int64_t seconds = static_cast<int64_t>(random_() % 4'000'000'000) - 2'000'000'000;
    const std::vector<int> nanos = {0, 1, 1'000, 1'000'000, 120'000'000, 999'999'999};
    fields.SetInt64(&message, of.field(0), seconds);
    fields.SetInt32(&message, of.field(1), time || seconds >= 0 ? nanos[Pick(6)] : 0);
  }

  std::string Text(const FieldDescriptor& field) {
    const std::vector<std::string> texts = {"", "a b", "\"\\/\n\r\t\b\x01\x1f\x7f<>&'", "öß€😀",
                                            "runs/1"};
    if (field.type() == FieldDescriptor::TYPE_STRING) return texts[static_cast<size_t>(Pick(5))];
    std::string bytes(static_cast<size_t>(Pick(7)), '\0');
    for (char& c : bytes) c = static_cast<char>(Pick(256));
    return bytes;
  }

  double Number() {
    const std::vector<double> all = {0,
                                     1,
                                     -0.25,
                                     1e300,
                                     5e-324,
                                     1.0 / 3,
                                     1e21,
                                     123456,
                                     std::numeric_limits<double>::infinity(),
                                     -std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::quiet_NaN()};
    return all[static_cast<size_t>(Pick(static_cast<int>(all.size())))];
  }

  template <typename Value, typename One, typename More>
  void Put(Message& message, const FieldDescriptor& field, One one, More more, Value value) {
    const Reflection& fields = *message.GetReflection();
    field.is_repeated() ? (fields.*more)(&message, &field, value)
                        : (fields.*one)(&message, &field, value);
  }

  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const auto bits = random_() >> Pick(64);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Put(message, field, &Reflection::SetInt32, &Reflection::AddInt32,
                   static_cast<int32_t>(bits));
      case FieldDescriptor::CPPTYPE_UINT32:
        return Put(message, field, &Reflection::SetUInt32, &Reflection::AddUInt32,
                   static_cast<uint32_t>(bits));
      case FieldDescriptor::CPPTYPE_INT64:
        return Put(message, field, &Reflection::SetInt64, &Reflection::AddInt64,
                   static_cast<int64_t>(bits));
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put(message, field, &Reflection::SetUInt64, &Reflection::AddUInt64, bits);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Put(message, field, &Reflection::SetDouble, &Reflection::AddDouble, Number());
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Put(message, field, &Reflection::SetFloat, &Reflection::AddFloat,
                   static_cast<float>(Pick(64)) / 4);
      case FieldDescriptor::CPPTYPE_BOOL:
        return Put(message, field, &Reflection::SetBool, &Reflection::AddBool, Pick(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM:  // at times one of a later version
        return Put(message, field, &Reflection::SetEnumValue, &Reflection::AddEnumValue,
                   Pick(8) == 0 ? 4711 : field.enum_type()->value(0)->number());
      case FieldDescriptor::CPPTYPE_STRING:
        return Put(message, field, &Reflection::SetString, &Reflection::AddString, Text(field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return SetMessage(message, field, depth);
    }
  }

  void SetMessage(Message& message, const FieldDescriptor& field, int depth) {
    if (depth == 0 || (field.is_map() && message.GetReflection()->FieldSize(message, &field) > 0)) {
      return;  // two entries might have one key
    }
    Message& inner = field.is_repeated()
                         ? *message.GetReflection()->AddMessage(&message, &field)
                         : *message.GetReflection()->MutableMessage(&message, &field);
    Fill(inner, depth - 1);
  }

  std::mt19937_64 random_;
};

std::vector<const Descriptor*> AllTypes() {
  std::vector<const Descriptor*> types;
  for (const auto* one :
       {v1::Run::descriptor(), v1::Dataset::descriptor(), v1::BlobDigest::descriptor(),
        v1::Model::descriptor(), v1::Policy::descriptor(), v1::ServerInfo::descriptor(),
        v1::RoleBinding::descriptor(), v1::WatchRequest::descriptor(),
        google::longrunning::Operation::descriptor(), google::rpc::ErrorInfo::descriptor()}) {
    for (int i = 0; i < one->file()->message_type_count(); ++i) {
      types.push_back(one->file()->message_type(i));
    }
  }
  return types;
}

TEST(JsonWriterTest, EveryTypeIsWrittenAsTheLibraryDoes) {
  for (const Descriptor* type : AllTypes()) {
    for (uint64_t seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(type->full_name() + ", seed " + std::to_string(seed));
      const Message& made = *MessageFactory::generated_factory()->GetPrototype(type);
      const std::unique_ptr<Message> message(made.New());
      Filler(seed).Fill(*message, 4);
      const std::string text = Ours(*message);
      ASSERT_EQ(json::parse(text), json::parse(OfLibrary(*message)));
      const std::unique_ptr<Message> back(made.New());
      ASSERT_THAT(google::protobuf::util::JsonStringToMessage(text, back.get()), IsOk()) << text;
    }
  }
}

TEST(JsonWriterTest, TypesWithAFormOfTheirOwnHaveIt) {
  google::protobuf::FieldMask mask;
  mask.add_paths("display_name");
  EXPECT_EQ(Ours(mask), R"("displayName")");
  google::protobuf::Int64Value number;
  number.set_value(7);
  EXPECT_EQ(Ours(number), R"("7")");
  google::protobuf::Value value;
  value.set_bool_value(true);
  EXPECT_EQ(Ours(value), "true");
  google::longrunning::Operation operation;
  operation.mutable_response()->PackFrom(number);
  EXPECT_EQ(json::parse(Ours(operation)), json::parse(OfLibrary(operation)));
}

TEST(JsonWriterTest, TextsAreEscapedOnlyWhereJsonNeedsIt) {
  v1::Run run;
  run.set_display_name("a >= \"b\"\n\x01 \u00f6");
  EXPECT_EQ(Ours(run), "{\"displayName\":\"a >= \\\"b\\\"\\n\\u0001 \u00f6\"}");
}

TEST(JsonWriterTest, WhatJsonCannotSayIsNotWritten) {
  std::string text;
  v1::Run run;
  run.mutable_create_time()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(AppendJson(run, text));
  google::longrunning::Operation operation;
  operation.mutable_response()->set_type_url("type.googleapis.com/no.such.Type");
  operation.mutable_response()->set_value("a");
  EXPECT_FALSE(AppendJson(operation, text));
}

}  // namespace
}  // namespace cairn::gateway
