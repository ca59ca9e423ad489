#include "jepa/core/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jepa/core/error.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/text/json_text.h"

namespace foresee {
namespace fs = std::filesystem;

void fail_errno(const fs::path& path, const char* what) {
  const int code = errno;
  fail("{}: cannot {}: {}", path.string(), what, system_reason(code));
}

std::optional<std::string> why_not_a_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return errno == ENOENT || errno == ENOTDIR ? std::string("no such file")
                                               : "cannot be opened: " + system_reason(errno);
  if (S_ISDIR(status.st_mode)) return "is a folder, expected a file";
  if (S_ISFIFO(status.st_mode)) return "is a pipe, expected a file (write what comes out of it to a file first)";
  if (!S_ISREG(status.st_mode)) return "is a device or a socket, expected a file";
  if (::access(path.c_str(), R_OK) != 0) return "cannot be opened: " + system_reason(errno);
  return std::nullopt;
}

std::string read_file(const fs::path& path) {
  if (const auto reason = why_not_a_file(path)) fail("{}: {}", path.string(), *reason);
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
    fail("{}: cannot write: {}", path.string(), system_reason(error.code()));
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
  write_file(path, json_text(value, 2) + "\n");
}

}  // namespace foresee
