#include "data/episode/hdf5/handle.h"

#include <ATen/ATen.h>

#include <vector>

#include "data/episode/hdf5/array.h"
#include "data/episode/hdf5/episode_file.h"
#include "data/episode/hdf5/packed_chunks.h"
#include "data/episode/hdf5/storage.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/memory.h"

namespace foresee::data {
namespace {

constexpr H5Z_filter_t kBloscFilter = 32001;

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

/// Whether the parts of a float lie where IEEE 754 has them.
bool is_ieee_float(hid_t type, size_t size) {
  size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0) return false;
  const size_t bits = size == 2 ? 5 : size == 4 ? 8 : 11;
  return (size == 2 || size == 4 || size == 8) && sign == 8 * size - 1 && mantissa == 0 &&
         mantissa_bits == 8 * size - 1 - bits && exponent == mantissa_bits && exponent_bits == bits;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) {
  // Before the library starts: what a full disk left unwritten must not be written, and crash, at exit.
  [[maybe_unused]] static const herr_t no_exit_handler = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5Eclear2(H5E_DEFAULT);
}

std::string hdf5_reason() {
  std::string reason;
  const auto take_first = [](unsigned n, const H5E_error2_t* error, void* out) -> herr_t {
    if (n == 0 && error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
  for (auto& c : reason)
    if (c == '\n') c = ' ';
  if (reason.find("bad version number") != std::string::npos)
    reason +=
        " (written by a newer HDF5 library than this one; write it with libver=('earliest', 'v110'), or use h5repack)";
  if (reason.find("required filter") != std::string::npos)
    reason += " (packed by a filter that is not here; repack the file where it is: h5repack -f GZIP=4 OLD NEW)";
  return reason.empty() ? "unknown HDF5 error" : reason;
}

hid_t hdf5_type(at::ScalarType dtype) {
  switch (dtype) {
    case at::kByte:
      return H5T_NATIVE_UINT8;
    case at::kBool:
      return H5T_NATIVE_UINT8;
    case at::kChar:
      return H5T_NATIVE_INT8;
    case at::kShort:
      return H5T_NATIVE_INT16;
    case at::kInt:
      return H5T_NATIVE_INT32;
    case at::kLong:
      return H5T_NATIVE_INT64;
    case at::kFloat:
      return H5T_NATIVE_FLOAT;
    case at::kDouble:
      return H5T_NATIVE_DOUBLE;
    default:
      fail("episode files hold no {}", at::toString(dtype));
  }
}

std::optional<at::ScalarType> hdf5_tensor_type(hid_t type) {
  const size_t size = H5Tget_size(type);
  const H5T_class_t kind = H5Tget_class(type);
  // Numbers of a common form alone: others would be converted by code that few files ever met.
  if ((kind == H5T_INTEGER || kind == H5T_FLOAT) &&
      (size > 8 || H5Tget_offset(type) != 0 || H5Tget_precision(type) != 8 * size))
    return std::nullopt;
  if (kind == H5T_FLOAT && !is_ieee_float(type, size)) return std::nullopt;
  switch (kind) {
    case H5T_ENUM:
      return size == 1 ? std::optional(at::kBool) : std::nullopt;  // how h5py stores truth values
    case H5T_FLOAT:
      return size <= 4 ? at::kFloat : at::kDouble;
    case H5T_INTEGER:
      break;
    default:
      return std::nullopt;
  }
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  if (size == 1) return is_signed ? at::kChar : at::kByte;
  if (size == 2) return is_signed ? at::kShort : at::kInt;
  if (size == 4 && is_signed) return at::kInt;
  return at::kLong;
}

bool is_hdf5_list_of_bytes(hid_t type) {
  const Hdf5Handle base(H5Tget_class(type) == H5T_VLEN ? H5Tget_super(type) : -1, H5Tclose);
  return base.valid() && H5Tget_class(base.get()) == H5T_INTEGER && H5Tget_size(base.get()) == 1;
}

Hdf5Handle open_hdf5_object(hid_t file, const std::string& name) {
  // Made once: closing it after a failure would clear the library's reason.
  static const hid_t access = [] {
    const auto refuse = [](const char*, const char*, const char*, const char*, unsigned*, hid_t, void*) -> herr_t {
      return -1;
    };
    const hid_t list = H5Pcreate(H5P_LINK_ACCESS);
    H5Pset_elink_cb(list, refuse, nullptr);
    return list;
  }();
  return {H5Oopen(file, name.c_str(), access), H5Oclose};
}

Hdf5Handle open_hdf5_file(const std::filesystem::path& path) {
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
#if H5_VERSION_GE(1, 10, 7)
  H5Pset_file_locking(access.get(), /*use_file_locking=*/false, /*ignore_when_disabled=*/true);
#endif
  Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (!file.valid()) {
    const std::string reason = hdf5_reason();
    if (H5Fis_hdf5(path.c_str()) == 0) fail<DataError>("{}: not an HDF5 file", path.string());
    fail<DataError>("{}: cannot be opened: {}", path.string(), reason);
  }
  return file;
}

bool hdf5_available() { return true; }

bool blosc_available() {
  const Hdf5Lock lock;
  if (H5Zfilter_avail(kBloscFilter) <= 0) return false;
  unsigned flags = 0;
  return H5Zget_filter_info(kBloscFilter, &flags) >= 0 && (flags & H5Z_FILTER_CONFIG_DECODE_ENABLED) != 0;
}

Tensor read_hdf5_array(const std::filesystem::path& path, const std::string& name) {
  const Hdf5Lock lock;
  check_hdf5_structure(path);
  const Hdf5Handle file = open_hdf5_file(path);
  const Hdf5Handle dataset = open_hdf5_object(file.get(), name);
  if (!dataset.valid() || H5Iget_type(dataset.get()) != H5I_DATASET) return {};
  const Hdf5Handle type(H5Dget_type(dataset.get()), H5Tclose), space(H5Dget_space(dataset.get()), H5Sclose);
  const auto dtype = hdf5_tensor_type(type.get());
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (!dtype || rank < 0 || rank > 8) fail<DataError>("{}: '{}' is not an array of numbers", path.string(), name);
  std::vector<hsize_t> extent(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
  check_hdf5_storage(path, dataset.get(), name);
  uint64_t bytes = at::elementSize(*dtype);
  for (const auto n : extent) bytes *= n;  // no overflow: the storage was checked
  ReadBudget(path.string(), std::filesystem::file_size(path), kHdf5BytesPerByte).take(bytes, "column '" + name + "'");
  if (rank > 0) PackedChunks(path, dataset.get(), name).check(dataset.get(), 0, static_cast<int64_t>(extent[0]));
  Tensor out = at::empty(std::vector<int64_t>(extent.begin(), extent.end()), *dtype);
  if (H5Dread(dataset.get(), hdf5_type(*dtype), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data_ptr()) < 0)
    fail<DataError>("{}: '{}' cannot be read: {}", path.string(), name, hdf5_reason());
  return out;
}

}  // namespace foresee::data
