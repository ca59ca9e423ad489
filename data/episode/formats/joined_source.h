#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "data/episode/source.h"

namespace foresee::data {

/// The episodes of several files as one set, in the order of the files' names. A file that cannot be opened, or whose
/// columns are not those of most others, is left out (Note [Broken parts]).
/// @param open  opens one file, with the options it is given. @throws DataError where no file is left.
std::unique_ptr<EpisodeSource> open_joined(
    const std::filesystem::path& folder, std::vector<std::filesystem::path> files, const SourceOptions& options,
    const std::function<std::unique_ptr<EpisodeSource>(const std::filesystem::path&, const SourceOptions&)>& open);

}  // namespace foresee::data
