#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/memory.h"
#include "jepa/core/tensor.h"

namespace foresee::data {

/// Reads one array of NumPy's .npy format (versions 1 to 3): numbers of either byte order and truth values, C or
/// Fortran order. Unsigned 16 and 32 bits become the next wider signed type.
/// @param bytes  the whole file. @param keep_alive  owner of the bytes: the tensor is then a view of them (do not
/// write); null: a copy. @param where  what messages call it.
/// @param budget  counts what is copied; null: nothing counts.
/// @returns undefined for text and Python objects, which are not read. @throws DataError on damage.
Tensor parse_npy(std::string_view bytes, const std::string& where, std::shared_ptr<const void> keep_alive = nullptr,
                 ReadBudget* budget = nullptr);

/// The bytes of a .npy file (version 1, C order).
std::string npy_bytes(const Tensor& array);

/// Arrays of a .npz archive by name, without those that parse_npy does not read. Stored members are views of the mapped
/// file; numpy.savez_compressed's are unpacked. Checksums are compared, as numpy does. @param unread  gets the names of
/// what is not read. @throws DataError, also where arrays are far larger than the file (Note [Budgets]).
TensorMap read_npz(const std::filesystem::path& path, std::vector<std::string>* unread = nullptr);
/// The one array of an archive that numpy.savez(path, array) wrote ("arr_0"), or a .npy file. @throws DataError.
Tensor read_numpy(const std::filesystem::path& path);

/// Writes what numpy.savez would, atomically. @throws Error, also for more than 4 GB.
void write_npz(const std::filesystem::path& path, const TensorMap& arrays);

}  // namespace foresee::data
