#ifndef CAIRN_LIB_BASE_STAND_BACK_H_
#define CAIRN_LIB_BASE_STAND_BACK_H_

namespace cairn {

// Lets this thread stand back behind all others that want to run, for good: for work in the
// background that nobody waits for. `nice` is 1 to 19; of threads that want to run all the time,
// one with 10 has about a tenth of the time of one without.
//
// Where it is refused nothing happens: it decides who comes first, not what is done.
void StandBack(int nice);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_STAND_BACK_H_
