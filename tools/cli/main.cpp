#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "build_info.h"
#include "foresee/settings/provenance.h"
#include "jepa/core/api/read_options.h"
#include "jepa/core/config.h"
#include "jepa/core/cpu/heap.h"
#include "jepa/core/cpu/usable.h"
#include "jepa/core/error.h"
#include "jepa/core/files/output.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/core/log_debug.h"
#include "jepa/core/memory.h"
#include "tools/cli/command.h"
#include "tools/cli/terminal.h"
#include "tools/start/cuda.h"
#include "tools/start/streams.h"

namespace {

using namespace foresee;
using namespace foresee::tools;

constexpr int kUserMistake = 1, kOurMistake = 2;
constexpr int64_t kMostThreads = 1024;

void add_common_options(CLI::App& app, CommonOptions& common) {
  app.add_option("--config", common.config, "JSON file laid over the defaults")->option_text("FILE");
  app.add_option("--set", common.set, "Sets one config key, e.g. --set planner.samples=100")
      ->option_text("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option("--device", common.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--seed", common.seed, "Seed of everything random")->capture_default_str();
  app.add_option("--threads", common.threads, "CPU threads; 0: as many as the processors that this process may use")
      ->check(CLI::Range(int64_t{0}, kMostThreads))
      ->capture_default_str();
  app.add_option("--out", common.out, "Where results go")->option_text("PATH");
  app.add_flag("--json", common.json, "One JSON object on stdout; all else on stderr");
  auto* quiet = app.add_flag("--quiet", common.quiet, "No progress and no news on stderr: warnings and errors only");
  app.add_flag("--verbose", common.verbose, "More lines on stderr, to find a fault")->excludes(quiet);
}

/// The command that the arguments name: the inner one of `data` and `bench`.
const CLI::App* named_command(const CLI::App& app, int argc, char** argv) {
  const CLI::App* command = &app;
  for (int i = 1; i < argc; ++i) {
    const auto inner =
        command->get_subcommands([&](const CLI::App* candidate) { return candidate->get_name() == argv[i]; });
    if (inner.empty()) break;
    command = inner.front();
  }
  return command;
}

/// " (did you mean '--steps'?)" for the first option among the arguments that no command takes.
std::string option_suggestion(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> known, taken;
  for (const CLI::App* command = named_command(app, argc, argv); command != nullptr; command = command->get_parent())
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) {
        const bool shown = !option->get_group().empty();  // hide_unused
        if (shown && std::find(known.begin(), known.end(), "--" + name) == known.end()) known.push_back("--" + name);
        taken.push_back("--" + name);
      }
  for (int i = 1; i < argc; ++i) {
    const std::string given = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    if (given.starts_with("--") && given.size() > 2 && std::find(taken.begin(), taken.end(), given) == taken.end())
      return suggestion(given, known);
  }
  return {};
}

/// " (did you mean 'probe'?)" where a word stands in the place of an inner command of `data` or `bench`.
std::string inner_command_suggestion(const CLI::App& app, int argc, char** argv) {
  const CLI::App* group = named_command(app, argc, argv);
  std::vector<std::string> names;
  for (const CLI::App* inner : group->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(inner->get_name());
  if (group->get_parent() == nullptr || names.empty() || argc < 3 || argv[2][0] == '-') return {};
  return suggestion(argv[2], names);
}

/// CLI11 says "The following argument was not expected: X"; a person also wants the nearest command.
int report_parse_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::string hint;
  if (argc > 1 && argv[1][0] != '-') {
    std::vector<std::string> names;
    for (const auto& command : commands()) names.emplace_back(command.name);
    if (std::find(names.begin(), names.end(), argv[1]) == names.end()) {
      print_error(fmt::format("unknown command '{}'{}", argv[1], suggestion(argv[1], names)));
    } else {
      const std::string inner = inner_command_suggestion(app, argc, argv);
      const CLI::App* command = named_command(app, argc, argv);
      const std::string name =
          command->get_name() == argv[1] ? argv[1] : fmt::format("{} {}", argv[1], command->get_name());
      print_error(fmt::format("{}: {}{} (see 'foresee {} --help')", name, error.what(),
                              inner.empty() ? option_suggestion(app, argc, argv) : inner, name));
    }
  } else {
    print_error(fmt::format("{} (see 'foresee --help')", error.what()));
  }
  return kUserMistake;
}

int run(int argc, char** argv) {
  CLI::App app{"Foresee learns a world model from video and plans with it."};
  app.set_version_flag("--version", fmt::format("foresee {}", kVersion));
  app.require_subcommand(argc > 1 ? 1 : 0);
  CommonOptions common;
  Run chosen;
  std::vector<Run> runs;
  for (const auto& command : commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    add_common_options(*sub, common);
    hide_unused(*sub, command.uses);
    runs.push_back(command.setup(*sub, common));
    const std::string more = sub->get_footer().empty() ? "" : sub->get_footer() + "\n\n";
    sub->footer(fmt::format("{}Examples:\n{}", more, command.examples));
  }
  // Only now: a command that is added takes over what its parent says below its help.
  app.footer("Examples:\n  foresee demo\n  foresee doctor\n  foresee pretrain --help");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(app, error, argc, argv);
  }
  if (argc <= 1) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  }
  bool stops = false;
  for (size_t i = 0; i < runs.size(); ++i)
    if (const Command& command = commands()[i]; app.got_subcommand(command.name)) {
      refuse_unused(*app.get_subcommand(command.name), command.name, command.uses);
      chosen = runs[i];
      stops = (command.uses & kStops) != 0;
    }
  // Where the user sets OMP_NUM_THREADS, LibTorch has that number already.
  if (common.threads > 0)
    at::set_num_threads(static_cast<int>(common.threads));
  else if (std::getenv("OMP_NUM_THREADS") == nullptr)
    at::set_num_threads(static_cast<int>(std::min(usable_cpus(), kMostThreads)));
  log_to_stderr(common.quiet ? Verbosity::kQuiet : common.verbose ? Verbosity::kVerbose : Verbosity::kNormal);
  common.control = terminal_control(stops);
  log_debug("{}, {} threads, process {}", version_text(), at::get_num_threads(), ::getpid());
  log_debug("command: {}", command_line());
  const auto begin = std::chrono::steady_clock::now();
  const int code = chosen();
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  log_debug("exit code {} after {:.1f} s, {:.0f} MB of memory at most", code,
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
            static_cast<double>(used.ru_maxrss) / 1024);
  return code;
}

/// LibTorch's messages carry a stack after the first line; people get the line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What a signal that asked for a stop makes of an exit code: never 0, so that `train && eval` does not go on with half
/// a model. Faults of ours stay to be seen.
int code_after_signals(int code) {
  const int signal = stopped_by_signal();
  return signal == 0 || code == kOurMistake ? code : 128 + signal;
}

/// Runs the program and turns exceptions into one line and an exit code.
int guarded_run(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const OutputExists& error) {
    print_error(fmt::format("{} (choose another path; --overwrite replaces an earlier result)", error.what()));
    return kUserMistake;
  } catch (const UnknownSizeError& error) {
    std::string flag = error.option();
    std::replace(flag.begin(), flag.end(), '_', '-');
    print_error(fmt::format("{}: pass --{} N", error.what(), flag));
    return kUserMistake;
  } catch (const NotFiniteError& error) {
    print_error(fmt::format("{} (--allow-nan uses them all the same)", error.what()));
    return kUserMistake;
  } catch (const Error& error) {
    print_error(error.what());
    return kUserMistake;
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(fmt::format("{}: {}", error.path1().string(), system_reason(error.code())));
    return kUserMistake;
  } catch (const std::system_error& error) {
    const bool limit = error.code() == std::errc::resource_unavailable_try_again;
    print_error(
        limit ? "cannot start another thread or process: a limit is reached (see ulimit -u; --threads N asks for fewer)"
              : fmt::format("internal error: {}", first_line(error.what())));
    return limit ? kUserMistake : kOurMistake;
  } catch (const nlohmann::json::exception& error) {
    print_error(fmt::format("a value of the config has the wrong type: {}", first_line(error.what())));
    return kUserMistake;
  } catch (const std::exception& error) {
    if (const auto text = out_of_memory_text(error)) {
      print_error(*text);
      return kUserMistake;
    }
    print_error(fmt::format("internal error: {}", first_line(error.what())));
    return kOurMistake;
  }
}

}  // namespace

/// Called by the starter (tools/start/main.cpp).
extern "C" __attribute__((visibility("default"))) int foresee_main(int argc, char** argv) {
  load_cuda();  // first: see tools/start/cuda.h
  keep_freed_memory();
  std::signal(SIGPIPE, SIG_DFL);  // a reader that goes away ends the program, also where the parent ignored it
  return finish_results(code_after_signals(guarded_run(argc, argv)));
}
