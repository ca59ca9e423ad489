#include "tools/start/libraries.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>

namespace foresee::start {
namespace {

constexpr const char* kVariable = "FORESEE_LIBRARY_PATH";

bool is_readable(const std::string& path) { return ::access(path.c_str(), R_OK) == 0; }

}  // namespace

std::vector<std::string> named_folders() {
  std::vector<std::string> out;
  const char* value = std::getenv(kVariable);
  if (value == nullptr) return out;
  const std::string text = value;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(':', begin), text.size());
    if (const std::string folder = text.substr(begin, end - begin); !folder.empty())
      for (const char* below : {"", "/lib", "/torch/lib", "/pyarrow", "/mujoco"}) out.push_back(folder + below);
    begin = end + 1;
  }
  return out;
}

std::string program_folder() {
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", buffer, sizeof buffer);
  if (size <= 0) return ".";
  const std::string path(buffer, static_cast<size_t>(size));
  return path.substr(0, path.rfind('/'));
}

std::string find_library(const Library& library) {
  std::vector<std::string> folders = named_folders();
  const std::string beside = program_folder();
  folders.push_back(beside + "/../lib");
  folders.push_back(beside + "/../lib/foresee");
  folders.emplace_back(library.folder);
  for (const auto& folder : folders)
    if (const std::string path = folder + "/" + library.file; is_readable(path)) return path;
  return {};
}

std::string load_library(const Library& library) {
  const std::string path = find_library(library);
  if (path.empty()) {
    if (library.optional) return {};
    return std::string(library.part) + " is missing: no " + library.file + " in $" + kVariable + ", " +
           program_folder() + "/../lib, its folder foresee, nor " + library.folder + "; name its folder: " + kVariable +
           "=/path/to/folder";
  }
  if (::dlopen(path.c_str(), RTLD_LAZY | RTLD_GLOBAL) != nullptr) return {};
  const char* error = ::dlerror();
  return std::string(library.part) + " does not load: " + (error != nullptr ? error : path) +
         "; name the folder of another one: " + kVariable + "=/path/to/folder";
}

}  // namespace foresee::start
