#include "pipeline/stages/cached_tables.h"

#include <gtest/gtest.h>

#include <random>

#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

TransactionTable Planted() {
  return LoadTransactionsFromBytes(PlantedCsv(60, 3).csv).value().table;
}

CachedTable Of(const TransactionTable& table, std::string_view stage) {
  CachedTable value;
  value.table = table;
  StageRecord record;
  record.name = std::string(stage);
  record.notes = {"input: something", "warning: something else"};
  value.records.push_back(record);
  return value;
}

TEST(CachedTablesTest, EveryStageOfTheChainComesBackAsItWas) {
  TransactionTable table = Planted();
  const TransactionColumns loaded = table.columns();
  CachedTable first;
  ASSERT_TRUE(DecodeTable(EncodeTable(Of(table, "load"), nullptr), nullptr, &first));
  EXPECT_TRUE(SameRows(first.table, table));
  EXPECT_EQ(first.records.front().notes.size(), 2u);
  for (const CleaningStage& stage : CleaningStages()) {
    SCOPED_TRACE(stage.name);
    table = stage.apply(table, {}).table;
    const std::string bytes = EncodeTable(Of(table, stage.name), &loaded);
    CachedTable back;
    ASSERT_TRUE(DecodeTable(bytes, &first.table.columns(), &back));
    EXPECT_TRUE(SameRows(back.table, table));
    // A later stage stands on the table of `load` and is nothing without it.
    EXPECT_FALSE(DecodeTable(bytes, nullptr, &back));
  }
}

// Codes take one byte up to 256 entries, two up to 65,536 and four beyond.
TEST(CachedTablesTest, CodesOfEveryWidthComeBack) {
  for (const uint32_t entries : {255u, 256u, 257u, 65'536u, 65'537u}) {
    SCOPED_TRACE(entries);
    std::string csv =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
    for (uint32_t i = 0; i < entries; ++i) {
      csv += std::to_string(i) + ",22423,CAKE,1,2010-12-01 08:26:00,1.5,7,France\n";
    }
    const TransactionTable table = LoadTransactionsFromBytes(csv).value().table;
    ASSERT_EQ(table.columns().invoice.dictionary->size(), entries);
    CachedTable back;
    ASSERT_TRUE(DecodeTable(EncodeTable(Of(table, "load"), nullptr), nullptr, &back));
    EXPECT_TRUE(SameRows(back.table, table));
  }
}

TEST(CachedTablesTest, TextCustomersComeBack) {
  const std::string csv =
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
      "1,22423,CAKE,1,2010-12-01 08:26:00,1.5,u77,France\n"
      "2,22424,TEA,2,2010-12-02 08:26:00,2.5,u12,France\n";
  const TransactionTable table = LoadTransactionsFromBytes(csv).value().table;
  CachedTable back;
  ASSERT_TRUE(DecodeTable(EncodeTable(Of(table, "load"), nullptr), nullptr, &back));
  EXPECT_TRUE(SameRows(back.table, table));
}

// Property: whatever the bytes, nothing outside the columns is ever reached.
TEST(CachedTablesTest, DamagedBytesAreRefusedOrLieInsideTheirColumns) {
  const std::string bytes = EncodeTable(Of(Planted(), "load"), nullptr);
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 3; ++flips)
      damaged[random() % damaged.size()] ^= 1U << random() % 8;
    if (i % 3 == 0) damaged.resize(random() % damaged.size());
    CachedTable back;
    if (!DecodeTable(damaged, nullptr, &back)) continue;
    // NaN prices differ from themselves; every value is read all the same.
    SameRows(back.table, back.table);
    EXPECT_LE(back.table.CustomerIds().size(), back.table.rows());
  }
}

}  // namespace
}  // namespace cairn::pipeline
