// Cuts uploads at random until there were --cuts of them, with a new server now and then so
// that the disk does not fill, and says what the worst of them cost.
// usage: upload_drill [--cuts N] [--seed N]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/integration/client/cut_uploads.h"

int main(int argc, char** argv) {
  constexpr int kUploadsPerServer = 25;
  int cuts = 1000;
  uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--cuts") cuts = std::atoi(argv[i + 1]);
    if (flag == "--seed") seed = static_cast<uint64_t>(std::atoll(argv[i + 1]));
  }
  cairn::testing::CutReport all;
  while (all.cuts < cuts) {
    const auto report = cairn::testing::CutUploads(seed++, kUploadsPerServer);
    if (!report.ok()) {
      std::fprintf(stderr, "%s\n", report.status().ToString().c_str());
      return 1;
    }
    all.cuts += report->cuts;
    all.client_kills += report->client_kills;
    all.most_sent_again = std::max(all.most_sent_again, report->most_sent_again);
    std::printf("%d cuts, %d of the client; at most %.2f MiB sent again\n", all.cuts,
                all.client_kills, static_cast<double>(all.most_sent_again) / (1 << 20));
    std::fflush(stdout);
  }
  return 0;
}
