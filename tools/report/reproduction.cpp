#include "tools/report/reproduction.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <thread>

#include "foresee/settings/provenance.h"
#include "jepa/core/cpu/about.h"

namespace foresee::report {

Facts reproduction_facts(std::optional<uint64_t> seed, const Facts& more) {
  Facts facts{{"command", command_line()}};
  if (seed) facts.emplace_back("seed", fmt::format("{}", *seed));
  facts.emplace_back("version", version_text());
  facts.emplace_back("machine", fmt::format("{}, {} logical cores", cpu_name(), std::thread::hardware_concurrency()));
  facts.emplace_back("threads", fmt::format("{}", at::get_num_threads()));
  facts.insert(facts.end(), more.begin(), more.end());
  facts.emplace_back("date", date_text());
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
