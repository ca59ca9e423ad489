#pragma once

#include <string>
#include <vector>

namespace foresee {
class Fields;

/// How a training reads recorded episodes (data/episode: Note [Broken parts]).
struct EpisodeReading {
  std::string camera{};                 // the picture column that is learned from; empty: the only one
  double tolerance_s = 0;               // how far a film's frame may lie from its row's time; 0: half a row
  bool strict = false;                  // a broken part is an error, instead of being left out
  std::vector<std::string> allow{};     // findings that are meant so (data/episode/check: finding_kinds)
  std::vector<std::string> hold_out{};  // factors whose values are kept from training (Note [Factors])

  /// `camera` "A,B" as a list: A, B.
  std::vector<std::string> cameras() const;
};
void describe(Fields& fields, EpisodeReading& reading);

}  // namespace foresee
