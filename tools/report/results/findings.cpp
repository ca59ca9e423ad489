#include "tools/report/results/findings.h"

#include <fmt/format.h>

#include "jepa/core/files/json.h"

namespace foresee::report {
namespace {

std::string overlap_text(const nlohmann::ordered_json& overlap) {
  const JsonView view(overlap, "overlap");
  if (!view.truth_or("known", false))
    return "Held out: not known. The model does not say which episodes it was trained on, so it may have seen these.";
  return fmt::format("Held out: the model was trained on {} of the {} episodes that are judged on.",
                     view.integer_or("trained", 0), view.integer_or("episodes", 0));
}

}  // namespace

std::vector<std::string> findings(const Results& results) {
  const auto& result = results.result();
  std::vector<std::string> out;
  const JsonView view(result, (results.folder / "results.json").string());
  if (view.has("flags"))
    for (const auto& flag : view.list("flags")) {
      const JsonView one(flag, "flags");
      out.push_back(fmt::format("FLAG {}: {}.", one.text("name"), one.text_or("meaning", "")));
    }
  if (view.has("flags") && out.empty()) out.emplace_back("No flag was raised.");
  if (view.has("failed"))
    for (const auto& [method, message] : result.at("failed").items())
      out.push_back(fmt::format("{} failed: {}", method, message.is_string() ? message.get<std::string>() : ""));
  if (view.has("remarks"))
    for (const auto& remark : view.texts("remarks")) out.push_back(remark + ".");
  if (view.has("overlap"))
    out.push_back(overlap_text(result.at("overlap")));
  else if (results.closed_loop())
    out.emplace_back("Held out: the starts lie on no recorded episodes.");
  if (out.empty()) out.emplace_back("Nothing else was recorded.");
  return out;
}

}  // namespace foresee::report
