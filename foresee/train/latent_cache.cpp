#include "foresee/train/latent_cache.h"

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/hash.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/packed_encoder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFeatures = "features";
constexpr int64_t kFramesAtOnce = 8;

/// ", first PATH": of two lists, the first entry of `now` with a path that differs.
std::string first_other(const nlohmann::json& before, const nlohmann::json& now) {
  if (!before.is_array() || !now.is_array()) return "";
  for (size_t i = 0; i < now.size(); ++i)
    if ((i >= before.size() || before[i] != now[i]) && now[i].is_object() && now[i].contains("path"))
      return ", first " + now[i]["path"].get<std::string>();
  return "";
}

/// What tells pictures of one encoder apart. What is as it always was is not named: older folders do not name it.
nlohmann::ordered_json picture_identity(const PictureSpec& spec) {
  nlohmann::ordered_json out{{"size", spec.size}, {"mean", spec.mean}, {"std", spec.std}};
  if (spec.transform == PictureTransform::kFit) out["rule"] = rule_name(spec);
  if (spec.scale != PictureSpec().scale) out["scale"] = spec.scale;
  return out;
}

}  // namespace

LatentFolder::LatentFolder(fs::path folder, std::string item, const nlohmann::ordered_json& identity)
    : folder_(std::move(folder)), item_(std::move(item)) {
  std::error_code code;
  fs::create_directories(folder_, code);
  if (code) fail("{}: cannot create a folder for latents: {}", folder_.string(), system_reason(code));
  const fs::path path = folder_ / "latents.json";
  if (!fs::exists(path)) {
    for (const auto& entry : fs::directory_iterator(folder_))
      if (!is_temporary_name(entry.path().filename().string()))
        fail("{}: holds other things than latents; nothing was changed; choose another folder", folder_.string());
    write_json(path, identity);
  }
  const auto before = read_json(path);
  for (const auto& [key, value] : identity.items())
    if (!before.contains(key) || before.at(key) != nlohmann::json(value))
      fail<CheckpointError>("{}: these latents are of another {}{}; remove the folder, or choose another one",
                            folder_.string(), key, first_other(before.value(key, nlohmann::json()), value));
}

fs::path LatentFolder::file(int64_t item) const { return folder_ / fmt::format("{}-{:06d}.safetensors", item_, item); }

void LatentFolder::save(int64_t item, const Tensor& features) const {
  save_safetensors(file(item), {{kFeatures, features}});
}

Tensor LatentFolder::features(int64_t item) const { return SafetensorsFile(file(item)).tensor(kFeatures); }

std::string weights_fingerprint(const torch::nn::Module& module) {
  uint64_t hash = kHashSeed;
  for (const auto& [name, value] : state_dict(module)) {
    const Tensor flat = value.cpu().contiguous();
    hash = hash_words(name.data(), name.size(), hash);
    hash = hash_words(flat.const_data_ptr(), static_cast<size_t>(flat.nbytes()), hash);
  }
  return fmt::format("{:016x}", hash);
}

LatentCache::LatentCache(fs::path folder, const data::EpisodeDataset& dataset, const Vjepa2Ac& model,
                         const Preprocess& preprocess, const std::string& identity, const JobControl& control)
    : folder_(std::move(folder), "episode",
              {{"encoder", weights_fingerprint(*model.encoder)},
               {"picture", picture_identity(preprocess)},
               {"episodes", identity},
               {"normalised", model.config.normalise_features}}),
      mapped_(static_cast<size_t>(dataset.episodes())) {
  std::vector<int64_t> missing;
  int64_t rows = 0, done = 0;
  for (int64_t episode = 0; episode < dataset.episodes(); ++episode)
    if (!folder_.has(episode)) {
      missing.push_back(episode);
      rows += dataset.length(episode);
    }
  if (missing.empty()) return;
  const int64_t bytes = rows * model.grid().tokens() * model.config.encoder.width * int64_t{sizeof(float)};
  log_info("encoding {} frames of {} episodes into {} ({:.2f} GB)", rows, missing.size(), folder_.path().string(),
           static_cast<double>(bytes) / 1e9);
  const PackedEncoder encoder(model.encoder, Precision::kFloat32);
  Progress progress(control, "encode", rows, "frames");
  for (const int64_t episode : missing) {
    if (control.stopping())
      fail<Interrupted>("interrupted: {} of {} frames are encoded; the same request goes on from there", done, rows);
    std::vector<Tensor> parts;
    for (int64_t first = 0; first < dataset.length(episode); first += kFramesAtOnce) {
      const int64_t count = std::min(kFramesAtOnce, dataset.length(episode) - first);
      const Tensor pictures = action_input(dataset.frames(episode, first, count), preprocess);
      const Tensor clips = pictures.unsqueeze(2).expand({-1, -1, model.config.encoder.tubelet_size, -1, -1});
      parts.push_back(model.normalise(encoder.forward(clips)));
      done += count;
      progress.update(done);
    }
    folder_.save(episode, at::cat(parts));
  }
  progress.finish();
}

Tensor LatentCache::rows(int64_t episode, int64_t first, int64_t count, int64_t step) const {
  Tensor& all = mapped_.at(static_cast<size_t>(episode));
  if (!all.defined()) all = folder_.features(episode);
  FORESEE_CHECK(first >= 0 && count >= 1 && first + (count - 1) * step < all.size(0),
                "expected rows of an episode of {}, got {} rows from {}", all.size(0), count, first);
  return all.slice(0, first, first + (count - 1) * step + 1, step);
}

}  // namespace foresee
