#include "tools/report/document.h"

#include <fmt/format.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/system_reason.h"
#include "tools/report/style.h"

namespace foresee::report {

Report::Report(std::string title, std::string lead) : title_(std::move(title)), lead_(std::move(lead)) {}

void Report::add_notice(const std::string& text) {
  notices_ += fmt::format("<p class=\"notice\">{}</p>\n", escape(text));
}

void Report::add_tile(const Tile& tile) {
  FORESEE_CHECK(!tile.compared.empty(), "expected what '{}' is compared with, got nothing", tile.label);
  tiles_ += fmt::format("<div class=\"tile\"><span>{}</span><strong>{}</strong><small>{}</small></div>\n",
                        escape(tile.label), escape(tile.value), escape(tile.compared));
}

void Report::add_section(const std::string& title, const std::vector<Html>& content) {
  sections_ += fmt::format("<section><h2>{}</h2>\n", escape(title));
  for (const auto& part : content) sections_ += part.markup;
  sections_ += "</section>\n";
}

std::string Report::html() const {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<header>\n", escape(title_), kStyle);
  out += fmt::format("<p class=\"mark\">foresee</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{}", escape(title_),
                     escape(lead_), notices_);
  if (!tiles_.empty()) out += "<div class=\"tiles\">\n" + tiles_ + "</div>\n";
  return out + "</header>\n<main>\n" + sections_ + "</main>\n</body>\n</html>\n";
}

void Report::write(const std::filesystem::path& path) const {
  if (path.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) fail("{}: cannot make the folder: {}", path.parent_path().string(), system_reason(error));
  }
  write_file(path, html());
}

}  // namespace foresee::report
