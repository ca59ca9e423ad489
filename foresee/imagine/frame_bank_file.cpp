// Frames beside a model: frames.safetensors.
#include <cmath>

#include "data/picture/image.h"
#include "foresee/imagine/frame_bank.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

constexpr double kSame = 0.1;  // of a step: the same picture encoded on another machine is no further away

const char* const kPictures = "pictures_png";  // uint8 [bytes]: PNG files, one behind the other
const char* const kEnds = "picture_ends";      // int64 [N]: where each ends
const char* const kLatents = "latents";
const char* const kStates = "states";

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  fail<CheckpointError>("{}: {}; export the model with frames again, or give recorded episodes", file.string(), what);
}

Tensor read_pictures(const Tensor& bytes, const Tensor& ends, const fs::path& file) {
  const auto* const begin = bytes.const_data_ptr<uint8_t>();
  std::vector<Tensor> pictures;
  int64_t from = 0;
  for (int64_t i = 0; i < ends.size(0); ++i) {
    const int64_t end = ends.const_data_ptr<int64_t>()[i];
    if (end <= from || end > bytes.size(0)) refuse(file, "pictures end where there are none");
    pictures.push_back(data::decode_image(
        {reinterpret_cast<const char*>(begin + from), static_cast<size_t>(end - from)}, file.string()));
    if (pictures.back().sizes() != pictures.front().sizes()) refuse(file, "pictures of several sizes");
    from = end;
  }
  return at::stack(pictures);
}

/// A number among the metadata; 0 where it is none.
double number_of(const std::map<std::string, std::string>& metadata, const std::string& name) {
  const auto found = metadata.find(name);
  return found == metadata.end() ? 0 : std::strtod(found->second.c_str(), nullptr);
}

}  // namespace

void write_frame_bank(const fs::path& folder, const FrameBank& bank) {
  std::vector<unsigned char> bytes;
  std::vector<int64_t> ends;
  for (int64_t i = 0; i < bank.pictures.size(0); ++i) {
    const auto png = data::encode_png(bank.pictures[i], /*small=*/true);
    bytes.insert(bytes.end(), png.begin(), png.end());
    ends.push_back(static_cast<int64_t>(bytes.size()));
  }
  TensorMap tensors{{kPictures, at::from_blob(bytes.data(), {static_cast<int64_t>(bytes.size())}, at::kByte).clone()},
                    {kEnds, torch::tensor(ends, at::kLong)},
                    {kLatents, bank.latents}};
  if (bank.states.defined()) tensors[kStates] = bank.states;
  save_safetensors(folder / kFrameBankFile, tensors,
                   {{"step", fmt::format("{:.9g}", bank.step)}, {"origin", bank.origin}});
}

std::optional<FrameBank> read_frame_bank(const fs::path& folder, const WorldModel& model) {
  const fs::path path = folder / kFrameBankFile;
  if (!fs::exists(path)) return std::nullopt;
  const SafetensorsFile file(path);
  const auto take = [&](const char* name, at::ScalarType dtype, int64_t dim) {
    if (!file.entries().contains(name)) refuse(path, fmt::format("'{}' is missing", name));
    const Tensor tensor = file.tensor(name);
    if (tensor.scalar_type() != dtype || tensor.dim() != dim || tensor.numel() == 0)
      refuse(path, fmt::format("'{}' is {}", name, describe(tensor)));
    return tensor.clone();
  };
  const Tensor ends = take(kEnds, at::kLong, 1);
  FrameBank bank{.pictures = read_pictures(take(kPictures, at::kByte, 1), ends, path),
                 .latents = take(kLatents, at::kFloat, 2),
                 .step = number_of(file.metadata(), "step"),
                 .origin = {}};
  if (model.state_spec().of_goal) bank.states = take(kStates, at::kFloat, 2);
  if (const auto found = file.metadata().find("origin"); found != file.metadata().end()) bank.origin = found->second;
  if (bank.latents.size(0) != ends.size(0)) refuse(path, "as many latents as pictures are expected");
  if (!(bank.step > 0) || !std::isfinite(bank.step)) refuse(path, "no distance of a step above 0");
  const auto first = [](const Tensor& rows) { return rows.defined() ? rows.slice(0, 0, 1) : rows; };
  const Tensor again = encode_pictures(model, first(bank.pictures), first(bank.states)).flatten(1);
  if (again.size(1) != bank.latents.size(1) ||
      !(latent_distances(again, first(bank.latents)).item<double>() <= kSame * bank.step))
    refuse(path, "these frames were encoded by another model");
  return bank;
}

}  // namespace foresee
