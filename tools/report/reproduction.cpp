#include "tools/report/reproduction.h"

#include <ATen/Parallel.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <ctime>
#include <fstream>
#include <iterator>
#include <thread>

#include "build_info.h"

namespace foresee::report {

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

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Facts reproduction_facts(std::optional<uint64_t> seed, const Facts& more) {
  Facts facts{{"command", command_line()}};
  if (seed) facts.emplace_back("seed", fmt::format("{}", *seed));
  facts.emplace_back("version",
                     fmt::format("foresee {} ({}, {}), LibTorch {}", kVersion, kCompiler, kBuildType, TORCH_VERSION));
  facts.emplace_back("machine", fmt::format("{}, {} logical cores", cpu_name(), std::thread::hardware_concurrency()));
  facts.emplace_back("threads", fmt::format("{}", at::get_num_threads()));
  facts.insert(facts.end(), more.begin(), more.end());
  facts.emplace_back("date", fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr))));
  return facts;
}

Html draw(const Facts& facts) {
  std::string out = "<table class=\"facts\"><tbody>\n";
  for (const auto& [name, value] : facts) {
    const bool code = name == "command";
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}{}{}</td></tr>\n", escape(name), code ? "<code>" : "",
                       escape(value), code ? "</code>" : "");
  }
  return {out + "</tbody></table>\n"};
}

}  // namespace foresee::report
