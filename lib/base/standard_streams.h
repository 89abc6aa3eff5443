#ifndef CAIRN_LIB_BASE_STANDARD_STREAMS_H_
#define CAIRN_LIB_BASE_STANDARD_STREAMS_H_

namespace cairn {

// Keeps the descriptors 0, 1 and 2 out of the hands of others. A program that was started
// without one of them (`>&-`) would be given its number for the next file it opens, and
// what it prints would go into that file.
//
// Each that is closed gets /dev/null, opened the wrong way round, so that reading and
// writing still fail with EBADF and nobody takes a result that went nowhere for written.
// Runs by itself before the initialisers of linked libraries, some of which open descriptors; main
// calls it again so that it is linked. Ends the program with exit code 1 if that is not possible.
void HoldStandardStreams();

// Writes out what standard output still holds; false if anything printed to it was lost.
bool FlushStandardOutput();

// False if anything printed to standard error was lost.
bool StandardErrorIsWhole();

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_STANDARD_STREAMS_H_
