#include "tools/package/shell/man_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace foresee::tools {
namespace {

/// Text in which nothing means anything to man: no command at the begin of a line, no escape, no dash for a hyphen.
std::string plain(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    if (begins && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\')
      out += "\\e";
    else if (text[i] == '-')
      out += "\\-";
    else
      out += text[i];
  }
  return out;
}

std::string option_text(const OptionInfo& option) {
  std::string text = ".TP\n\\fB" + plain(option.flag) + "\\fR";
  if (!option.value.empty() && !option.positional) text += " \\fI" + plain(option.value) + "\\fR";
  text += "\n" + plain(option.meaning.empty() ? "See the name." : option.meaning);
  if (!option.choices.empty()) {
    std::string all;
    for (const auto& choice : option.choices) all += (all.empty() ? "" : ", ") + choice;
    text += plain(" (one of " + all + ")");
  }
  if (!option.usual.empty()) text += plain(" (default " + option.usual + ")");
  return text + "\n";
}

/// Examples and the rest of what stands under --help, line by line.
std::string footer_text(const std::string& footer) {
  if (footer.empty()) return {};
  return ".PP\n.nf\n" + plain(footer) + "\n.fi\n";
}

void add_command(const CommandInfo& command, const std::string& path, std::string& text) {
  text += fmt::format(".SS {}\n{}\n", plain("foresee " + path), plain(command.summary));
  for (const OptionInfo& option : command.options)
    if (option.flag != "--help") text += option_text(option);
  text += footer_text(command.footer);
  for (const CommandInfo& inner : command.commands) add_command(inner, path + " " + inner.name, text);
}

constexpr const char* kDescription =
    "Foresee learns from unlabeled video what comes next. It learns what actions do. Then it searches for the actions "
    "that make the present look like a goal picture.\n.PP\n\\fBforesee config\\fR lists the keys that "
    "\\fB\\-\\-set\\fR "
    "and the file of \\fB\\-\\-config\\fR take.\n";

constexpr const char* kEnvironment =
    ".TP\n\\fBFORESEE_LIBRARY_PATH\\fR\nFolders, separated by colons, where the program looks first for the libraries "
    "of LibTorch, Arrow and MuJoCo. Each may be the folder of the libraries, or one that holds lib, torch/lib, pyarrow "
    "or mujoco. The program looks next in ../lib and ../lib/foresee, as seen from the program, and last where the "
    "libraries lay when it was built.\n"
    ".TP\n\\fBFORESEE_HOME\\fR\nA source tree whose models and pictures are used instead of the installed ones.\n"
    ".TP\n\\fBNO_COLOR\\fR\nSet and not empty: no colours.\n";

constexpr const char* kExitStatus =
    "0 fine; 1 a mistake of the user or of the world, which one line says; 2 a mistake of the program; 3 a comparison "
    "failed, or findings; 129, 130 and 143 stopped by a signal.\n";

}  // namespace

std::string man_page(const CommandInfo& program, const std::string& version) {
  std::string text = fmt::format(".TH FORESEE 1 \"\" \"foresee {}\" \"User Commands\"\n", plain(version));
  text += ".SH NAME\nforesee \\- learn a world model from video and plan with it\n";
  text += ".SH SYNOPSIS\n.B foresee\n.I COMMAND\n[\\fIOPTIONS\\fR]\n";
  text += std::string(".SH DESCRIPTION\n") + kDescription;
  text += ".SH COMMANDS\n";
  for (const CommandInfo& command : program.commands) add_command(command, command.name, text);
  text += std::string(".SH ENVIRONMENT\n") + kEnvironment;
  text += std::string(".SH EXIT STATUS\n") + kExitStatus;
  return text;
}

}  // namespace foresee::tools
