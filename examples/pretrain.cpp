// Learns a video encoder from a video of yours: two steps, to see that it works. More steps make an encoder.
//   pretrain VIDEO RUN [STEPS]    a video file or a folder of them; the folder of the run, which is resumed if it is
//   there
#include <foresee/pretrain.h>

#include <cstdio>
#include <cstdlib>

namespace {

/// Shows how far the job is: one line per report, on stderr.
class ProgressOnStderr : public foresee::JobObserver {
 public:
  void progress(const foresee::ProgressUpdate& now) override {
    std::fprintf(stderr, "%s: %lld of %lld %s %s\n", now.label.c_str(), static_cast<long long>(now.done),
                 static_cast<long long>(now.total), now.unit.c_str(), now.note.c_str());
  }
};

double named(const std::vector<std::pair<std::string, double>>& scores, const char* name) {
  for (const auto& [key, value] : scores)
    if (key == name) return value;
  return 0;
}

}  // namespace

int main(int count, char** words) try {
  if (count < 3) return std::fprintf(stderr, "usage: pretrain VIDEO RUN [STEPS]\n"), 1;
  foresee::PretrainRequest request;
  request.data = {words[1]};
  request.out = words[2];
  request.steps = count > 3 ? std::atoll(words[3]) : 2;
  request.options.settings.set = {"loop.log_every=1"};

  ProgressOnStderr progress;
  const foresee::PretrainResult result = foresee::pretrain(request, {.observer = &progress});
  std::printf("%s: skill %.3f -> %.3f after %lld steps\n", result.model.c_str(), named(result.start, "skill"),
              named(result.held_out, "skill"), static_cast<long long>(result.steps));
  return result.steps == *request.steps ? 0 : 1;
} catch (const foresee::Error& error) {
  return std::fprintf(stderr, "pretrain: %s\n", error.what()), 1;
}
