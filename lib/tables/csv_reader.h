#ifndef CAIRN_LIB_TABLES_CSV_READER_H_
#define CAIRN_LIB_TABLES_CSV_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/tables/byte_source.h"

namespace cairn::tables {

struct CsvOptions {
  // Bytes held at first; grows with the longest record.
  size_t buffer_bytes = size_t{256} << 10;
  // A longer record is an error; also guards against a quote that never closes.
  size_t max_record_bytes = size_t{16} << 20;
};

// Reads records of CSV one by one in bounded memory: RFC 4180 with commas.
//
// Lines end with LF or CRLF, the last one may lack its end. A field in quotes may hold
// commas, line ends and doubled quotes; a quote inside an unquoted field is an ordinary
// character. Blank lines and a byte order mark of UTF-8 are skipped. Every record must
// have as many fields as the first. Bytes are passed on as they are, whatever their
// encoding. How the source cuts the bytes makes no difference.
//
// pipeline/data has a reader of its own (csv_reader.h there), and both are meant. This one reads
// any table, of any size, in the memory of one record, and refuses the first record that is not as
// written here: a profile or a comparison of half a table says nothing. That one reads one kind of
// table whole, in parts side by side, guesses the dialect, and sets aside lines that are wrong; it
// finds separators 32 bytes at a time by positions in text that stays where it is. A tokenizer for
// both would bring copies into that loop, or the whole text into the memory of this one.
//
// Not thread-safe. Movable.
class CsvReader {
 public:
  explicit CsvReader(ByteSource source, const CsvOptions& options = {});

  // Reads the next record into `fields`, which point into the reader and hold until the
  // next call. False at the end. After an error the reader must not be used.
  //
  // - INVALID_ARGUMENT (VALUE_INVALID): a quote that never closes or that text follows, a
  //   record of another width or beyond the limit, UTF-16. Message and metadata (`line`)
  //   have the line, from 1.
  // - The source's errors.
  absl::StatusOr<bool> Next(std::vector<std::string_view>& fields);

  // The line where the record last read begins, from 1.
  int64_t line() const { return line_; }

 private:
  // A field between two positions of the buffer.
  struct Span {
    size_t begin;
    size_t end;
    bool quoted;
    bool escaped;  // has doubled quotes
  };
  enum class Scan { kRecord, kNeedsMore };

  // Splits the record at begin_ into spans_ and sets next_ to where it ends.
  absl::StatusOr<Scan> ScanRecord();
  absl::StatusOr<Scan> ScanQuoted(size_t& position, bool& ended);
  Scan ScanPlain(size_t& position, bool& ended);
  absl::Status SkipByteOrderMark();
  absl::Status Fill();
  void TakeFields(std::vector<std::string_view>& fields);
  absl::Status Malformed(int64_t line, std::string_view what) const;
  int64_t LineAt(size_t position) const;

  ByteSource source_;
  size_t max_record_bytes_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of the record that is read next
  size_t end_ = 0;    // of the bytes in the buffer
  size_t next_ = 0;
  bool at_end_ = false;
  bool started_ = false;
  std::vector<Span> spans_;
  size_t width_ = 0;  // 0 before the first record
  int64_t line_ = 1;
  int64_t next_line_ = 1;
};

// Appends a record that reads back as `fields`, with its line end; quotes only where
// that is needed. Pure.
void AppendCsvRecord(std::span<const std::string_view> fields, std::string& text);

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_CSV_READER_H_
