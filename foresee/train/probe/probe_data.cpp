#include "foresee/train/probe/probe_data.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "foresee/encode/encode_plan.h"
#include "foresee/encode/encode_run.h"
#include "foresee/train/latent_cache.h"
#include "foresee/train/probe/clip_identity.h"
#include "jepa/core/epoch_order.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "jepa/model/vjepa2/packed_encoder.h"

namespace foresee {
namespace {

/// The plan of `foresee encode` with this probe: what the folder says of pictures and clips.
ClipPlan clip_plan(const ProbeSource& source) {
  ClipPlan plan;
  const PictureSpec& said = source.weights.preprocess;
  plan.segments = {.frames = said.frames, .frame_step = said.frame_step};
  plan.picture_frames = said.picture_frames;
  plan.pictures = source.weights.preprocess;
  plan.colours = colours_of(plan.pictures);
  return plan;
}

/// The class of every file.
std::vector<int64_t> classes_of(const MediaSet& media, const LabelledClips& listed) {
  std::map<std::filesystem::path, int64_t> class_of;
  for (size_t i = 0; i < listed.paths.size(); ++i) class_of.emplace(listed.paths[i], listed.classes[i]);
  std::vector<int64_t> classes;
  for (const auto& file : media.files) {
    const auto found = class_of.find(file.path);
    if (found == class_of.end()) fail<DataError>("{}: a clip has to be a video or a picture", file.path.string());
    classes.push_back(found->second);
  }
  return classes;
}

/// Two names of one content with two classes: one of them is wrong.
void warn_of_equal_clips(const std::vector<ClipIdentity>& files, const std::vector<int64_t>& classes) {
  std::map<std::pair<uint64_t, uint64_t>, size_t> first;
  for (size_t i = 0; i < files.size(); ++i) {
    const size_t other = first.try_emplace({files[i].size, files[i].content}, i).first->second;
    if (classes[other] != classes[i])
      log_warning("{} and {} hold the same and are listed with two classes", files[other].path.string(),
                  files[i].path.string());
  }
}

/// How often the list names every file.
std::vector<int64_t> repeats_of(const MediaSet& media, const LabelledClips& listed) {
  std::map<std::filesystem::path, int64_t> times;
  for (size_t i = 0; i < listed.paths.size(); ++i) times.emplace(listed.paths[i], listed.repeats[i]);
  std::vector<int64_t> repeats;
  for (const auto& file : media.files) repeats.push_back(times.at(file.path));
  return repeats;
}

/// What the tokens are of.
nlohmann::ordered_json identity_of(const std::vector<ClipIdentity>& clips, const ProbeSource& source) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const ClipIdentity& clip : clips)
    files.push_back({{"path", clip.path.string()},
                     {"size", clip.size},
                     {"time", clip.time},
                     {"content", fmt::format("{:016x}", clip.content)}});
  return {{"encoder", source.fingerprint}, {"pictures", preprocess_json(source.weights.preprocess)}, {"clips", files}};
}

/// Encodes the clips that are not in `folder` yet; those that cannot be read are named and stay missing.
void encode_missing(const LatentFolder& folder, const MediaSet& media, const ClipPlan& plan,
                    const PackedEncoder& encoder, const JobControl& control) {
  std::vector<MediaClip> missing;
  for (const MediaClip& clip : plan_clips(media, plan))
    if (!folder.has(static_cast<int64_t>(clip.file))) missing.push_back(clip);
  if (missing.empty()) return;
  log_info("encoding {} clips into {}", missing.size(), folder.path().string());
  Progress progress(control, "encode", static_cast<int64_t>(missing.size()), "clips");
  const auto stop_if_asked = [&] {
    if (control.stopping())
      fail<Interrupted>("interrupted: the clips encoded so far are in {}", folder.path().string());
  };
  stop_if_asked();
  std::set<size_t> failed;
  const bool all = for_each_batch(
      media, missing, plan, /*batch=*/1,
      [&](const Tensor& clips, size_t first) {
        if (!failed.contains(first)) folder.save(static_cast<int64_t>(missing[first].file), encoder.forward(clips)[0]);
        progress.update(static_cast<int64_t>(first) + 1);
        stop_if_asked();
      },
      control, &failed);
  if (!all) stop_if_asked();
  progress.finish();
}

ProbeBatch batch_of(const LatentFolder& tokens, const std::vector<int64_t>& classes, const std::vector<size_t>& clips) {
  std::vector<Tensor> rows;
  std::vector<int64_t> wanted;
  for (const size_t clip : clips) {
    rows.push_back(tokens.features(static_cast<int64_t>(clip)));
    wanted.push_back(classes[clip]);
  }
  return {at::stack(rows), torch::tensor(wanted, at::kLong)};
}

}  // namespace

PictureSpec probe_pictures(PictureSpec of_encoder, const ProbeRecipe& recipe) {
  of_encoder.frames = of_encoder.picture_frames = recipe.frames;
  of_encoder.frame_step = recipe.frame_step;
  of_encoder.fps = 0;
  return with_transform(of_encoder, PictureTransform::kOfficial);  // as Meta's evaluations of frozen encoders
}

ProbeData probe_data(const LabelledClips& listed, const ProbeSource& source, const ProbeRecipe& recipe, uint64_t seed,
                     const JobControl& control) {
  const MediaSet media = open_media(listed.paths, /*threads=*/1, control);
  const std::vector<int64_t> classes = classes_of(media, listed);
  std::vector<ClipIdentity> files;
  for (const auto& file : media.files) files.push_back(clip_identity(file.path));
  const auto tokens = std::make_shared<const LatentFolder>(source.latents, "clip", identity_of(files, source));
  encode_missing(*tokens, media, clip_plan(source), PackedEncoder(source.encoder, Precision::kFloat32), control);

  const std::vector<int64_t> repeats = repeats_of(media, listed);
  warn_of_equal_clips(files, classes);
  const std::vector<bool> kept_out = held_out_clips(files, listed.folder);
  std::vector<size_t> train, held;
  for (size_t i = 0; i < media.files.size(); ++i) {
    if (!tokens->has(static_cast<int64_t>(i))) continue;  // it could not be read, and was named
    std::vector<size_t>& part = kept_out[i] ? held : train;
    part.insert(part.end(), static_cast<size_t>(repeats[i]), i);
  }
  const auto count = static_cast<int64_t>(train.size());
  if (count == 0) fail<DataError>("no clip is left to train on: all {} are held out", held.size());
  if (held.empty()) log_warning("none of {} clips is held out: training goes on without evaluation", count);
  if (std::set<int64_t>(classes.begin(), classes.end()).size() < 2)
    log_warning("all clips are of class {}: a probe of one class tells nothing apart",
                listed.labels.at(static_cast<size_t>(classes.front())));
  log_info("{} clips of {} classes, {} held out", count, listed.labels.size(), held.size());
  const int64_t batch = std::min(recipe.train.batch, count);
  ProbeData out;
  out.labels = listed.labels;
  out.batch = [=, order = EpochOrder(count, batch, seed)](int64_t step) mutable {
    std::vector<size_t> chosen;
    for (const int64_t item : order.batch(step)) chosen.push_back(train[static_cast<size_t>(item)]);
    return batch_of(*tokens, classes, chosen);
  };
  for (size_t first = 0; first < held.size(); first += static_cast<size_t>(batch)) {
    const size_t last = std::min(held.size(), first + static_cast<size_t>(batch));
    const std::vector<size_t> some(held.begin() + static_cast<std::ptrdiff_t>(first),
                                   held.begin() + static_cast<std::ptrdiff_t>(last));
    out.held_out.push_back([=] { return batch_of(*tokens, classes, some); });
  }
  return out;
}

}  // namespace foresee
