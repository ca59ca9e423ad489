// In place of hdf5_handle.cpp, episode_file.cpp and episode_writer.cpp where the program is built without HDF5.
#include "data/episode/hdf5/array.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/hdf5/grouped.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

[[noreturn]] void no_hdf5(const std::filesystem::path& path) {
  fail("{}: this program was built without HDF5 (Debian: libhdf5-dev, then configure again)", path.string());
}

}  // namespace

struct EpisodeFile::Impl {};
struct EpisodeWriter::Impl {};

EpisodeFile::EpisodeFile(const std::filesystem::path& path, bool) { no_hdf5(path); }
EpisodeFile::~EpisodeFile() = default;
EpisodeFile::EpisodeFile(EpisodeFile&&) noexcept = default;
int64_t EpisodeFile::episodes() const { return 0; }
int64_t EpisodeFile::rows() const { return 0; }
int64_t EpisodeFile::length(int64_t) const { return 0; }
int64_t EpisodeFile::offset(int64_t) const { return 0; }
uint64_t EpisodeFile::id(int64_t) const { return 0; }
const std::vector<ColumnInfo>& EpisodeFile::columns() const { no_hdf5({}); }
const std::vector<UnreadColumn>& EpisodeFile::unread() const { no_hdf5({}); }
const std::vector<std::string>& EpisodeFile::notes() const { no_hdf5({}); }
const std::vector<std::string>& EpisodeFile::flaws() const { no_hdf5({}); }
bool EpisodeFile::has_pictures(const std::string&) const { return false; }
bool EpisodeFile::has(const std::string&) const { return false; }
const ColumnInfo& EpisodeFile::column(const std::string&) const { no_hdf5({}); }
Tensor EpisodeFile::read(const std::string&, int64_t, int64_t) const { no_hdf5({}); }
Episode EpisodeFile::episode(int64_t) const { no_hdf5({}); }
void EpisodeFile::read_pictures(const std::string&, int64_t, int64_t, int64_t, uint8_t*) const { no_hdf5({}); }

EpisodeWriter::EpisodeWriter(std::filesystem::path path, PixelCompression) { no_hdf5(path); }
EpisodeWriter::~EpisodeWriter() = default;
EpisodeWriter::EpisodeWriter(EpisodeWriter&&) noexcept = default;
void EpisodeWriter::add(const Episode&) {}
void EpisodeWriter::commit() {}

std::unique_ptr<EpisodeSource> open_grouped(const std::filesystem::path& path, const SourceOptions&) { no_hdf5(path); }

Tensor read_hdf5_array(const std::filesystem::path& path, const std::string&) { no_hdf5(path); }

bool blosc_available() { return false; }
bool hdf5_available() { return false; }

}  // namespace foresee::data
