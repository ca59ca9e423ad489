#include "data/episode/hdf5_handle.h"

#include "data/episode/episode_file.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {

constexpr H5Z_filter_t kBloscFilter = 32001;

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) {
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

bool hdf5_available() { return true; }

bool blosc_available() {
  const Hdf5Lock lock;
  if (H5Zfilter_avail(kBloscFilter) <= 0) return false;
  unsigned flags = 0;
  return H5Zget_filter_info(kBloscFilter, &flags) >= 0 && (flags & H5Z_FILTER_CONFIG_DECODE_ENABLED) != 0;
}

}  // namespace foresee::data
