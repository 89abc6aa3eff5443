#ifndef CAIRN_PIPELINE_DATA_LOAD_METER_H_
#define CAIRN_PIPELINE_DATA_LOAD_METER_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::pipeline {

// How far an input is loaded, for whoever waits. A pass that has to be repeated, because the rows
// speak for another dialect than was assumed, begins again at 0.
struct LoadProgress {
  uint64_t bytes = 0;  // Of `total`, as they are packed: what is left takes about as long.
  uint64_t total = 0;  // Of the file; of the member or workbook inside an archive.
  uint64_t rows = 0;   // Parsed so far, those that are set aside as well. Where a part of the text
                       // was cut within a field, its rows count twice.
};

// Called from any thread, one call at a time, for every few hundred kilobytes. Should be quick.
using LoadWatch = std::function<void(const LoadProgress&)>;

// Puts together what the thread that unpacks and those that parse know. Any thread. Does nothing
// without a watch.
class LoadMeter {
 public:
  // `watch` must outlive it.
  LoadMeter(const LoadWatch& watch, uint64_t total) : watch_(watch) { now_.total = total; }

  // A pass begins.
  void Begin() {
    const MutexLock lock(&mutex_);
    now_.bytes = now_.rows = 0;
  }

  // The packed bytes that were taken so far.
  void AtByte(uint64_t bytes) {
    if (!watch_) return;
    const MutexLock lock(&mutex_);
    now_.bytes = bytes;
    watch_(now_);
  }

  // Bytes and rows more. A part that is parsed again comes to more bytes than there are, and is
  // behind all others: the end stays the end.
  void Add(uint64_t bytes, uint64_t rows) {
    if (!watch_) return;
    const MutexLock lock(&mutex_);
    now_.bytes = std::min(now_.bytes + bytes, now_.total);
    now_.rows += rows;
    watch_(now_);
  }

 private:
  const LoadWatch& watch_;
  Mutex mutex_;
  LoadProgress now_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_LOAD_METER_H_
