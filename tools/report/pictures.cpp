#include "tools/report/pictures.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/picture/image.h"
#include "jepa/core/error.h"

namespace foresee::report {
namespace {

std::string draw_picture(const Picture& picture, const char* css_class) {
  return fmt::format("<figure class=\"{}\"><img src=\"{}\" alt=\"{}\"><figcaption>{}</figcaption></figure>", css_class,
                     data_url(picture.png), escape(picture.label), escape(picture.label));
}

std::string draw_strip(const FilmStrip& strip, const StripWords& words) {
  std::string out =
      fmt::format("<div class=\"strip\"><p><b class=\"{}\">{}</b> {}</p><div class=\"frames\">",
                  strip.success ? "good" : "bad", strip.success ? words.good : words.bad, escape(strip.caption));
  for (const auto& frame : strip.frames) out += draw_picture(frame, "frame");
  if (strip.goal) out += draw_picture(*strip.goal, "frame goal");
  out += "</div>";
  if (strip.whole)
    out += fmt::format("<img class=\"wide\" src=\"{}\" alt=\"{}\">", data_url(strip.whole->png),
                       escape(strip.whole->label));
  return out + "</div>\n";
}

}  // namespace

Picture make_picture(const Tensor& image, std::string label, int64_t scale) {
  FORESEE_CHECK(image.dim() == 3 && image.size(0) == 3 && image.scalar_type() == at::kByte && scale >= 1,
                "expected uint8 [3, H, W] and scale >= 1, got {} and {}", describe(image), scale);
  const Tensor large = scale == 1 ? image : image.repeat_interleave(scale, 1).repeat_interleave(scale, 2);
  return {data::encode_png(large.contiguous()), std::move(label)};
}

Html draw_strips(std::vector<FilmStrip> strips, int64_t successes, const StripWords& words) {
  std::stable_partition(strips.begin(), strips.end(), [](const auto& strip) { return !strip.success; });
  const auto failed = std::count_if(strips.begin(), strips.end(), [](const auto& strip) { return !strip.success; });
  const auto shown = std::min<size_t>(strips.size(), static_cast<size_t>(failed + successes));
  std::string out;
  if (failed == 0 && !strips.empty()) out += fmt::format("<p>{}</p>\n", words.none_bad);
  for (size_t i = 0; i < shown; ++i) out += draw_strip(strips[i], words);
  if (shown < strips.size()) {
    out += fmt::format("<details><summary>{} {}</summary>\n", strips.size() - shown, words.more_good);
    for (size_t i = shown; i < strips.size(); ++i) out += draw_strip(strips[i], words);
    out += "</details>\n";
  }
  return {out};
}

Html draw_rows(const std::vector<PictureRow>& rows, const std::string& caption) {
  std::string out = "<figure class=\"rows\">\n";
  for (const auto& row : rows) {
    FORESEE_CHECK(row.pictures.size() == rows.front().pictures.size(),
                  "expected {} pictures in every row, got {} in '{}'", rows.front().pictures.size(),
                  row.pictures.size(), row.label);
    out += fmt::format("<p>{}</p><div class=\"row{}\" style=\"grid-template-columns:repeat({},minmax(0,1fr))\">",
                       escape(row.label), row.pixels ? " pixels" : "", row.pictures.size());
    for (const auto& picture : row.pictures)
      out += fmt::format("<img src=\"{}\" alt=\"{}\">", data_url(picture.png), escape(picture.label));
    out += "</div>\n";
  }
  return {out + fmt::format("<figcaption>{}</figcaption></figure>\n", escape(caption))};
}

}  // namespace foresee::report
