#include "jepa/core/text/name_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "jepa/core/text/printable.h"

namespace foresee {

std::string name_list(std::span<const std::string> names, size_t most, const char* separator) {
  constexpr size_t kLongestName = 200;
  const size_t shown = std::min(names.size(), most);
  std::string text;
  for (size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : separator) + printable(names[i], kLongestName);
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

}  // namespace foresee
