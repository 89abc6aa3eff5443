#ifndef CAIRN_SERVER_SERVICE_EFFORT_H_
#define CAIRN_SERVER_SERVICE_EFFORT_H_

namespace cairn::service {

// What a call costs, and so who answers it: the thread that received it, those for what computes
// (searches, lists, counts, curves), or those for what reads and writes blobs. Numbered as
// cairn.v1.Effort is, which says it of a method. What is inline must not read the disk at length:
// the same threads receive everybody's requests.
enum class Effort { kInline = 0, kCpu = 1, kIo = 2 };

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_EFFORT_H_
