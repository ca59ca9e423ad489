#include "data/clip/clip_list.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "data/clip/video_names.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"

namespace foresee::data {
namespace fs = std::filesystem;
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<double> number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || is_blank(text.front())) return std::nullopt;
  return value;
}

// "3.0", which pandas makes of 3, is the class 3.
std::string tidy_label(std::string label) {
  const size_t point = label.find('.');
  if (point != std::string::npos && point > 0 && number(label) &&
      label.find_first_not_of('0', point + 1) == std::string::npos)
    label.resize(point);
  return label;
}

// Fields between `separator`, without their quotes; a doubled quote inside quotes is one.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> fields;
  std::string field;
  bool quoted = false, was_quoted = false;
  const auto close = [&] {
    fields.push_back(was_quoted ? field : trimmed(field));
    field.clear();
    was_quoted = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      field += c;
      ++i;
    } else if (c == '"' && (quoted || trimmed(field).empty())) {
      if (!quoted) field.clear();
      quoted = !quoted;
      was_quoted = true;
    } else if (c == separator && !quoted) {
      close();
    } else if (!(was_quoted && !quoted && is_blank(c))) {
      field += c;
    }
  }
  close();
  return fields;
}

std::vector<std::string> split_text(std::string_view text, std::string_view separator) {
  std::vector<std::string> fields;
  while (true) {
    const size_t at = text.find(separator);
    fields.push_back(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return fields;
    text.remove_prefix(at + separator.size());
  }
}

// What stands behind a path: labels between commas, semicolons or tabs; numbers between blanks; else one class name.
std::vector<std::string> labels_in(const std::string& rest) {
  const std::string text = trimmed(rest);
  if (text.empty()) return {};
  for (const char separator : {'\t', ',', ';'}) {
    if (text.find(separator) == std::string::npos) continue;
    std::vector<std::string> labels = split(text, separator);
    std::erase(labels, "");
    return labels;
  }
  if (text.find('"') != std::string::npos) return split(text, '\0');
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && !is_blank(text[end])) ++end;
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const bool numbers = std::all_of(words.begin(), words.end(), [](const auto& word) { return number(word); });
  return numbers ? words : std::vector<std::string>{text};
}

struct SplitLine {
  std::string path;
  std::vector<std::string> labels;
};

class ListReader {
 public:
  explicit ListReader(const fs::path& file) : file_(file), folder_(file.parent_path()) {}

  std::vector<ListedClip> read() {
    if (const auto reason = why_not_a_file(file_)) fail<DataError>("{}: {}", file_.string(), *reason);
    std::string text = read_file(file_);
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
      fail<DataError>("{}: is UTF-16 text; save it as UTF-8", file_.string());
    if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
    // Lines of old spreadsheets end in CR alone.
    std::istringstream lines(text);
    const char line_end = text.find('\n') == std::string::npos ? '\r' : '\n';
    bool first = true;
    for (std::string line; std::getline(lines, line, line_end);) {
      ++number_;
      while (!line.empty() && is_blank(line.back())) line.pop_back();
      if (line.starts_with(' ') && !is_file(split_free(line).path)) line = trimmed(line);
      if (line.empty() || is_comment(line)) continue;
      if (!std::exchange(first, false) || !read_header(line)) add(line);
    }
    if (clips_.empty()) fail<DataError>("{}: this list names no video", file_.string());
    return std::move(clips_);
  }

 private:
  bool is_file(const std::string& path) const {
    std::error_code code;
    return !path.empty() && fs::is_regular_file(folder_ / path, code);
  }

  // A file may be called "#1.mp4".
  bool is_comment(const std::string& line) const {
    if (line.front() != '#') return false;
    const SplitLine split_line = split_free(line);
    return !is_file(split_line.path) && (line.size() < 2 || is_blank(line[1]) || !has_media_name(split_line.path));
  }

  bool read_header(const std::string& line) {
    static constexpr std::array kPaths{"path",     "paths",     "file",  "filename", "file_name",
                                       "filepath", "file_path", "video", "videos",   "video_path",
                                       "clip",     "clip_path", "name"};
    static constexpr std::array kLabels{"label", "labels", "class", "class_name", "target", "category", "action"};
    static constexpr std::array kWeights{"weight", "weights"};
    const char separator = line.find('\t') != std::string::npos  ? '\t'
                           : line.find(',') != std::string::npos ? ','
                           : line.find(';') != std::string::npos ? ';'
                                                                 : ' ';
    const std::vector<std::string> fields = split(line, separator);
    std::optional<size_t> path, weight;
    std::vector<size_t> labels;
    for (size_t i = 0; i < fields.size(); ++i) {
      const std::string name = lower(fields[i]);
      const auto is_one_of = [&](const auto& names) {
        return std::find(names.begin(), names.end(), name) != names.end();
      };
      if (is_one_of(kPaths)) {
        if (!path) path = i;
      } else if (is_one_of(kLabels)) {
        labels.push_back(i);
      } else if (is_one_of(kWeights)) {
        weight = i;
      }
    }
    const size_t known = labels.size() + (path ? 1 : 0) + (weight ? 1 : 0);
    if (separator == ' ' && known < fields.size()) return false;  // "a clip 0.png green"
    if (const SplitLine as_clip = split_free(line); is_file(as_clip.path) || has_media_name(as_clip.path)) return false;
    if ((!path && labels.empty()) || (fields.size() == 1 && !path)) return false;
    separator_ = separator;
    columns_ = fields.size();
    path_column_ = path.value_or(0);
    label_columns_ = labels;
    weight_column_ = weight;
    return true;
  }

  void add(const std::string& line) {
    ListedClip clip{.path = {}, .name = {}, .labels = {}, .weight = 1, .line = number_};
    const std::vector<std::string> fields = columns_ > 1 ? split(line, separator_) : std::vector<std::string>{};
    if (columns_ > 1 && fields.size() == columns_) {
      clip.name = fields[path_column_];
      for (const size_t column : label_columns_)
        if (!fields[column].empty()) clip.labels.push_back(fields[column]);
      if (weight_column_) clip.weight = weight_in(fields[*weight_column_]);
    } else {
      SplitLine split_line = split_free(line);
      clip.name = std::move(split_line.path);
      clip.labels = std::move(split_line.labels);
    }
    if (clip.name.empty()) fail<DataError>("{}: line {}: expected a path, got '{}'", file_.string(), number_, line);
    for (std::string& label : clip.labels) label = tidy_label(std::move(label));
    clip.path = folder_ / clip.name;  // an absolute name stays as it is
    clips_.push_back(std::move(clip));
  }

  double weight_in(const std::string& text) const {
    const std::optional<double> weight = number(text);
    if (!weight || !(*weight >= 0) || *weight > 1e6)
      fail<DataError>("{}: line {}: expected a weight from 0 to 1000000, got '{}'", file_.string(), number_, text);
    return *weight;
  }

  // A line without columns.
  SplitLine split_free(const std::string& line) const {
    if (is_file(line)) return {line, {}};
    if (line.front() == '"') {
      const size_t end = line.find('"', 1);
      if (end != std::string::npos && (end + 1 >= line.size() || line[end + 1] != '"')) {
        std::string rest = line.substr(end + 1);
        rest.erase(0, rest.find_first_not_of(" \t,;:"));
        return {line.substr(1, end - 1), labels_in(rest)};
      }
      std::vector<std::string> fields = split(line, ',');
      return {fields.front(), {fields.begin() + 1, fields.end()}};
    }
    const size_t cut = end_of_path(line);
    if (line.compare(cut, 2, "::") == 0) {
      std::vector<std::string> labels = split_text(std::string_view(line).substr(cut + 2), "::");
      return {trimmed(line.substr(0, cut)), labels};
    }
    return {trimmed(line.substr(0, cut)), labels_in(line.substr(std::min(line.size(), cut + 1)))};
  }

  // Where the path of a line ends.
  size_t end_of_path(const std::string& line) const {
    std::vector<size_t> ends;  // where a separator stands behind something, falling
    for (size_t i = line.size(); i-- > 1;)
      if (is_separator(line, i) && !is_separator(line, i - 1)) ends.push_back(i);
    for (const size_t end : ends)
      if (is_file(line.substr(0, end))) return end;
    if (const size_t colons = line.find("::"); colons != std::string::npos && colons > 0) return colons;
    if (has_media_name(line)) return line.size();
    for (const size_t end : ends)
      if (has_media_name(line.substr(0, end))) return end;
    if (const size_t tab = line.find('\t'); tab != std::string::npos && tab > 0) return tab;
    // No hint in the name: numbers at the end are labels, and so is what follows a comma.
    size_t cut = line.size();
    for (const size_t end : ends) {
      if (!number(trimmed(line.substr(end + 1, cut - end - 1)))) break;
      cut = end;
    }
    if (cut < line.size()) return cut;
    return std::min(line.size(), line.find(','));
  }

  static bool is_separator(const std::string& line, size_t i) {
    return line[i] == ' ' || line[i] == ',' || line[i] == '\t' || line[i] == ';' || line.compare(i, 2, "::") == 0;
  }

  fs::path file_, folder_;
  std::vector<ListedClip> clips_;
  int64_t number_ = 0;
  // Of the header; no columns: lines are split each by itself.
  char separator_ = ' ';
  size_t columns_ = 0, path_column_ = 0;
  std::vector<size_t> label_columns_;
  std::optional<size_t> weight_column_;
};

}  // namespace

std::vector<ListedClip> read_clip_list(const fs::path& file) { return ListReader(file).read(); }

std::vector<std::string> label_conflicts(const std::vector<ListedClip>& clips, std::vector<size_t>* clashing) {
  std::map<fs::path, std::vector<size_t>> by_file;
  for (size_t i = 0; i < clips.size(); ++i) {
    std::error_code code;
    const fs::path real = fs::weakly_canonical(clips[i].path, code);
    by_file[code ? clips[i].path : real].push_back(i);
  }
  std::vector<std::pair<size_t, std::string>> found;  // by first line
  for (const auto& [file, rows] : by_file) {
    const auto& labels = clips[rows.front()].labels;
    if (std::all_of(rows.begin(), rows.end(), [&](size_t row) { return clips[row].labels == labels; })) continue;
    std::string text = clips[rows.front()].path.string() + ": ";
    for (const size_t row : rows) {
      std::string all;
      for (const std::string& label : clips[row].labels) all += (all.empty() ? "" : " ") + label;
      text += fmt::format("{}'{}' (line {})", row == rows.front() ? "" : ", ", all, clips[row].line);
      if (clashing != nullptr) clashing->push_back(row);
    }
    found.emplace_back(rows.front(), std::move(text));
  }
  std::sort(found.begin(), found.end());
  if (clashing != nullptr) std::sort(clashing->begin(), clashing->end());
  std::vector<std::string> lines;
  for (auto& [row, text] : found) lines.push_back(std::move(text));
  return lines;
}

}  // namespace foresee::data
