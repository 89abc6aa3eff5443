#ifndef CAIRN_CLIENT_CLI_COMMANDS_INTERRUPT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_INTERRUPT_H_

#include "lib/client/client.h"

namespace cairn::cli {

// Keeps SIGINT and SIGTERM from this thread and those that it makes from now on. To be called
// before a client is made: its threads would take a signal for themselves, and end the process.
void HoldInterrupts();

// From now on SIGINT and SIGTERM cancel the calls of `client` that are under
// way, so that the command ends by itself and cleans up; when that takes longer
// than two seconds, or a second signal comes, the process ends with 130.
//
// Must be called before the client makes its first call: the threads of gRPC
// inherit the blocked signals. At most once in a process.
void CancelOnInterrupt(client::Client* client);

// Ends the use of the client, which may be destroyed afterwards. Harmless
// without CancelOnInterrupt before.
void ForgetClient();

// Whether one came, waited for or not: what runs commands looks before each, as one of them may
// have sent it.
bool Interrupted();

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_INTERRUPT_H_
