#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foresee/settings.h"
#include "jepa/core/api/job.h"
#include "jepa/core/files/output.h"

namespace CLI {
class App;
}

namespace foresee::tools {

/// The options that every command takes (design: command line).
struct CommonOptions {
  std::optional<std::filesystem::path> config;  // --config FILE: JSON laid over the defaults
  std::vector<std::string> set;                 // --set a.b=c, after the file
  std::string device = "auto";                  // auto | cpu | cuda
  uint64_t seed = 0;
  int64_t threads = 0;  // 0: all cores
  std::optional<std::filesystem::path> out;
  bool overwrite = false;  // --overwrite, of commands that add it: earlier results may be replaced
  bool json = false;       // one JSON object on stdout, all else on stderr
  bool quiet = false;      // warnings and errors only on stderr
  bool verbose = false;    // more lines on stderr
  JobControl control;      // progress on stderr; Ctrl-C
};

/// What a command runs after parsing; returns the exit code.
using Run = std::function<int()>;

/// Options of all commands that only some use. --threads, --json, --quiet and --verbose mean something everywhere.
enum Uses : unsigned {
  kNone = 0,
  kSettings = 1,
  kDevice = 2,
  kSeed = 4,
  kOut = 8,
  kStops = 16,  // its job asks whether to stop: a signal waits for that; of others it ends the program as ever
};

/// One subcommand: `setup` adds its own options to `app` and returns what runs. `common` outlives the call.
struct Command {
  const char* name;
  const char* summary;
  Run (*setup)(CLI::App& app, CommonOptions& common);
  unsigned uses;         // of Uses
  const char* examples;  // under --help: a command on each line
};

/// Takes the options of all commands that `app` does not use out of its help, of completion and of the manual page.
void hide_unused(CLI::App& app, unsigned uses);

/// Refuses an option of all commands that was given to `app` and that its command `name` does not use. @throws Error.
void refuse_unused(const CLI::App& app, const std::string& name, unsigned uses);

/// All commands, in the order of the help. One line each in tools/cli/commands.cpp.
const std::vector<Command>& commands();

/// `defaults`, the --config file and every --set, laid over each other; strict reading is up to parse_config.
nlohmann::json layered_config(const nlohmann::json& defaults, const CommonOptions& common);

/// What every job takes. @throws Error for "cuda" on a machine without a GPU (says why).
JobOptions job_options(const CommonOptions& common);

/// "cuda" or "cpu" for --device. @throws Error for "cuda" on a machine without a GPU (says why).
std::string resolve_device(const CommonOptions& common);

/// Adds --overwrite: for commands whose result may replace an earlier one.
void add_overwrite(CLI::App& app, CommonOptions& common);

/// What the output of a command may do. @param inputs  files and folders that are read. @param input_folders  data sets
/// and video folders: outputs do not lie in them.
OutputRules output_rules(const CommonOptions& common, std::vector<std::filesystem::path> inputs,
                         std::vector<std::filesystem::path> input_folders = {});

/// Prints one JSON object on stdout. @param indent  spaces per level; -1: on one line.
void print_json(const nlohmann::ordered_json& value, int indent = 2);

Run setup_demo(CLI::App& app, CommonOptions& common);
Run setup_doctor(CLI::App& app, CommonOptions& common);
Run setup_data(CLI::App& app, CommonOptions& common);
Run setup_encode(CLI::App& app, CommonOptions& common);
Run setup_pretrain(CLI::App& app, CommonOptions& common);
Run setup_train(CLI::App& app, CommonOptions& common);
Run setup_plan(CLI::App& app, CommonOptions& common);
Run setup_eval(CLI::App& app, CommonOptions& common);
Run setup_export(CLI::App& app, CommonOptions& common);
Run setup_inspect(CLI::App& app, CommonOptions& common);
Run setup_verify(CLI::App& app, CommonOptions& common);
Run setup_completion(CLI::App& app, CommonOptions& common);
Run setup_bench(CLI::App& app, CommonOptions& common);
Run setup_replay(CLI::App& app, CommonOptions& common);
Run setup_report(CLI::App& app, CommonOptions& common);
Run setup_config(CLI::App& app, CommonOptions& common);

}  // namespace foresee::tools
