#include "lib/base/standard_streams.h"
#include "pipeline/commands/program.h"

int main(int argc, char** argv) {
  cairn::HoldStandardStreams();
  return cairn::pipeline::PipelineMain(argc, argv);
}
