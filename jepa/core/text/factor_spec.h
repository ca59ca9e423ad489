#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace foresee {

/// Numbers from low to high, both included; one number where they are equal.
struct FactorInterval {
  double low = 0, high = 0;
  bool whole = false;  // both bounds are written without a fraction

  bool holds(double value) const { return value >= low && value <= high; }
};

/// One of the things that a factor of variation may be: "30..190", "[0..255,0,0]", "T".
struct FactorOption {
  std::string text;                       // as it was written
  std::vector<FactorInterval> numbers{};  // one for each number; empty: `text` is a name
  bool list = false;                      // written with brackets
};

// Note [Factors]
// A factor of variation is a property of a scene: a door's place, a colour. Its name is its key in the group "world" of
// configs: "two_room.door_position". What it may be is written behind the name:
//
//   two_room.door_position=30..190              a number of the range, both ends included
//   two_room.door_position=30,50,70             one of these
//   two_room.background_color=[0..255,0..80,9]  a list, number by number
//   push_t.block_shape=T,L                      one of these names
//   two_room.background_color=any               all that the environment allows
//
// A single number for a factor that is a list stands for each number of that list.

/// A factor and what it may be.
struct FactorSpec {
  std::string key;                      // "two_room.door_position"
  std::vector<FactorOption> options{};  // at least one, unless `any`
  bool any = false;                     // all that the environment allows

  /// Whether one of the options holds a value: of an option without brackets the first number counts.
  bool holds(std::span<const double> value) const;
};

/// Reads "KEY=OPTION,OPTION,..." (Note [Factors]). @param where  what messages call the text: "draw".
/// @throws ConfigError without a key or an option, for brackets that do not match, and for a range whose low end lies
/// above its high end.
FactorSpec parse_factor_spec(std::string_view text, std::string_view where);

/// The key as configs know it: stable-worldmodel's dots become underscores ("push_t.block.scale" ->
/// "push_t.block_scale"), but for factors of one's own program ("process.variation.light").
std::string factor_key(std::string_view name);

/// Which column of an episode holds a factor's value: "variation.two_room.door_position".
std::string factor_column(std::string_view key);

}  // namespace foresee
