#include "pipeline/stages/segment_identity.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/parallel.h"
#include "lib/model/model_file.h"
#include "pipeline/data/parallel.h"
#include "pipeline/insight/labels_csv.h"

namespace cairn::pipeline {
namespace {

// What is worked out once for a run. Lives in StageRun::Own.
struct Identities {
  std::optional<SegmentNamer> namer;
  std::optional<ChampionSegments> champion;
  std::optional<SegmentMatcher> matcher;  // Of the champion and the customers of today.
  std::map<const FitOutcome*, std::vector<NamedSegment>> names;
};

absl::StatusOr<ChampionSegments> ReadSegments(const Champion& champion) {
  CAIRN_ASSIGN_OR_RETURN(const auto model, model::ParseModel(champion.model));
  CAIRN_ASSIGN_OR_RETURN(CustomerLabels labels, ReadLabelsCsv(champion.labels));
  ChampionSegments out{std::move(labels.customers), std::move(labels.segments), {}};
  for (int i = 0; i < std::max(model.cluster_count(), labels.k); ++i) {
    out.names.push_back(i < model.segments_size() ? model.segments(i).name()
                                                  : fmt::format("Segment {}", i));
  }
  return out;
}

std::vector<std::string> CustomerTexts(const FeatureMatrix& features) {
  std::vector<std::string> out;
  out.reserve(features.customer_ids.size());
  for (const int32_t id : features.customer_ids) {
    out.push_back(CustomerText(id, features.customer_names));
  }
  return out;
}

absl::StatusOr<Identities*> IdentitiesOf(StageRun* run) {
  auto& own = run->Own<Identities>();
  const FeatureMatrix& features = run->outcome().features;
  if (!own.namer) {
    CAIRN_ASSIGN_OR_RETURN(own.namer, SegmentNamer::Create(features));
  }
  CAIRN_ASSIGN_OR_RETURN(const ChampionSegments* champion, ChampionSegmentsOf(run));
  if (champion != nullptr && !own.matcher) {
    CAIRN_ASSIGN_OR_RETURN(own.matcher, SegmentMatcher::Create(*champion, CustomerTexts(features)));
  }
  return &own;
}

// One outcome under its new numbers.
struct Numbered {
  std::shared_ptr<FitOutcome> fit;
  std::vector<NamedSegment> segments;  // By number.
};

std::vector<double> SpendBySegment(const FeatureMatrix& features, const FitOutcome& fit) {
  std::vector<double> out(static_cast<size_t>(fit.centers.rows()));
  for (size_t i = 0; i < fit.all_labels.size(); ++i) {
    out[static_cast<size_t>(fit.all_labels[i])] +=
        features.values(static_cast<Eigen::Index>(i), kTotalSpend);
  }
  return out;
}

absl::StatusOr<Numbered> Number(const Identities& identities, const FeatureMatrix& features,
                                const FitOutcome& fit) {
  const int k = static_cast<int>(fit.centers.rows());
  CAIRN_ASSIGN_OR_RETURN(auto named, identities.namer->Name(fit.all_labels, k));
  std::vector<std::string> names;
  for (const NamedSegment& segment : named) names.push_back(segment.name);
  const std::vector<double> spend = SpendBySegment(features, fit);
  SegmentMatching matching = NumberBySpend(spend, names);
  if (identities.matcher) {
    CAIRN_ASSIGN_OR_RETURN(matching, identities.matcher->Match(fit.all_labels, spend, names));
  }
  Numbered out{std::make_shared<FitOutcome>(fit), Reordered(named, matching.number_of)};
  for (size_t s = 0; s < names.size(); ++s) {
    out.segments[s].name = matching.names[s];
    out.fit->centers.row(matching.number_of[s]) = fit.centers.row(static_cast<Eigen::Index>(s));
  }
  out.fit->training_labels = Renumbered(fit.training_labels, matching.number_of);
  out.fit->all_labels = Renumbered(fit.all_labels, matching.number_of);
  return out;
}

// Of each outcome, all at once.
absl::StatusOr<std::vector<Numbered>> NumberAll(const Identities& identities, const StageRun& run,
                                                const FeatureMatrix& features,
                                                const std::vector<const FitOutcome*>& fits) {
  std::vector<absl::StatusOr<Numbered>> results(fits.size(), absl::UnknownError("not numbered"));
  clustering::Parallel parallel(ThreadCount(run.config().threads));
  parallel.For(fits.size(), [&](size_t i) { results[i] = Number(identities, features, *fits[i]); });
  std::vector<Numbered> out;
  for (auto& result : results) {
    CAIRN_RETURN_IF_ERROR(result.status());
    out.push_back(*std::move(result));
  }
  return out;
}

}  // namespace

absl::Status NumberSegments(StageRun* run, std::vector<TrainingRun>* runs) {
  CAIRN_ASSIGN_OR_RETURN(Identities * identities, IdentitiesOf(run));
  std::map<const FitOutcome*, size_t> places;
  std::vector<const FitOutcome*> fits;
  for (const TrainingRun& training : *runs) {
    if (places.emplace(training.fit.get(), fits.size()).second) fits.push_back(training.fit.get());
  }
  CAIRN_ASSIGN_OR_RETURN(const std::vector<Numbered> numbered,
                         NumberAll(*identities, *run, run->outcome().features, fits));
  for (const Numbered& one : numbered) identities->names[one.fit.get()] = one.segments;
  for (TrainingRun& training : *runs) training.fit = numbered[places[training.fit.get()]].fit;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedSegment>> SegmentsOf(StageRun* run, const TrainingRun& training) {
  CAIRN_ASSIGN_OR_RETURN(Identities * identities, IdentitiesOf(run));
  const auto found = identities->names.find(training.fit.get());
  if (found != identities->names.end()) return found->second;
  // A run from the cache: its numbers are those that it would get again.
  CAIRN_ASSIGN_OR_RETURN(const Numbered numbered,
                         Number(*identities, run->outcome().features, *training.fit));
  return identities->names.emplace(training.fit.get(), numbered.segments).first->second;
}

absl::StatusOr<const ChampionSegments*> ChampionSegmentsOf(StageRun* run) {
  if (!run->champion() || run->champion()->labels.empty()) return nullptr;
  auto& own = run->Own<Identities>();
  if (!own.champion) {
    CAIRN_ASSIGN_OR_RETURN(own.champion, ReadSegments(*run->champion()));
  }
  return &*own.champion;
}

std::string ChampionDigest(const Champion& champion) {
  return Sha256Hex(champion.version + "\n" + Sha256Hex(champion.model) + "\n" +
                   Sha256Hex(champion.labels));
}

}  // namespace cairn::pipeline
