#include "foresee/train/frozen_encoder.h"

#include "foresee/train/latent_cache.h"
#include "jepa/core/error.h"

namespace foresee {

Vjepa2Weights frozen_encoder(const TrainJob& job) {
  if (job.origin.encoder->empty())
    throw RequestError("encoder",
                       "expected a video encoder: a V-JEPA 2 folder of this program or of Hugging Face, or Meta's .pt");
  ReadOptions read = job.request.weights;
  read.trained_on = true;
  return read_vjepa2(*job.origin.encoder, read, Vjepa2Parts::kEncoder);
}

void record_weights(RunOrigin& origin, const torch::nn::Module& encoder) {
  const std::string fingerprint = weights_fingerprint(encoder);
  std::string& recorded = *origin.encoder_weights;
  if (!recorded.empty() && recorded != fingerprint)
    fail<ConfigError>("encoder_weights: the settings are of an encoder with weights {}, {} has {}", recorded,
                      *origin.encoder, fingerprint);
  recorded = fingerprint;
}

std::filesystem::path latents_folder(const TrainRequest& request) {
  return request.latents.empty() ? request.out / "latents" : request.latents;
}

}  // namespace foresee
