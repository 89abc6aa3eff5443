#include "server/ui/ui_file.h"

namespace cairn::ui {

std::vector<UiFile> UiFiles() { return {}; }

}  // namespace cairn::ui
