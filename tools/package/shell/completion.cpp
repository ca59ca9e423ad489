#include "tools/package/shell/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

namespace foresee::tools {
namespace {

/// A word in quotes, for a POSIX shell and for fish.
std::string word_of(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The first sentence of a meaning: a menu has room for no more.
std::string first_sentence(const std::string& meaning) { return meaning.substr(0, meaning.find_first_of(".;\n")); }

/// Calls `take` with every command, its path ("data probe"; the program: "") and the options that it takes: its own and
/// those of the group around it.
using Take =
    std::function<void(const CommandInfo& command, const std::string& path, const std::vector<OptionInfo>& options)>;
void for_each_command(const CommandInfo& command, const std::string& path, std::vector<OptionInfo> options,
                      const Take& take) {
  options.insert(options.end(), command.options.begin(), command.options.end());
  take(command, path, options);
  for (const CommandInfo& inner : command.commands)
    for_each_command(inner, path.empty() ? inner.name : path + " " + inner.name,
                     path.empty() ? std::vector<OptionInfo>{} : options, take);
}

std::string flags_of(const std::vector<OptionInfo>& options) {
  std::vector<std::string> flags;
  for (const OptionInfo& option : options)
    if (!option.positional) flags.push_back(option.flag);
  return fmt::format("{}", fmt::join(flags, " "));
}

std::string names_of(const std::vector<CommandInfo>& commands) {
  std::vector<std::string> names;
  for (const CommandInfo& command : commands) names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, " "));
}

/// The lines that find the command among the words before the present one: `$command` becomes "data probe".
std::string command_cases(const CommandInfo& program, const std::string& word) {
  std::string cases;
  for_each_command(program, "", {}, [&](const CommandInfo& command, const std::string& path, const auto&) {
    for (const CommandInfo& inner : command.commands)
      cases += fmt::format("      {}) command={} ;;\n", word_of(path + "/" + inner.name),
                           word_of(path.empty() ? inner.name : path + " " + inner.name));
  });
  return fmt::format("    case \"$command/{}\" in\n{}    esac\n", word, cases);
}

/// The lines that list the values of `$previous`.
std::string value_cases(const CommandInfo& program) {
  std::string cases;
  for_each_command(program, "", {}, [&](const CommandInfo&, const std::string& path, const auto& options) {
    for (const OptionInfo& option : options)
      if (!option.positional && !option.value.empty())
        cases += fmt::format("    {}) values={} takes_value=1 ;;\n", word_of(path + "/" + option.flag),
                             word_of(fmt::format("{}", fmt::join(option.choices, " "))));
      else if (option.positional && !option.choices.empty())
        cases += fmt::format("    {}/[!-]*) values={} ;;\n", word_of(path),
                             word_of(fmt::format("{}", fmt::join(option.choices, " "))));
  });
  return "  case \"$command/$previous\" in\n" + cases + "  esac\n";
}

}  // namespace

std::string bash_completion(const CommandInfo& program) {
  std::string cases;
  for_each_command(program, "", {}, [&](const CommandInfo& command, const std::string& path, const auto& options) {
    cases += fmt::format("    {}) commands={} flags={} ;;\n", word_of(path), word_of(names_of(command.commands)),
                         word_of(flags_of(options)));
  });
  return fmt::format(
      "# Completion of foresee for bash, made by 'foresee completion bash'.\n"
      "_foresee() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}\n"
      "  local command= commands= flags= values= takes_value= i\n"
      "  COMPREPLY=()\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n{}  done\n"
      "  case \"$command\" in\n{}  esac\n{}"
      "  if [[ -n $values ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\")\n"
      "  elif [[ -n $takes_value ]]; then\n"
      "    return  # a file\n"
      "  elif [[ $word == -* ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$word\")\n"
      "  elif [[ -n $commands ]]; then\n"
      "    mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
      "  fi\n"
      "}}\n"
      "complete -o bashdefault -o default -F _foresee foresee\n",
      command_cases(program, "${COMP_WORDS[i]}"), cases, value_cases(program));
}

std::string zsh_completion(const CommandInfo& program) {
  const auto entry = [](std::string name, const std::string& meaning) {
    return "\n      " + word_of(name + ":" + first_sentence(meaning));
  };
  std::string cases;
  for_each_command(program, "", {}, [&](const CommandInfo& command, const std::string& path, const auto& options) {
    std::string commands, flags;
    for (const CommandInfo& inner : command.commands) commands += entry(inner.name, inner.summary);
    for (const OptionInfo& option : options)
      if (!option.positional) flags += entry(option.flag, option.meaning);
    cases += fmt::format("    {}) commands=({}) flags=({}) ;;\n", word_of(path), commands, flags);
  });
  return fmt::format(
      "#compdef foresee\n"
      "# Completion of foresee for zsh, made by 'foresee completion zsh'.\n"
      "_foresee() {{\n"
      "  local word=${{words[CURRENT]}} previous=${{words[CURRENT-1]}} command= values= takes_value= i\n"
      "  local -a commands flags\n"
      "  for ((i = 2; i < CURRENT; ++i)); do\n{}  done\n"
      "  case \"$command\" in\n{}  esac\n{}"
      "  if [[ -n $values ]]; then\n"
      "    compadd -- ${{=values}}\n"
      "  elif [[ -n $takes_value ]]; then\n"
      "    _files\n"
      "  elif [[ $word == -* ]]; then\n"
      "    _describe -o option flags\n"
      "  elif (( $#commands )); then\n"
      "    _describe command commands\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}}\n"
      "_foresee \"$@\"\n",
      command_cases(program, "${words[i]}"), cases, value_cases(program));
}

std::string fish_completion(const CommandInfo& program) {
  std::string text = "# Completion of foresee for fish, made by 'foresee completion fish'.\n";
  for_each_command(program, "", {}, [&](const CommandInfo& command, const std::string& path, const auto& options) {
    std::string here = path.empty() ? "__fish_use_subcommand" : "";
    for (size_t at = 0; at < path.size();) {  // "data probe": both were seen
      const size_t end = std::min(path.find(' ', at), path.size());
      here += (here.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + path.substr(at, end - at));
      at = end + 1;
    }
    const std::string none = path.empty() || command.commands.empty()
                                 ? here
                                 : here + "; and not __fish_seen_subcommand_from " + names_of(command.commands);
    for (const CommandInfo& inner : command.commands)
      text += fmt::format("complete -c foresee -n {} -f -a {} -d {}\n", word_of(none), inner.name,
                          word_of(first_sentence(inner.summary)));
    for (const OptionInfo& option : options) {
      if (option.positional) continue;
      std::string values = option.value.empty() ? "" : " -r";
      if (!option.choices.empty()) values = " -x -a " + word_of(fmt::format("{}", fmt::join(option.choices, " ")));
      text += fmt::format("complete -c foresee -n {} -l {}{} -d {}\n", word_of(here), option.flag.substr(2), values,
                          word_of(first_sentence(option.meaning)));
    }
  });
  return text;
}

}  // namespace foresee::tools
