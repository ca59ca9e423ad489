#pragma once

#include <cstdint>
#include <vector>

namespace foresee::planner {

/// How the searches of one act() went under a deadline, or beside the robot: with it they can be run once more to the
/// same end. Searches without a deadline are not in it; they run as the settings say.
struct Course {
  /// What a search was told before an iteration.
  struct Turn {
    bool go_on = true;
    int64_t threads = 1;  // of what comes next
  };
  struct Search {
    int64_t problem = 0;        // the first of those that were searched side by side
    bool late = false;          // its answer came too late, or it was not begun; nothing more is known of it then
    int64_t samples = 0;        // candidates an iteration
    std::vector<Turn> turns{};  // the first: of what comes before the iterations
  };
  std::vector<Search> searches{};
  bool ahead = false;  // a search of what follows was begun

  /// The search of a problem; null: there was none under a deadline.
  const Search* of(int64_t problem) const {
    for (const Search& search : searches)
      if (search.problem == problem) return &search;
    return nullptr;
  }
};

}  // namespace foresee::planner
