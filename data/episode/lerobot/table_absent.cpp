// In place of table.cpp where the program is built without Arrow.
#include "data/episode/lerobot/table.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

[[noreturn]] void no_parquet(const std::filesystem::path& path) {
  fail(
      "{}: Parquet is not built in; run 'bash tools/quickstart.sh' without --minimal (it fetches Arrow: "
      "tools/requirements/arrow.txt)",
      path.string());
}

}  // namespace

std::vector<int64_t> Table::integers(const std::string&, const std::filesystem::path& path) const { no_parquet(path); }
std::vector<double> Table::reals(const std::string&, const std::filesystem::path& path) const { no_parquet(path); }
Table read_parquet(const std::filesystem::path& path) { no_parquet(path); }
void write_parquet(const std::filesystem::path& path, const Table&, const std::map<std::string, std::string>&) {
  no_parquet(path);
}
bool parquet_available() { return false; }

}  // namespace foresee::data
