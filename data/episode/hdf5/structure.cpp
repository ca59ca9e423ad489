#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <set>
#include <tuple>
#include <vector>

#include "data/episode/hdf5/handle.h"
#include "data/episode/hdf5/storage.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"

namespace foresee::data {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLongest{60};
constexpr size_t kMostWords = 2000;  // of the child's message

/// One row of a column without filters, to pass through the library's reading once. What it holds does not matter.
void try_row(hid_t dataset, hsize_t row) {
  constexpr size_t kMostBytes = 64 << 20;
  const Hdf5Handle from(H5Dget_space(dataset), H5Sclose), type(H5Dget_type(dataset), H5Tclose);
  std::vector<hsize_t> extent(static_cast<size_t>(H5Sget_simple_extent_ndims(from.get())));
  H5Sget_simple_extent_dims(from.get(), extent.data(), nullptr);
  if (extent.empty() || row >= extent[0]) return;
  std::vector<hsize_t> start(extent.size(), 0);
  start[0] = row;
  extent[0] = 1;
  double bytes = static_cast<double>(H5Tget_size(type.get()));
  for (const hsize_t n : extent) bytes *= static_cast<double>(n);
  if (bytes > kMostBytes) return;
  std::vector<char> room(static_cast<size_t>(bytes));
  const Hdf5Handle to(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), H5Sclose);
  H5Sselect_hyperslab(from.get(), H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
  H5Dread(dataset, type.get(), to.get(), from.get(), H5P_DEFAULT, room.data());
}

/// All that the library does with a file before its rows are read.
void walk_file(const fs::path& path) {
  const Hdf5Handle file = open_hdf5_file(path);
  for (const auto& name : hdf5_root_names(path, file.get())) {
    const Hdf5Handle object(open_hdf5_object(file.get(), name));
    if (!object.valid()) fail<DataError>("{}: column '{}' is damaged: {}", path.string(), name, hdf5_reason());
    if (H5Iget_type(object.get()) != H5I_DATASET) continue;
    const Hdf5Handle type(H5Dget_type(object.get()), H5Tclose), creation(H5Dget_create_plist(object.get()), H5Pclose);
    if (!hdf5_tensor_type(type.get())) continue;
    check_hdf5_storage(path, object.get(), name);
    H5Dget_storage_size(object.get());  // goes through the whole index of chunks
    if (H5Pget_nfilters(creation.get()) != 0) continue;
    const Hdf5Handle space(H5Dget_space(object.get()), H5Sclose);
    std::vector<hsize_t> extent(static_cast<size_t>(H5Sget_simple_extent_ndims(space.get())));
    H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
    if (extent.empty() || extent[0] == 0) continue;
    try_row(object.get(), 0);
    try_row(object.get(), extent[0] - 1);
  }
}

/// The child's part: one byte '+', or '-' and a message; nothing where it crashes.
[[noreturn]] void run_child(const fs::path& path, int out) {
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) ::signal(number, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  std::string answer = "+";
  try {
    walk_file(path);
  } catch (const std::exception& error) {
    answer = "-" + std::string(error.what()).substr(0, kMostWords);
  }
  const ssize_t ignored = ::write(out, answer.data(), answer.size());  // less than a pipe holds
  (void)ignored;
  ::_exit(0);
}

/// What the child says until it ends or `until` is past; then it is ended.
std::string listen(int in, pid_t child) {
  const auto until = std::chrono::steady_clock::now() + kLongest;
  std::string answer;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd ready{in, POLLIN, 0};
    const int found = left.count() > 0 ? ::poll(&ready, 1, static_cast<int>(left.count())) : 0;
    if (found < 0 && errno == EINTR) continue;
    if (found <= 0) {
      ::kill(child, SIGKILL);
      return "?";
    }
    char bytes[256];
    const ssize_t count = ::read(in, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return answer;
    answer.append(bytes, static_cast<size_t>(count));
  }
}

}  // namespace

void check_hdf5_structure(const fs::path& path) {
  using State = std::tuple<dev_t, ino_t, off_t, time_t, long>;
  static std::set<State> sound;  // guarded by the library's lock
  struct stat status {};
  if (const auto reason = why_not_a_file(path)) fail<DataError>("{}: {}", path.string(), *reason);
  if (::stat(path.c_str(), &status) != 0) fail<DataError>("{}: {}", path.string(), system_reason(errno));
  const State state{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  if (sound.contains(state)) return;
  // A fork of a program with threads may only do what needs no lock that another thread holds. The child calls libhdf5,
  // whose lock is ours, and the allocator, which the C library makes ready for it; it computes with no tensor.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("{}: cannot be checked: {}", path.string(), system_reason(errno));
  const pid_t child = ::fork();
  if (child == 0) run_child(path, ends[1]);
  const int code = errno;
  ::close(ends[1]);
  const std::string answer = child > 0 ? listen(ends[0], child) : "";
  ::close(ends[0]);
  if (child < 0) fail("{}: cannot be checked: {}", path.string(), system_reason(code));
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (answer == "?") fail<DataError>("{}: its structure cannot be walked within {} s", path.string(), kLongest.count());
  if (answer.empty()) fail<DataError>("{}: is damaged: the HDF5 library crashes on it", path.string());
  if (answer.front() == '-') fail<DataError>("{}", answer.substr(1));
  sound.insert(state);
}

}  // namespace foresee::data
