#include <algorithm>

#include "data/episode/check/check.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr int64_t kPicturesAtOnce = 16;

/// Whether pictures can be read. @param reason  set where they cannot.
bool readable(const EpisodeSource& source, int64_t episode, const std::string& camera, int64_t first, int64_t count,
              std::string& reason) {
  try {
    source.pictures(episode, camera, first, /*step=*/1, count);
    return true;
  } catch (const DataError& error) {
    reason = error.what();
    return false;
  }
}

/// Rows of an episode whose pictures cannot be read. @param first  the first of them. @param reason  of that one.
int64_t damaged_rows(const EpisodeSource& source, int64_t episode, const std::string& camera, int64_t& first,
                     std::string& reason) {
  int64_t count = 0;
  std::string why;
  for (int64_t begin = 0; begin < source.length(episode); begin += kPicturesAtOnce) {
    const int64_t end = std::min(begin + kPicturesAtOnce, source.length(episode));
    if (readable(source, episode, camera, begin, end - begin, why)) continue;
    for (int64_t row = begin; row < end; ++row)
      if (!readable(source, episode, camera, row, 1, why) && count++ == 0) first = row, reason = why;
  }
  return count;
}

}  // namespace

std::vector<Finding> check_pictures(const EpisodeSource& source, const std::function<bool(int64_t)>& going_on) {
  std::vector<Finding> out;
  for (int64_t e = 0; e < source.episodes(); ++e) {
    if (!going_on(e)) return out;
    const std::string& name = source.info().names[static_cast<size_t>(e)];
    for (const auto& column : source.info().columns) {
      int64_t first = 0;
      std::string reason;
      const int64_t count = column.picture() ? damaged_rows(source, e, column.name, first, reason) : 0;
      if (count == 0) continue;
      out.push_back({"damaged", source.path().string(), name, column.name, first, count,
                     fmt::format("{}: {} of {} pictures of '{}' cannot be read, first in row {}: {}", name, count,
                                 source.length(e), column.name, first, reason)});
    }
  }
  going_on(source.episodes());
  return out;
}

}  // namespace foresee::data
