#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace foresee {

/// A bar with rate and remaining time on a terminal; a plain line every few seconds in a log. Writes to stderr.
class Progress {
 public:
  /// @param unit  what is counted, for the rate: "steps", "episodes", "frames".
  /// @param start  how much was done before (a resumed run), left out of the rate.
  Progress(std::string label, int64_t total, std::string unit, int64_t start = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// @param note  shown behind the bar: "loss 0.31".
  void update(int64_t done, const std::string& note = "");
  /// Draws the last state and ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(bool last);

  std::string label_, unit_, note_;
  int64_t total_, start_, done_;
  bool terminal_, finished_ = false;
  Clock::time_point begin_, shown_;
};

/// "1:05:09", "4:20" or "12 s".
std::string duration_text(double seconds);

}  // namespace foresee
