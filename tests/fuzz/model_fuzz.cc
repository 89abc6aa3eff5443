// Any bytes may be given as a model file: reading must end with an error or with a model that
// predicts and that gives a file which reads back the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/digest.h"
#include "lib/model/model_file.h"
#include "lib/model/predictor.h"

namespace {

void CheckModel(std::string_view bytes) {
  using cairn::model::Predictor;
  const auto predictor = Predictor::FromFile(bytes);
  if (!predictor.ok()) return;
  const auto again = cairn::model::SerializeModel(predictor->model());
  if (!again.ok() || !cairn::model::ParseModel(*again).ok()) std::abort();
  const auto rows = cairn::model::Matrix::Ones(2, predictor->feature_count());
  const auto assigned = predictor->Predict(rows);
  if (!assigned.ok() || assigned->segments[0] != assigned->segments[1]) std::abort();
}

// The message inside a file with a fitting frame, so that more than the frame is explored.
std::string Framed(std::string_view message) {
  std::string out(cairn::model::kModelMagic);
  const auto append = [&out](uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
  };
  append(cairn::model::kModelFormatVersion);
  append(static_cast<uint32_t>(message.size()));
  out.append(message);
  const cairn::Digest digest = cairn::DigestOf(out);
  out.append(reinterpret_cast<const char*>(digest.sha256.data()), digest.sha256.size());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckModel(bytes);
  CheckModel(Framed(bytes));
  return 0;
}
