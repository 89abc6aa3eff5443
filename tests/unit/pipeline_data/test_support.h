#ifndef CAIRN_TESTS_UNIT_PIPELINE_DATA_TEST_SUPPORT_H_
#define CAIRN_TESTS_UNIT_PIPELINE_DATA_TEST_SUPPORT_H_

// Small inputs for the tests of pipeline/data, made in memory.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/data/load.h"

namespace cairn::pipeline::testing {

inline constexpr std::string_view kHeader =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

// The header and `rows`, loaded with any share of rejected rows. Fails the test when loading
// fails.
LoadedTransactions LoadRows(std::string_view rows, LoadOptions options = {});

// One row of CSV with these values and otherwise plain ones.
struct Row {
  std::string invoice = "536365";
  std::string stock_code = "85123A";
  std::string description = "HEART";
  std::string quantity = "6";
  std::string date = "2010-12-01 08:26:00";
  std::string price = "2.55";
  std::string customer = "17850";
  std::string country = "United Kingdom";
};
std::string Csv(const std::vector<Row>& rows);
TransactionTable Table(const std::vector<Row>& rows);

std::string Gzip(std::string_view text);
std::string Zstd(std::string_view text);

// What a member of a built archive should look like.
struct ZipMember {
  std::string name;
  std::string text;
  bool deflate = true;
  uint16_t flags = 0;
  int32_t method = -1;        // -1: as `deflate` says.
  int64_t claimed_size = -1;  // -1: the true one.
  bool wrong_crc = false;
};
std::string Zip(const std::vector<ZipMember>& members);

// A workbook of one sheet around the given XML of <sheetData>.
std::string Workbook(std::string_view sheet_data, std::string_view shared_strings = {},
                     bool date1904 = false);

// A folder that is removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string File(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace cairn::pipeline::testing

#endif  // CAIRN_TESTS_UNIT_PIPELINE_DATA_TEST_SUPPORT_H_
