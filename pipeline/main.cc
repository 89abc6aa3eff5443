#include "pipeline/commands/program.h"

int main(int argc, char** argv) { return cairn::pipeline::PipelineMain(argc, argv); }
