#ifndef CAIRN_PIPELINE_COMMANDS_PROGRAM_H_
#define CAIRN_PIPELINE_COMMANDS_PROGRAM_H_

namespace cairn::pipeline {

// The program `cairn-pipeline`: parses the command line, runs one command and returns
// the exit code (exit_code.h). Results go to stdout; progress, tables on the way and
// errors to stderr. What could not be written to stdout or stderr is a failure too:
// half a result must not look like a whole one. Called once, by main. An unknown
// command or flag is answered with the one that was probably meant. Nothing that
// fmt throws leaves it.
int PipelineMain(int argc, char** argv);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_PROGRAM_H_
