#include "jepa/io/names/wrapping.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace foresee {
namespace {

struct Wrapper {
  std::string_view part, of;  // a part of a name, and who writes it
};

// Wherever they stand, but for the last part, which names the tensor itself.
constexpr Wrapper kAnywhere[] = {{"module", "DataParallel"},
                                 {"_orig_mod", "torch.compile"},
                                 {"backbone", "V-JEPA's wrappers"},
                                 {"_forward_module", "Lightning Fabric"},
                                 {"_fsdp_wrapped_module", "FullyShardedDataParallel"},
                                 {"_checkpoint_wrapped_module", "activation checkpointing"}};
// In front of all others only: a network may have a part of that name inside.
constexpr Wrapper kInFront[] = {{"state_dict", "a training checkpoint"},
                                {"model_state_dict", "a training checkpoint"},
                                {"model", "a member of a LightningModule or a trainer"},
                                {"net", "a member of a LightningModule or a trainer"},
                                {"network", "a member of a LightningModule or a trainer"}};
constexpr std::string_view kAveraged = "n_averaged";  // updates that an AveragedModel has seen: no weight

template <size_t N>
const Wrapper* find(const Wrapper (&table)[N], std::string_view part) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const auto& w) { return w.part == part; });
  return found == std::end(table) ? nullptr : found;
}

/// The parts of a name that stay.
std::vector<std::string_view> kept_parts(std::string_view name, std::vector<const Wrapper*>& removed) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    const bool last = end == name.size();
    const Wrapper* wrapper = last ? nullptr : find(kAnywhere, part);
    if (wrapper == nullptr && !last && parts.empty()) wrapper = find(kInFront, part);
    if (wrapper != nullptr)
      removed.push_back(wrapper);
    else
      parts.push_back(part);
    begin = end + 1;
  }
  return parts;
}

void note(std::vector<std::string>& wrappings, std::string_view part, std::string_view of) {
  std::string text = fmt::format("{} ({})", part, of);
  if (std::find(wrappings.begin(), wrappings.end(), text) == wrappings.end()) wrappings.push_back(std::move(text));
}

}  // namespace

BareNames without_wrappings(const std::vector<std::string>& stored) {
  BareNames result;
  for (const std::string& name : stored) {
    std::vector<const Wrapper*> removed;
    const auto parts = kept_parts(name, removed);
    for (const Wrapper* wrapper : removed) note(result.wrappings, wrapper->part, wrapper->of);
    if (parts.back() == kAveraged) {
      note(result.wrappings, kAveraged, "AveragedModel");
      continue;
    }
    const auto [place, is_new] = result.stored.emplace(fmt::format("{}", fmt::join(parts, ".")), name);
    if (!is_new) result.twice.emplace(place->first, name);
  }
  return result;
}

std::vector<std::string> BareNames::before(std::string_view ending) const {
  std::vector<std::string> found;
  for (const auto& [name, file_name] : stored) {
    if (!name.ends_with(ending)) continue;
    std::string front = name.substr(0, name.size() - ending.size());
    if (front.empty() || front.ends_with('.')) found.push_back(std::move(front));
  }
  return found;
}

bool BareNames::has(std::string_view beginning) const {
  const auto place = stored.lower_bound(std::string(beginning));
  return place != stored.end() && place->first.starts_with(beginning);
}

std::string BareNames::summary() const {
  constexpr size_t kMostListed = 12;
  std::map<std::string, size_t> counts;
  for (const auto& [name, file_name] : stored) ++counts[name.substr(0, name.find('.'))];
  std::vector<std::string> parts;
  for (const auto& [part, count] : counts) {
    if (parts.size() == kMostListed) {
      parts.emplace_back("...");
      break;
    }
    parts.push_back(fmt::format("{} ({})", part, count));
  }
  return parts.empty() ? "no tensors" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace foresee
