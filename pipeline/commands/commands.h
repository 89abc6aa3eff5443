#ifndef CAIRN_PIPELINE_COMMANDS_COMMANDS_H_
#define CAIRN_PIPELINE_COMMANDS_COMMANDS_H_

#include <string>

#include "pipeline/commands/flags.h"
#include "pipeline/commands/serve_flags.h"

namespace cairn::pipeline {

// The commands of cairn-pipeline. Each prints its result to stdout and everything else to stderr,
// and returns the exit code.

// `run` and `sweep`: the whole pipeline. `resume` is the command line, for errors after which it
// can be repeated.
int RunCommand(const RunFlags& flags, const std::string& resume);

// `plan`: the graph, and what `run` with the same flags would do.
int PlanCommand(const RunFlags& flags);

// `config`: prints the configuration as a file, or the table of all keys.
int ConfigCommand(const ConfigFlags& flags);

// `predict`: assigns customers to the segments of a model. A model on the server is
// fetched and its digest is checked.
int PredictCommand(const PredictFlags& flags);

// `serve`: answers requests for predictions until SIGTERM or SIGINT. Prints `ready http=HOST:PORT`
// once a model serves.
int ServeCommand(const ServeFlags& flags);

// `export`: writes a model in a format of others, after it was found and checked as by `predict`.
int ExportCommand(const ExportFlags& flags);

// `generate`: writes transactions that never happened.
int GenerateCommand(const GenerateFlags& flags);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_COMMANDS_H_
