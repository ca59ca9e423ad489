#include <CLI/CLI.hpp>

#include "foresee/replay.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

constexpr int kDiffers = 3;  // exit code, as of verify

nlohmann::ordered_json json_of(const ReplayResult& result) {
  nlohmann::ordered_json out{{"model", result.model},         {"acts", result.acts},
                             {"searched", result.searched},   {"late", result.late},
                             {"differing", result.differing}, {"largest_difference", result.largest}};
  out["first_difference"] = result.first ? nlohmann::ordered_json(*result.first) : nullptr;
  out["cut"] = result.cut;
  return out;
}

int replay_record(const ReplayRequest& request, const CommonOptions& common) {
  const ReplayResult result = replay(request, common.control);
  if (common.json) {
    print_json(json_of(result));
  } else {
    print_line("{} calls of the controller of {}: {} with searches under a deadline, {} searches were late then",
               result.acts, result.model, result.searched, result.late);
    if (result.differing == 0)
      print_line("every action is the recorded one, to the last bit");
    else
      print_line("{} calls differ, the first is number {}; largest difference of an action {:.3g}", result.differing,
                 result.first.value_or(0), result.largest);
    if (result.cut)
      print_line("the record ends in the middle of a call, as after a crash: what came before was played");
  }
  return result.differing == 0 ? 0 : kDiffers;
}

}  // namespace

Run setup_replay(CLI::App& app, CommonOptions& common) {
  auto request = std::make_shared<ReplayRequest>();
  app.add_option("record", request->record, "File that Controller::Options::record wrote")
      ->required()
      ->option_text("FILE");
  app.add_option("--model", request->model, "The model, where it lies elsewhere now; or another one")
      ->option_text("PATH");
  add_vjepa2_options(app, request->read);
  return [request, &common] {
    request->device = job_options(common).device;
    return naming_flags({{"record", "FILE"}, {"model", "--model PATH"}},
                        [&] { return replay_record(*request, common); });
  };
}

}  // namespace foresee::tools
