#include "jepa/core/files/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/staged.h"

namespace foresee {
namespace fs = std::filesystem;

void fail_errno(const fs::path& path, const char* what) {
  const int code = errno;
  fail("{}: cannot {}: {}{}", path.string(), what, std::strerror(code),
       code == ENOSPC ? " (free some space and run the same command again)" : "");
}

std::string read_file(const fs::path& path) {
  if (fs::is_directory(path)) fail("{}: is a folder, expected a file", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) fail_errno(path, "open");
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) fail_errno(path, "read");
  return std::move(out).str();
}

void sync_to_disk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  if (descriptor < 0) fail_errno(path, "open");
  const int status = ::fsync(descriptor);
  ::close(descriptor);
  if (status != 0) fail_errno(path, "flush");
}

void write_file_with(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  StagedFile staged(path);
  try {
    write(staged.path());
  } catch (const fs::filesystem_error& error) {
    fail("{}: cannot write: {}", path.string(), error.code().message());
  }
  staged.commit();
}

void write_file(const fs::path& path, std::string_view bytes) {
  write_file_with(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    if (!out) fail_errno(path, "create");
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) fail_errno(path, "write");
  });
}

void write_json(const fs::path& path, const nlohmann::ordered_json& value) {
  write_file(path, value.dump(2, ' ', /*ensure_ascii=*/false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace foresee
