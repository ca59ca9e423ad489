// libFuzzer target of JSON: whatever the text is, it is read or refused with an Error. The first letter says as what it
// is read: every kind of file goes through the same reader, and what differs is what is made of the values.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/files/output.h"
#include "jepa/core/watch/metrics.h"
#include "jepa/io/manifest.h"
#include "jepa/io/model_folder.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

struct Inner {
  int64_t size = 3;
  std::optional<double> limit{};
};
void describe(Fields& f, Inner& c) {
  f("size", c.size, "a size", {1, 100});
  f("limit", c.limit, "a limit", {0});
}

/// A config with a key of every type.
struct Every {
  bool flag = false;
  double rate = 0.5;
  std::string name = "x", kind = "small";
  std::vector<int64_t> sizes{1};
  std::vector<double> weights{1};
  std::vector<std::string> names{};
  std::optional<int64_t> most{};
  std::optional<std::string> word{};
  Inner inner{};
};
void describe(Fields& f, Every& c) {
  constexpr std::string_view kKinds[] = {"small", "large"};
  f("flag", c.flag, "on or off");
  f("rate", c.rate, "a rate", {0, 1});
  f("name", c.name, "a name");
  f.choice("kind", c.kind, kKinds, "a kind");
  f("sizes", c.sizes, "sizes", {0, 10});
  f("weights", c.weights, "weights", {0});
  f("names", c.names, "names");
  f("most", c.most, "at most", {0, 10});
  f("word", c.word, "a word");
  f("inner", c.inner, "a group");
}

/// Each way to take the values of an object, with keys that are there and one that is not.
template <class Json>
void take_values(const Json& object) {
  const JsonView<Json> view(object, "input");
  std::vector<std::string> keys{"missing"};
  for (const auto& item : object.items())
    if (keys.size() < 8) keys.push_back(item.key());
  const auto attempt = [](const auto& take) {
    try {
      take();
    } catch (const DataError&) {
    }
  };
  for (const auto& key : keys) {
    attempt([&] { view.integer(key, -5, 5); });
    attempt([&] { view.integer_or(key, 1); });
    attempt([&] { view.number_or(key, 1); });
    attempt([&] { view.truth_or(key, true); });
    attempt([&] { view.text_or(key, ""); });
    attempt([&] { view.integers(key); });
    attempt([&] { view.numbers(key); });
    attempt([&] { take_values(view.at(key)); });
    if (view.has(key)) short_json(view.at(key));
  }
}

void write_plain(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void read_as(char kind, std::string_view text) {
  static const TemporaryFolder folder;
  switch (kind) {
    case 'c': {  // a config, and the patch that it is laid over
      nlohmann::json object = config_json(Every{});
      merge_config(object, parse_json(text, "input"));
      config_json(parse_config<Every>(object, "input"));
      return;
    }
    case 's': {  // --set a.b=c
      nlohmann::json object = config_json(Every{});
      apply_override(object, std::string(text));
      parse_config<Every>(object, "input");
      return;
    }
    case 'm':
      write_plain(folder / "metrics.jsonl", text);
      read_metrics(folder / "metrics.jsonl");
      MetricsWriter(folder / "metrics.jsonl", /*resume_step=*/3);
      return;
    case 'p': {  // the small files of a model folder
      ModelFolder model;
      write_plain(folder / "preprocess.json", text);
      fs::remove(folder / "actions.json");
      read_input_files(folder.path(), model);
      return;
    }
    case 'a': {
      ModelFolder model;
      fs::remove(folder / "preprocess.json");
      write_plain(folder / "actions.json", text);
      read_input_files(folder.path(), model);
      return;
    }
    case 'f':
      write_plain(folder / "config.json", text);
      peek_model_config(folder.path());
      read_model_folder(folder.path());
      return;
    case 'i':
      write_plain(folder / kManifestFile, text);
      manifest_damage(folder.path(), ManifestScope::kResume, CheckpointOrigin{.step = 3, .run = "r"});
      return;
    case 'o':
      write_plain(folder / kOutputMarker, text);
      output_content(folder.path());
      return;
    default:
      if (const auto value = try_parse_json(text, "input")) take_values(*value);
      take_values(parse_ordered_json(text, "input"));
  }
}

}  // namespace
}  // namespace foresee

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    foresee::read_as(text.front(), text.substr(1));
  } catch (const foresee::Error&) {
  }
  return 0;
}
