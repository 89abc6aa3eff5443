#ifndef CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_
#define CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/data/features.h"

namespace cairn::pipeline {

// Values as bytes, for the stage cache: little-endian, lengths first, no alignment. A cached
// value is written and read by one release on one machine; its key changes with the code.

// Appends values. Not thread-safe.
class ByteWriter {
 public:
  void Int(int64_t value) { Raw(&value, sizeof value); }
  void Number(double value) { Raw(&value, sizeof value); }
  void Text(std::string_view text) {
    Int(static_cast<int64_t>(text.size()));
    bytes_.append(text.data(), text.size());
  }
  void Texts(const std::vector<std::string>& texts) {
    Int(static_cast<int64_t>(texts.size()));
    for (const std::string& text : texts) Text(text);
  }
  template <typename T>
  void Array(const T* values, size_t count) {
    Int(static_cast<int64_t>(count));
    Raw(values, count * sizeof(T));
  }
  template <typename T>
  void Array(const std::vector<T>& values) {
    Array(values.data(), values.size());
  }
  void Matrix(const RowMajorMatrix& matrix) {
    Int(matrix.rows());
    Int(matrix.cols());
    Raw(matrix.data(), static_cast<size_t>(matrix.size()) * sizeof(double));
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void Raw(const void* data, size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

// Reads them back in the same order. After the first value that does not fit, ok() is false and
// everything reads as zero or empty; nothing outside the bytes is touched. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  // True when all was well and nothing is left.
  bool Done() const { return ok_ && bytes_.empty(); }

  int64_t Int() { return Value<int64_t>(); }
  double Number() { return Value<double>(); }
  std::string Text() {
    const size_t size = Count(1);
    std::string out(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return out;
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> out;
    const int64_t count = Int();
    for (int64_t i = 0; i < count && ok_; ++i) out.push_back(Text());
    return out;
  }
  template <typename T>
  std::vector<T> Array() {
    const size_t count = Count(sizeof(T));
    std::vector<T> out(count);
    Copy(out.data(), count * sizeof(T));
    return out;
  }
  RowMajorMatrix Matrix() {
    const int64_t rows = Int();
    const int64_t cols = Int();
    const auto left = static_cast<int64_t>(bytes_.size() / sizeof(double));
    if (!ok_ || rows < 0 || cols < 0 || (cols > 0 && rows > left / cols)) {
      ok_ = false;
      return {};
    }
    RowMajorMatrix out(rows, cols);
    Copy(out.data(), static_cast<size_t>(out.size()) * sizeof(double));
    return out;
  }

 private:
  template <typename T>
  T Value() {
    T value{};
    Copy(&value, sizeof value);
    return value;
  }
  // A length, checked against what is left.
  size_t Count(size_t item_size) {
    const int64_t count = Int();
    if (!ok_ || count < 0 || static_cast<uint64_t>(count) > bytes_.size() / item_size) {
      ok_ = false;
      return 0;
    }
    return static_cast<size_t>(count);
  }
  void Copy(void* out, size_t size) {
    if (!ok_ || bytes_.size() < size) {
      ok_ = false;
      return;
    }
    if (size > 0) std::memcpy(out, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_
