#pragma once

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "data/episode/source.h"

namespace foresee::data {

/// The files of a folder, and of all folders below it, whose names end in one of `extensions` (".h5"). Links to folders
/// are followed; each folder is walked once. Nothing is sorted. @throws DataError where a folder cannot be listed.
std::vector<std::filesystem::path> files_below(const std::filesystem::path& folder,
                                               std::initializer_list<std::string_view> extensions);

/// A file's name as seen from the folder of its set: "day-1/episode_0.h5".
std::string name_below(const std::filesystem::path& folder, const std::filesystem::path& file);

/// Adds the episode files below a folder that are of another format than `one`, which the set is read as.
void leave_out_others(const std::filesystem::path& folder, const std::filesystem::path& one,
                      std::vector<LeftOut>& left_out);

/// The episodes of several files as one set, in the order of the files' names. A file that cannot be opened, or whose
/// columns are not those of most others, is left out (Note [Broken parts]).
/// @param open  opens one file, with the options it is given. @throws DataError where no file is left.
std::unique_ptr<EpisodeSource> open_joined(
    const std::filesystem::path& folder, std::vector<std::filesystem::path> files, const SourceOptions& options,
    const std::function<std::unique_ptr<EpisodeSource>(const std::filesystem::path&, const SourceOptions&)>& open);

}  // namespace foresee::data
