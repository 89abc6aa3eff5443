#include "tests/unit/pipeline_data/test_support.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include <filesystem>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/testing/status_matchers.h"

namespace cairn::pipeline::testing {
namespace {

using cairn::testing::IsOk;

std::string Deflate(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void Put(std::string* out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i) {
    out->push_back(i < 8 ? static_cast<char>(value >> (8 * i)) : '\0');
  }
}

}  // namespace

LoadedTransactions LoadRows(std::string_view rows, LoadOptions options) {
  options.max_reject_share = 1.0;
  auto loaded = LoadTransactionsFromBytes(std::string(kHeader) + std::string(rows), options);
  EXPECT_THAT(loaded, IsOk());
  return loaded.ok() ? *std::move(loaded) : LoadedTransactions{};
}

std::string Csv(const std::vector<Row>& rows) {
  std::string text(kHeader);
  for (const Row& r : rows) {
    text += fmt::format("{},{},{},{},{},{},{},{}\n", r.invoice, r.stock_code, r.description,
                        r.quantity, r.date, r.price, r.customer, r.country);
  }
  return text;
}

TransactionTable Table(const std::vector<Row>& rows) {
  auto loaded = LoadTransactionsFromBytes(Csv(rows));
  EXPECT_THAT(loaded, IsOk());
  return loaded.ok() ? loaded->table : TransactionTable();
}

std::string Gzip(std::string_view text) { return Deflate(text, 15 + 16); }

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string Zip(const std::vector<ZipMember>& members) {
  std::string out;
  std::string directory;
  for (const ZipMember& m : members) {
    const std::string packed = m.deflate ? Deflate(m.text, -15) : m.text;
    const uint64_t method = m.method >= 0 ? static_cast<uint64_t>(m.method) : (m.deflate ? 8 : 0);
    const uint64_t size =
        m.claimed_size >= 0 ? static_cast<uint64_t>(m.claimed_size) : m.text.size();
    const uint64_t crc =
        crc32(0, reinterpret_cast<const Bytef*>(m.text.data()), static_cast<uInt>(m.text.size())) ^
        (m.wrong_crc ? 1u : 0u);
    const uint64_t offset = out.size();
    std::string common;
    Put(&common, 20, 2);
    Put(&common, m.flags, 2);
    Put(&common, method, 2);
    Put(&common, 0, 4);
    Put(&common, crc, 4);
    Put(&common, packed.size(), 4);
    Put(&common, size, 4);
    Put(&common, m.name.size(), 2);
    Put(&common, 0, 2);
    Put(&out, 0x04034b50, 4);
    out += common;
    out += m.name;
    out += packed;
    Put(&directory, 0x02014b50, 4);
    Put(&directory, 20, 2);
    directory += common;
    Put(&directory, 0, 2 + 2 + 2 + 4);
    Put(&directory, offset, 4);
    directory += m.name;
  }
  const uint64_t start = out.size();
  out += directory;
  Put(&out, 0x06054b50, 4);
  Put(&out, 0, 4);
  Put(&out, members.size(), 2);
  Put(&out, members.size(), 2);
  Put(&out, directory.size(), 4);
  Put(&out, start, 4);
  Put(&out, 0, 2);
  return out;
}

std::string Workbook(std::string_view sheet_data, std::string_view shared_strings, bool date1904) {
  std::vector<ZipMember> members = {
      {"[Content_Types].xml", "<Types/>"},
      {"xl/workbook.xml",
       fmt::format("<workbook xmlns:r=\"rel\"><workbookPr date1904=\"{}\"/><sheets><sheet "
                   "name=\"Online Retail\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
                   date1904 ? 1 : 0)},
      {"xl/_rels/workbook.xml.rels",
       "<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/>"
       "</Relationships>"},
      {"xl/worksheets/sheet1.xml",
       fmt::format("<worksheet><sheetData>{}</sheetData></worksheet>", sheet_data)},
  };
  if (!shared_strings.empty()) {
    members.push_back({"xl/sharedStrings.xml", fmt::format("<sst>{}</sst>", shared_strings)});
  }
  return Zip(members);
}

TemporaryFolder::TemporaryFolder() {
  path_ = (std::filesystem::temp_directory_path() / "cairn_pipeline_data_XXXXXX").string();
  EXPECT_NE(mkdtemp(path_.data()), nullptr);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::File(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

}  // namespace cairn::pipeline::testing
