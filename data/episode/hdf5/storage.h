#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace foresee::data {

// Note [HDF5 storage]
// libhdf5 believes a file. A chunk that is stored with fewer bytes than its rows have is read beyond its buffer, and
// what lies there becomes pixels; a dataset may lie in other files; a damaged table crashes it. So a file is checked
// once before its rows are read: its structure is walked in a child process, where a crash is only an exit status, and
// every dataset must lie in the file itself with as many bytes as its rows have. Of the kinds of chunk index only the
// version 1 B-tree says a size for chunks without filters, and asking the library for one chunk is a walk over all of
// them; that tree is therefore read here, from the mapped file.

/// What may be made of one byte of a file at a time; see Note [Budgets].
inline constexpr uint64_t kHdf5BytesPerByte = 64;

/// Names of the root's links, in order. @pre the library's lock is held. @throws DataError where one leads to another
/// file, or there are more than 10,000.
std::vector<std::string> hdf5_root_names(const std::filesystem::path& path, hid_t file);

/// Refuses a dataset whose rows do not lie in this file as a whole: external and virtual storage, chunks of the wrong
/// size, sizes that are far beyond the file's. @pre the library's lock is held. @param name  what messages call it.
/// @throws DataError.
void check_hdf5_storage(const std::filesystem::path& path, hid_t dataset, const std::string& name);

/// All that the library does with a file before its rows are read. A damaged file may crash it.
/// @pre the library's lock is held. @throws DataError.
void walk_hdf5_structure(const std::filesystem::path& path);

/// The same in a child process, once for each state of a file (place, size, time).
/// @pre the library's lock is held. @throws DataError when the file is damaged, crashes the library, or takes longer
/// than 15 s and what its size explains.
void check_hdf5_structure(const std::filesystem::path& path);

}  // namespace foresee::data
