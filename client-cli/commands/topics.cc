#include "client-cli/commands/catalog.h"

namespace cairn::cli {
namespace {

constexpr std::string_view kExitCodes = R"(Exit codes are stable.

  0    ok
  1    failure
  2    usage: the call is wrong, or the server found an argument invalid
  3    not found
  4    not authenticated or not permitted
  5    conflict: exists already, precondition not met, or changed meanwhile
  6    the policy said FAIL
  7    the policy said INCONCLUSIVE
  8    server not available, overloaded, or timed out
  9    integrity: bytes do not have their checksum
  10   partial success: some of several things were done
  11   the policy could not be evaluated: ERROR
  130  interrupted

Exit code 5 has several reasons; `-o json` prints the error as one JSON object
whose `reason` tells them apart, and whose `retryable` says whether the same
command can succeed later:

  somebody was first        ETAG_MISMATCH, EPOCH_MISMATCH, COMMIT_CONFLICT:
  (a race)                  look again, then decide
  it is there already       EXPERIMENT_EXISTS, RUN_EXISTS, DATASET_EXISTS,
                            MODEL_EXISTS, ARTIFACT_EXISTS, PARAM_CHANGED,
                            NOT_DELETED: done before, or another name is needed
  not in this state         RUN_DELETED, RUN_ENDED, EXPERIMENT_DELETED,
                            DELETE_FIRST, HAS_CHILDREN, RUN_IN_USE,
                            CHANNEL_GOVERNED, CHANNEL_UNGOVERNED,
                            DEFAULT_EXPERIMENT: something else must change first
  not confirmed             CONTEXT_PROTECTED: the change needs the name of its
                            context, typed or as --yes-protected NAME

A misspelt name is exit code 3, whatever the command.

promote ends with 0 when the channel moved and when the best version is served
already (NO_CHANGE). A dry run ends with the code the real one would have.
)";

constexpr std::string_view kReferences = R"(How to name things.

  segments              a model, data set, policy or experiment by its name
  segments@15           version 15 of a model
  segments@latest       the newest version that is not archived
  segments@ALIAS        what an alias points at
  segments#production   what a channel of a model serves, or the channel itself
  dataset:retail@3      version 3 of a data set; also @latest, an alias and
                        @sha256:9f3c...
  9f3c2a                a run by its display name, its id or an unambiguous
                        beginning of three or more characters; also run:9f3c2a
  7                     an experiment by its number; where that is also a name,
                        name:7 or experiments/7
  models/segments/versions/15
                        a full resource name, as -o name prints it; names are
                        percent-encoded in it

A name that is written out is looked for first, then a number, then what begins
so. There are no wildcards. What was deleted says so and how to get it back.
)";

constexpr std::string_view kRetries = R"(Repeating a command from a script.

Every call is repeated by itself while the server is not available. A script
that was killed does not know whether its last command was done; to repeat it
safely, choose an id before:

  ID=$(cat /proc/sys/kernel/random/uuid)
  RUN=$(mlctl run start -q --experiment segments --request-id "$ID")
  RUN=$(mlctl run start -q --experiment segments --request-id "$ID")  # the same

For 24 hours the server answers the same command with the same id as it did the
first time, and does nothing again. The ids that it sees follow from yours and
from the method that is called: the same method with other values is refused
(exit code 2, REQUEST_ID_REUSED), a command that calls another method is done.
So each command needs an id of its own. log metrics, a stream, takes
--offline-log instead. With --dry-run an id is not used up.

`mlctl run start --run-id ID`, 32 hexadecimal characters, chooses the run's id
itself: a second one is refused (exit code 5, RUN_EXISTS).
)";

constexpr std::string_view kFormats = R"(Output formats (-o).

  table   aligned columns; the default on a terminal, where titles fold, text is
          cut and the last columns are left out to fit its width; ids and
          numbers stay whole
  wide    the same with all columns
  tsv     tab-separated, uncut; the default when the output is no terminal
  json    the canonical JSON of the API; lists stand under the response's field
          name: {"runs": [...]}
  jsonl   one object for each line
  yaml    the same as YAML
  csv     RFC 4180, all columns
  md      a Markdown table
  name    resource names only; -q prints the shortest reference instead

--columns chooses columns by title, --sort-by sorts rows, --no-headers leaves
out titles; they do not change json, jsonl and yaml. Times are relative on a
terminal and RFC 3339 in UTC elsewhere. Only results go to the standard output;
hints, progress and errors go to the standard error. With -o json errors are one
JSON object with code, reason, message, hint, request_id, retryable and
metadata.

A command without a table of its own prints FIELD and VALUE with csv and md.
log param, tag, metric and input print what they logged with every format but
table, wide and tsv: the run's name and uid, and its params, tags, inputs, or
metrics with pointCount.
)";

constexpr std::string_view kEnvironment = R"(Where settings come from, the strongest first.

  1. flags
  2. the environment: --foo-bar is MLCTL_FOO_BAR
  3. the context that --context or MLCTL_CONTEXT names
  4. .mlctl.yaml in this directory or the nearest above it
  5. the context in use (`mlctl context use`), unless something above names a
     server: a context counts as a whole or not at all
  6. $XDG_CONFIG_HOME/mlctl/config.yaml, or ~/.config/mlctl/config.yaml
  7. defaults

The files are YAML mappings of global flags, such as `server: host:50051`.
`mlctl config view --origin` shows what is in effect and why.

Also read: MLCTL_NO_HINTS (no hints), NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM,
CI and COLUMNS.
)";

constexpr std::string_view kFilters = R"(Filters for search runs and list runs.

  metrics.silhouette > 0.3 AND params.k = "4"
  state = SUCCEEDED (params.k = "4" OR params.k = "5")
  params.k IN (4, 5, 6) AND duration > 90s
  NOT tags.team = "crm"
  display_name = "night*"

Fields: metrics.KEY (latest), metrics_min.KEY, metrics_max.KEY, params.KEY,
tags.KEY, state, display_name, uid, user, start_time, end_time, create_time,
duration, dataset (its inputs), output (versions it made or that were registered
from it), parent_run, kind (RUN, or LOGGED_MODEL, which no other filter finds).
Operators: = != < > <= >=, : (has; FIELD:* asks whether it
is there) and IN (a list, up to 10,000 values). A word without a field looks in
the display name; one that is a field or an operator of other languages (LIKE)
is refused unless it stands in quotes. OR binds tighter than AND; words side by
side mean AND. A comparison with something a run does not have is false. Times
are RFC 3339, durations 90s, 1h30m or 250ms. Text in quotes may hold anything;
* in it is a wildcard and \* a star.

Order: --order-by 'metrics.silhouette desc, start_time'. Runs without the key
come last.
)";

constexpr std::string_view kNouns = R"(Nouns for get, list and describe.

  experiment  experiments  exp  e
  run         runs         r
  dataset     datasets     ds   d
  model       models       m
  version     versions     v    of a model, or of dataset:NAME
  channel     channels     ch   c
  alias       aliases      a    of a model, or of dataset:NAME
  policy      policies     p
  decision    decisions    dec  of MODEL#CHANNEL
  candidate   candidates   cand of a decision
  artifact    artifacts    files  of a run or a version
  view        views             of an experiment
  operation   operations          get, list, wait and cancel
)";

}  // namespace

std::vector<Topic> Topics() {
  return {
      {"exit-codes", "What the program ends with", kExitCodes},
      {"references", "How to name things", kReferences},
      {"formats", "How results are printed", kFormats},
      {"environment", "Where settings come from", kEnvironment},
      {"filters", "The language of filters", kFilters},
      {"nouns", "The kinds of things", kNouns},
      {"retries", "How to repeat a command safely", kRetries},
  };
}

}  // namespace cairn::cli
