#ifndef CAIRN_SERVER_FLAG_TABLE_H_
#define CAIRN_SERVER_FLAG_TABLE_H_

#include "lib/command_line/command.h"

namespace cairn {

// Every command and flag of cairnd, with bounds, defaults and variables: what the command line, the
// environment and the configuration file may say, and what help says of it. The values go into
// ServerOptions (options.h). Built once; lives as long as the process.
const command_line::CommandTable& CairndTable();

}  // namespace cairn

#endif  // CAIRN_SERVER_FLAG_TABLE_H_
