#ifndef CAIRN_LIB_MODEL_MODEL_FILE_H_
#define CAIRN_LIB_MODEL_MODEL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/segmentation_model.pb.h"

namespace cairn::model {

using cairn::v1::SegmentationModel;

// The stored form of a segmentation model: one self-describing file.
//
//   offset  bytes  field
//        0      8  `CAIRNSEG`
//        8      4  format version, little-endian (1)
//       12      4  length of the message, little-endian
//       16      n  SegmentationModel, deterministic serialisation
//   16 + n     32  SHA-256 of everything before it
//
// Equal models give equal bytes on one build of the protobuf library, so a model is addressed by
// the digest of its file. All functions are pure and may be called from any thread.

inline constexpr std::string_view kModelMagic = "CAIRNSEG";
inline constexpr uint32_t kModelFormatVersion = 1;

// Where the pipeline puts the file among a run's artifacts, and the file's name.
inline constexpr std::string_view kModelArtifactDirectory = "model";
inline constexpr std::string_view kModelFileName = "model.cairnseg";

// Whether an artifact's path, of any folder, is that of a model file.
constexpr bool IsModelFile(std::string_view path) {
  return path.substr(path.rfind('/') + 1) == kModelFileName;  // npos + 1 is 0
}

// The largest file that is read, and bounds on what one may describe.
inline constexpr size_t kMaxModelFileBytes = size_t{16} << 20;
inline constexpr int kMaxModelFeatures = 4096;
inline constexpr int kMaxModelClusters = 65536;

// What is wrong with a file or model, in the metadata of the status' ErrorInfo under "kind".
// The words never change.
inline constexpr std::string_view kModelKindMagic = "MAGIC";
inline constexpr std::string_view kModelKindNewerVersion = "NEWER_VERSION";
inline constexpr std::string_view kModelKindTruncated = "TRUNCATED";
inline constexpr std::string_view kModelKindTooLarge = "TOO_LARGE";
inline constexpr std::string_view kModelKindTrailingBytes = "TRAILING_BYTES";
inline constexpr std::string_view kModelKindDigestMismatch = "DIGEST_MISMATCH";
inline constexpr std::string_view kModelKindMessage = "MESSAGE";
inline constexpr std::string_view kModelKindShape = "SHAPE";
inline constexpr std::string_view kModelKindValue = "VALUE";

// The file of `model`. INVALID_ARGUMENT (MODEL_MALFORMED) when ValidateModel objects, so that
// nothing is written that cannot be read back.
absl::StatusOr<std::string> SerializeModel(const SegmentationModel& model);

// Reads a file. INVALID_ARGUMENT (MODEL_MALFORMED) with a kind:
//   TOO_LARGE        more than kMaxModelFileBytes
//   MAGIC            not a model file
//   NEWER_VERSION    written by a later release; metadata "version"
//   TRUNCATED        shorter than it says
//   TRAILING_BYTES   longer than it says
//   DIGEST_MISMATCH  damaged: the SHA-256 at its end does not fit
//   MESSAGE          the message does not parse
//   SHAPE, VALUE     from ValidateModel
// Never reads outside `bytes` and allocates no more than a small multiple of their size.
absl::StatusOr<SegmentationModel> ParseModel(std::string_view bytes);

// Checks that a model is complete and consistent. INVALID_ARGUMENT (MODEL_MALFORMED) with the
// kind SHAPE (counts that contradict each other, absent parts, names given twice) or VALUE
// (a number that is not finite, a scale of 0, an unknown transform or algorithm, edges that do
// not ascend); the metadata "field" names the place as a dot path.
absl::Status ValidateModel(const SegmentationModel& model);

}  // namespace cairn::model

#endif  // CAIRN_LIB_MODEL_MODEL_FILE_H_
