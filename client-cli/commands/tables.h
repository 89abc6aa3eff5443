#ifndef CAIRN_CLIENT_CLI_COMMANDS_TABLES_H_
#define CAIRN_CLIENT_CLI_COMMANDS_TABLES_H_

#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/evaluations.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "cairn/v1/views.pb.h"
#include "client-cli/cli/table.h"
#include "client-cli/commands/session.h"

namespace cairn::cli {

// List responses as rows: which columns a thing has, in which order, and which
// of them only -o wide shows. The session lends the present instant.
Table ToTable(const Session& session, const v1::ListExperimentsResponse& list);

// Besides the fixed columns there is one for each parameter, metric and tag
// that a run of the list has (`params.k`, `metrics.silhouette`, `tags.team`);
// the first few metrics and parameters are shown, the others with -o wide.
Table ToTable(const Session& session, const v1::ListRunsResponse& list);
Table ToTable(const Session& session, const v1::SearchRunsResponse& list);

Table ToTable(const Session& session, const v1::ListDatasetsResponse& list);
Table ToTable(const Session& session, const v1::ListDatasetVersionsResponse& list);
Table ToTable(const Session& session, const v1::ListModelsResponse& list);

Table ToTable(const Session& session, const v1::ListModelVersionsResponse& list);

// What was measured appears as columns of the metrics' names.
Table ToTable(const Session& session, const v1::ListEvaluationsResponse& list);

// One row for each value that was measured, and whose space it is of.
Table ToTable(const v1::EvaluateModelVersionResponse& measured);
Table ToTable(const Session& session, const v1::ListAliasesResponse& list);
// With a column of the versions that are held, if any channel tells some.
Table ToTable(const Session& session, const v1::ListChannelsResponse& list);
Table ToTable(const Session& session, const v1::ListRolloutsResponse& list);
Table ToTable(const Session& session, const v1::ListConsumersResponse& list);
Table ToTable(const Session& session, const v1::ListPoliciesResponse& list);
Table ToTable(const Session& session, const v1::ListPolicyRevisionsResponse& list);
Table ToTable(const Session& session, const v1::ListDecisionsResponse& list);
// With the checks that stand against each.
Table ToTable(const Session& session, const v1::ListDecisionCandidatesResponse& list);
Table ToTable(const Session& session, const v1::ListArtifactsResponse& list);
Table ToTable(const Session& session, const v1::ListViewsResponse& list);

// The value of an enum without its prefix, in lower case: "succeeded".
std::string StateText(const std::string& enum_name);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_TABLES_H_
