#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/index/checkpoint_stream.h"
#include "server/index/run_columns.h"
#include "server/index/run_index.h"
#include "server/storage/kv_store.h"

namespace cairn::index {

// What a checkpoint says about itself.
struct CheckpointStamp {
  storage::Revision revision = 0;  // every commit up to here is in it
  std::string fingerprint;         // of the store, 32 bytes: StoreFingerprint
  uint64_t max_column_bytes = 0;   // the budget under which columns were dropped; when
                                   // read: the greatest number if none was
};

// Tells stores apart by what happened in them: the SHA-256 of the events of the 64
// revisions up to `revision`, which name runs by their random ids. OUT_OF_RANGE
// (EVENTS_COMPACTED) when they are gone; DATA_LOSS on damage.
//
// A store that went on from a backup may reach the same revision; its fingerprint is
// another one. A store with fewer revisions is told by those it has.
absl::StatusOr<std::string> StoreFingerprint(const storage::KvStore& store,
                                             storage::Revision revision);

// Copies an index to bytes while it is searched and changed.
//
// It takes the reader's lock once for the runs and once for each column, never
// while bytes are written, so a search waits for a few milliseconds at most. The
// columns may therefore show different moments, none before the stamp's revision.
// That is enough: whoever loads it reads every run again that an event after that
// revision names, and only those can have changed between the copies.
class CheckpointWriter {
 public:
  // The index and the sink must outlive it.
  CheckpointWriter(const RunIndex& index, ByteSink& sink) : index_(index), out_(sink) {}

  // Writes everything and returns the revision; `fingerprint` is asked for it. ABORTED
  // (COMMIT_CONFLICT): a column was dropped meanwhile; try again later. Else the errors
  // of the sink and of `fingerprint`. `max_column_bytes` is only noted in the stamp.
  // Call it once.
  absl::StatusOr<storage::Revision> Write(
      uint64_t max_column_bytes,
      const std::function<absl::StatusOr<std::string>(storage::Revision)>& fingerprint);

 private:
  struct Plan;
  // Writes the column of a param, tag or metric; a metric takes three sections.
  absl::Status WriteKeyed(SectionKind kind, const std::string& key);
  // Writes a column of texts: its dictionary, then its codes. Both are copied under one
  // lock, because the code of a text that goes may be given to another one in between.
  absl::Status WriteText(SectionKind kind, std::string_view key,
                         const std::function<const TextColumn*(const RunColumns&)>& column);

  const RunIndex& index_;
  SectionWriter out_;
  size_t row_limit_ = 0;  // when the writing began; later rows are left out
  // The section being made. Kept between sections for its memory.
  std::string payload_;
};

// Fills empty columns from what CheckpointWriter wrote. Columns are copied as they
// stand; only distinct texts and run ids are handled one by one.
//
// Errors are those of SectionReader. After one the columns are unusable. A number of
// rows, a code or a size that does not fit is damage like a wrong checksum, so that
// bytes from anywhere may be read without harm.
class CheckpointReader {
 public:
  // REQUIRES: `columns` are new. The source and the columns must outlive it.
  CheckpointReader(ByteSource& source, RunColumns& columns) : in_(source), columns_(columns) {}

  // `check` decides on the stamp before anything else is read. Its error is returned as
  // it is. The stamp is shown before the checksum of its section is known, so it is to
  // be used for nothing but this decision until Read returns OK.
  absl::Status Read(const std::function<absl::Status(const CheckpointStamp&)>& check);

 private:
  absl::Status ReadBase(const std::function<absl::Status(const CheckpointStamp&)>& check);
  absl::Status ReadNames();
  absl::Status ReadRows();
  // The methods below read one part of a section each, in the order in which
  // CheckpointWriter puts them.
  absl::Status ReadSection();
  absl::Status ReadWords(WordColumn& column);
  absl::Status ReadSparse(SparseColumn& column);
  absl::Status ReadText(TextColumn& column);
  // `uses` has an entry for each code and counts its rows: that is not in the file.
  absl::Status ReadCodes(CodeColumn& codes, std::vector<uint32_t>& uses);
  // Every run must name an experiment by a number: searches read it without looking
  // again.
  absl::Status CheckExperiments() const;

  SectionReader in_;
  RunColumns& columns_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_H_
