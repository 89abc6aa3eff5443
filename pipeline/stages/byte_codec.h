#ifndef CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_
#define CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/data/features.h"

namespace cairn::pipeline {

// Values as bytes, for the stage cache: little-endian, lengths first, no alignment. A
// cached value is written and read by one release on one machine; its key changes with
// the code.
//
// Nothing says in the bytes what they are: whoever reads calls the same methods in the
// same order as whoever wrote. Numbers keep every bit, NaN too, so what comes out of
// the cache is what went in.
//
// Appends values. Not thread-safe.
class ByteWriter {
 public:
  // Room for about so many bytes in all, which large values are spared moving for.
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }

  // 8 bytes each, whatever the value.
  void Int(int64_t value) { Raw(&value, sizeof value); }
  void Number(double value) { Raw(&value, sizeof value); }
  // Any bytes, zeros among them.
  void Text(std::string_view text) {
    Int(static_cast<int64_t>(text.size()));
    bytes_.append(text.data(), text.size());
  }
  // Their number, then each.
  void Texts(const std::vector<std::string>& texts) {
    Int(static_cast<int64_t>(texts.size()));
    for (const std::string& text : texts) Text(text);
  }
  // REQUIRES: T is a plain number or a struct of such without padding.
  template <typename T>
  void Array(const T* values, size_t count) {
    Int(static_cast<int64_t>(count));
    Raw(values, count * sizeof(T));
  }
  template <typename T>
  void Array(const std::vector<T>& values) {
    Array(values.data(), values.size());
  }
  // Rows, columns, then the values row by row.
  void Matrix(const RowMajorMatrix& matrix) {
    Int(matrix.rows());
    Int(matrix.cols());
    Raw(matrix.data(), static_cast<size_t>(matrix.size()) * sizeof(double));
  }

  // All that was appended; the writer is empty then and may be used again.
  std::string Take() { return std::move(bytes_); }

 private:
  // As they stand in memory.
  void Raw(const void* data, size_t size) {
    if (size > 0) bytes_.append(static_cast<const char*>(data), size);
  }

  std::string bytes_;
};

// Reads them back in the same order. After the first value that does not fit, ok() is
// false and everything reads as zero or empty; nothing outside the bytes is touched.
// Not thread-safe. So a decoder reads everything and asks once, at the end. Counts are
// checked against the bytes that are left before memory is taken, so that damaged bytes
// cannot ask for more than they have.
class ByteReader {
 public:
  // The bytes must outlive it.
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  // True when all was well and nothing is left.
  bool Done() const { return ok_ && bytes_.empty(); }

  // 0 once it failed.
  int64_t Int() { return Value<int64_t>(); }
  double Number() { return Value<double>(); }
  // Copies. Empty once it failed.
  std::string Text() {
    const size_t size = Count(1);
    std::string out(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return out;
  }
  // Grows text by text, because each says its own size.
  std::vector<std::string> Texts() {
    std::vector<std::string> out;
    const int64_t count = Int();
    for (int64_t i = 0; i < count && ok_; ++i) out.push_back(Text());
    return out;
  }
  // REQUIRES: T is that of the writer.
  template <typename T>
  std::vector<T> Array() {
    const size_t count = Count(sizeof(T));
    std::vector<T> out(count);
    Copy(out.data(), count * sizeof(T));
    return out;
  }
  // Without rows and columns once it failed.
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
  // sizeof(T) bytes; zero once it failed.
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
  // The one place that takes bytes from the front.
  void Copy(void* out, size_t size) {
    if (!ok_ || bytes_.size() < size) {
      ok_ = false;
      return;
    }
    if (size > 0) std::memcpy(out, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  std::string_view bytes_;
  bool ok_ = true;  // never true again once it is false
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_BYTE_CODEC_H_
