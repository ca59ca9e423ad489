#include <utility>

#include "foresee/inspect/inspect_run.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

/// Gives an option the number 1, which divides every width, or pictures a multiple of the usual patches.
/// @returns whether there is one of that name.
bool give_option(ReadOptions& read, const std::string& name) {
  const std::pair<const char*, std::optional<int64_t>*> known[] = {{"heads", &read.heads},
                                                                   {"predictor_heads", &read.predictor_heads},
                                                                   {"action_heads", &read.action_heads},
                                                                   {"probe_heads", &read.probe_heads},
                                                                   {"image_size", &read.image_size},
                                                                   {"frames", &read.frames}};
  for (const auto& [option, value] : known)
    if (name == option && !value->has_value()) {
      *value = name == "image_size" ? 672 : 1;
      return true;
    }
  return false;
}

}  // namespace

Opening opening_of(const Family& family, const std::filesystem::path& path) {
  Opening opening{.family = family.name};
  ModelSource source{.path = path};
  while (true) try {
      family.networks(source);
      return opening;
    } catch (const NotFiniteError&) {
      source.read.allow_nan = true;
      opening.options.emplace_back("allow_nan");
    } catch (const UnknownSizeError& error) {
      if (!give_option(source.read, error.option())) {
        opening.problem = error.what();
        return opening;
      }
      opening.options.push_back(error.option());
    } catch (const std::exception& error) {
      opening.problem = error.what();
      return opening;
    }
}

}  // namespace foresee
