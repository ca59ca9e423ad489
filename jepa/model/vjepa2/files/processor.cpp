#include <fmt/ranges.h>

#include <set>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/model/vjepa2/files/readers.h"

// Note [Processors of transformers]
// transformers keeps what happens to pictures in the first of these that is there: "video_processor" in
// processor_config.json, video_preprocessor_config.json, preprocessor_config.json. The steps, each behind a switch:
// resize, cut the centre out, rescale, normalise (transformers 5.23, BaseVideoProcessor). VJEPA2VideoProcessor takes
// no size: it computes the shorter side from crop_size. Every key is taken, or named in an error or a warning. Null
// for a key that decides numbers is an error: transformers 4 takes the default, transformers 5 leaves the step out.
// Another class has other defaults, so its file has to say all that counts.

namespace foresee {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr int64_t kUpstreamCrop = 256;  // pixels, where no file says it

constexpr std::string_view kOwnClass = "VJEPA2VideoProcessor";
// Other classes that do the same steps (transformers 5.24). Their defaults differ.
constexpr std::string_view kOtherClasses[] = {"VideoMAEVideoProcessor",       "TimesformerVideoProcessor",
                                              "LlavaNextVideoVideoProcessor", "LlavaOnevisionVideoProcessor",
                                              "VideoLlavaVideoProcessor",     "PerceptionLMVideoProcessor",
                                              "VideomtVideoProcessor"};

/// One such file.
class Processor {
 public:
  Processor(json object, std::string where) : object_(std::move(object)), where_(std::move(where)) {
    if (!object_.is_object()) fail<CheckpointError>("{}: expected an object, got {}", where_, object_.type_name());
    // Of files for pictures transformers takes the class for video of the same name.
    const char* const key = find("video_processor_type") ? "video_processor_type" : "image_processor_type";
    const json* type = find(key);
    if (type && !type->is_string()) refuse(key, *type, "expected the name of a class");
    class_ = type ? video_class(type->get<std::string>()) : std::string(kOwnClass);
    own_ = class_ == kOwnClass;
    const bool known =
        own_ || std::find(std::begin(kOtherClasses), std::end(kOtherClasses), class_) != std::end(kOtherClasses);
    if (!known) refuse(key, *type, "what this class does is not known here");
  }

  /// Whether it is of V-JEPA 2's own class.
  bool own() const { return own_; }

  const json* find(const std::string& key) {
    known_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  /// A key that decides numbers; null where it is absent and the class's default is known.
  const json* deciding(const char* key) {
    const json* value = find(key);
    if (!value && object_.contains(key))
      refuse(key, nullptr, "versions of transformers differ in what null means: give a value");
    if (!value && !own_)
      fail<CheckpointError>("{}: no {}: without it a default of {} counts, which is not known here", where_, key,
                            class_);
    return value;
  }
  bool truth(const char* key, bool otherwise) {
    const json* value = deciding(key);
    if (value && !value->is_boolean()) refuse(key, *value, "expected true or false");
    return value ? value->get<bool>() : otherwise;
  }
  double number(const char* key, double otherwise) {
    const json* value = object_.contains(key) ? deciding(key) : nullptr;  // one default in all classes
    if (!value) return otherwise;
    if (!value->is_number() || !(value->get<double>() > 0)) refuse(key, *value, "expected a number above 0");
    return value->get<double>();
  }
  /// Three numbers, or one for all.
  std::vector<double> channels(const char* key, std::vector<double> otherwise) {
    const json* value = deciding(key);
    if (!value) return otherwise;
    if (value->is_number()) return std::vector<double>(3, value->get<double>());
    if (!value->is_array() || value->size() != 3 ||
        !std::all_of(value->begin(), value->end(), [](const json& item) { return item.is_number(); }))
      refuse(key, *value, "expected 3 numbers");
    return value->get<std::vector<double>>();
  }
  /// Pixels of a key that holds them. @param key  "crop_size.height", for messages.
  int64_t pixels(const std::string& key, const json& value) const {
    if (!value.is_number_integer() || value.get<int64_t>() < 1 || value.get<int64_t>() > 16384)
      refuse(key, value, "expected pixels from 1 to 16384");
    return value.get<int64_t>();
  }
  /// Numbers by name of a size in any of its forms. @param square  whether one number is height and width.
  std::map<std::string, int64_t> sizes(const std::string& key, bool square) {
    const json* value = find(key);
    if (!value) return {};
    if (value->is_number()) {
      const int64_t side = pixels(key, *value);
      if (square) return {{"height", side}, {"width", side}};
      return {{"shortest_edge", side}};
    }
    if (value->is_array() && value->size() == 2)
      return {{"height", pixels(key, (*value)[0])}, {"width", pixels(key, (*value)[1])}};
    if (!value->is_object()) refuse(key, *value, "expected a number, two numbers, or an object");
    std::map<std::string, int64_t> named;
    for (const auto& [name, item] : value->items())
      if (!item.is_null()) named[name] = pixels(key + "." + name, item);
    return named;
  }
  [[noreturn]] void refuse(const std::string& key, const json& value, const std::string& why) const {
    fail<CheckpointError>("{}: {} {}: {}", where_, key, value.dump(), why);
  }
  /// Keys that change nothing here.
  void pass_over(std::initializer_list<const char*> keys) { known_.insert(keys.begin(), keys.end()); }
  /// Refuses keys that ask for something that is not done.
  void refuse_unless_off(std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (const json* value = find(key); value && *value != false && *value != 0)
        refuse(key, *value, "this step is not known here");
  }
  /// Names what nobody asked for.
  void warn_of_the_rest() const {
    std::vector<std::string> rest;
    for (const auto& [key, value] : object_.items())
      if (!value.is_null() && !known_.contains(key)) rest.push_back(key);
    if (!rest.empty())
      log_warning("{}: {} {} ignored, as transformers does", where_, fmt::join(rest, ", "),
                  rest.size() == 1 ? "is" : "are");
  }
  const std::string& where() const { return where_; }

 private:
  /// "VideoMAEImageProcessor" -> "VideoMAEVideoProcessor".
  static std::string video_class(std::string name) {
    constexpr std::string_view kOfPictures = "ImageProcessor";
    if (const size_t place = name.find(kOfPictures); place != std::string::npos)
      name.replace(place, kOfPictures.size(), "VideoProcessor");
    return name;
  }

  json object_;
  std::string where_, class_;
  std::set<std::string> known_;
  bool own_ = true;
};

std::optional<Processor> find_processor(const fs::path& folder) {
  if (const fs::path path = folder / "processor_config.json"; fs::exists(path)) {
    const json object = read_json(path);
    if (object.is_object() && object.contains("video_processor"))
      return Processor(object["video_processor"], path.string() + ": video_processor");
  }
  for (const char* name : {"video_preprocessor_config.json", "preprocessor_config.json"})
    if (fs::exists(folder / name)) return Processor(read_json(folder / name), (folder / name).string());
  return std::nullopt;
}

/// The side of a square size. @throws CheckpointError for other sizes.
int64_t square(const Processor& file, const std::string& key, const std::map<std::string, int64_t>& size) {
  const auto height = size.find("height"), width = size.find("width");
  if (size.size() != 2 || height == size.end() || width == size.end() || height->second != width->second)
    file.refuse(key, json(size), "expected equal height and width: this encoder takes squares");
  return height->second;
}

Interpolation interpolation_of(Processor& file) {
  const json* value = file.deciding("resample");
  if (!value || *value == 2) return Interpolation::kBilinear;
  if (*value == 3) return Interpolation::kBicubic;
  if (*value == 0) return Interpolation::kNearest;
  file.refuse("resample", *value, "0 (nearest), 2 (bilinear) and 3 (bicubic) are known here");
}

/// The size before the cut. VJEPA2VideoProcessor computes it whatever `size` says.
void set_resized(Processor& file, bool cut, PictureSpec& spec) {
  const json* said = file.find("size");
  if (file.own()) {
    const int64_t side = published_short_side(spec.size);
    const json computed = {{"shortest_edge", side}};
    if (said && *said != computed && *said != side)
      log_warning("{}: size {} is not used: VJEPA2VideoProcessor computes {} from crop_size", file.where(),
                  said->dump(), computed.dump());
    if (!cut)
      file.refuse("do_center_crop", false,
                  "pictures would keep their shape after the resizing: this encoder takes squares");
    spec.picture = PictureShape::kShorterSide;
    spec.resized = {side};
    return;
  }
  const bool square_number = said && said->is_number() && file.truth("default_to_square", true);
  const auto size = file.sizes("size", square_number);
  if (size.size() == 1 && size.contains("shortest_edge")) {
    if (!cut)
      file.refuse("size", *said, "without do_center_crop pictures would keep their shape: this encoder takes squares");
    spec.picture = PictureShape::kShorterSide;
    spec.resized = {size.at("shortest_edge")};
  } else if (size.size() == 2 && size.contains("height") && size.contains("width")) {
    if (!cut) spec.size = square(file, "size", size);
    spec.picture = PictureShape::kResize;
    spec.resized = {size.at("height"), size.at("width")};
  } else {
    file.refuse("size", said ? *said : json(), "expected shortest_edge, or height and width");
  }
}

}  // namespace

PictureSpec huggingface_pictures(const fs::path& folder) {
  const json config = read_json(folder / "config.json");
  const json said = config.is_object() ? config.value("crop_size", json()) : json();
  const int64_t crop = said.is_number_integer() ? said.get<int64_t>() : kUpstreamCrop;
  PictureSpec spec{.size = crop, .colours = "swscale"};  // of the video readers that upstream's training used
  spec = with_transform(spec, PictureTransform::kHuggingFace);
  auto file = find_processor(folder);
  if (!file) return spec;
  const bool own = file->own();
  const bool resize = file->truth("do_resize", true), cut = file->truth("do_center_crop", true);
  if (own || cut) file->deciding("crop_size");
  if (const auto size = file->sizes("crop_size", /*square=*/true); !size.empty()) {
    if (own && !size.contains("height"))
      file->refuse("crop_size", json(size), "expected a number, or height and width, as VJEPA2VideoProcessor");
    spec.size = own && size.size() == 1 ? size.at("height") : square(*file, "crop_size", size);
  } else if (cut) {
    spec.size = kUpstreamCrop;
  }
  if (resize) {
    set_resized(*file, cut, spec);
    spec.interpolation = interpolation_of(*file);
  } else {
    spec.picture = cut ? PictureShape::kCenter : PictureShape::kNone;
    spec.resized.clear();
    file->pass_over({"size", "resample"});
  }
  const bool rescale = file->truth("do_rescale", true), normalise = file->truth("do_normalize", true);
  spec.scale = rescale ? file->number("rescale_factor", spec.scale) : 1;
  spec.mean = normalise ? file->channels("image_mean", spec.mean) : std::vector<double>{0, 0, 0};
  spec.std = normalise ? file->channels("image_std", spec.std) : std::vector<double>{1, 1, 1};
  file->refuse_unless_off({"do_sample_frames", "do_pad", "pad_size", "size_divisor", "crop_pct",
                           "do_flip_channel_order", "do_thumbnail", "do_align_long_axis", "do_crop_margin",
                           "do_image_splitting", "max_size", "offset", "do_grayscale"});
  for (const char* key : {"input_data_format", "data_format"})
    if (const json* format = file->find(key); format && *format != "channels_first" && *format != "FIRST")
      file->refuse(key, *format, "expected channels_first");
  file->pass_over({"rescale_factor", "image_mean", "image_std", "image_processor_type", "processor_class",
                   "feature_extractor_type", "auto_map", "return_metadata", "return_tensors", "device",
                   "do_convert_rgb", "num_frames", "fps", "video_metadata", "default_to_square", "disable_grouping",
                   "model_input_names", "_valid_processor_keys"});
  file->warn_of_the_rest();
  try {
    spec.validate();
  } catch (const ConfigError& error) {
    fail<CheckpointError>("{}: {}", file->where(), error.what());
  }
  return spec;
}

}  // namespace foresee
