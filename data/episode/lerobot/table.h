#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::data {

/// Columns of one Parquet file: numbers, texts (bytes as well) and lists of texts. Others are named in `unread`.
struct Table {
  int64_t rows = 0;
  TensorMap numbers;  // [rows, ...]: scalars and lists; where a row has no value, or a list is short: NaN
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, std::vector<std::vector<std::string>>> text_lists;
  std::map<std::string, std::string> unread;  // columns that are none of these, and why
  std::map<std::string, std::string> notes;   // columns with rows that became NaN: which

  /// Whole numbers of a scalar column. @throws DataError naming the file where there is none.
  std::vector<int64_t> integers(const std::string& name, const std::filesystem::path& path) const;
  /// Numbers of a scalar column. @throws DataError.
  std::vector<double> reals(const std::string& name, const std::filesystem::path& path) const;
};

/// Reads a Parquet file through Arrow. A column of structs {bytes, path} (pictures) gives its bytes as text.
/// @throws DataError on damage; Error where Arrow is not built in.
Table read_parquet(const std::filesystem::path& path);

/// Writes a table: snappy, dictionaries; lists of numbers of rank 1 have a fixed length, those of higher rank are
/// nested lists. Not atomic: for files of a staged folder.
/// @param metadata  key-value pairs of the schema ("pandas", "huggingface"). @throws Error.
void write_parquet(const std::filesystem::path& path, const Table& table,
                   const std::map<std::string, std::string>& metadata = {});

/// True when Arrow is built in.
bool parquet_available();

}  // namespace foresee::data
