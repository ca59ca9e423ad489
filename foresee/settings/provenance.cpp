#include "foresee/settings/provenance.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "build_info.h"
#include "jepa/core/cpu/about.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/json.h"
#include "jepa/io/manifest.h"

namespace foresee {

std::string shell_quoted(const std::string& word) {
  static constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  const std::string words((std::istreambuf_iterator<char>(in)), {});
  std::string out;
  for (size_t begin = 0; begin < words.size();) {
    const size_t end = std::min(words.find('\0', begin), words.size());
    out += (out.empty() ? "" : " ") + shell_quoted(words.substr(begin, end - begin));
    begin = end + 1;
  }
  return out.empty() ? "unknown" : out;
}

std::string version_text() {
  return fmt::format("foresee {} ({}, {}), LibTorch {}", kVersion, kCompiler, kBuildType, TORCH_VERSION);
}

std::string date_text() { return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))); }

nlohmann::ordered_json provenance(const std::filesystem::path& model) {
  nlohmann::ordered_json out{
      {"command", command_line()},
      {"version", version_text()},
      {"date", date_text()},
      {"machine", fmt::format("{}, {} logical cores", cpu_name(), std::thread::hardware_concurrency())},
      {"threads", at::get_num_threads()}};
  if (!model.empty())
    out["model"] = {{"path", std::filesystem::absolute(model).lexically_normal().string()},
                    {"crc32c", weights_checksum(model)}};
  return out;
}

void remember_call(const std::filesystem::path& run, int64_t from_step) {
  const auto file = run / "made_by.json";
  nlohmann::ordered_json calls = nlohmann::ordered_json::array();
  if (std::filesystem::exists(file)) calls = read_ordered_json(file);
  nlohmann::ordered_json call{{"from_step", from_step}};
  call.update(provenance({}));
  calls.push_back(call);
  write_json(file, calls);
}

}  // namespace foresee
