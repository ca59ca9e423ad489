#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace foresee {

// Note [Pickles]
// A pickle is a program for a stack machine that can import and call anything. This reader runs none of it: a global
// is a name, a call is a record of what would have been called with which arguments, and what an object would have been
// given as state is a record too. Only the containers that torch.save writes (dict, OrderedDict, list, tuple, set) are
// built. Whoever needs the value of a call must know it (PtFile knows how torch rebuilds a tensor); all others stay
// opaque.

/// One value of a pickle. Texts are views of the pickle's bytes.
struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBool,
    kInt,
    kFloat,
    kString,
    kBytes,
    kList,
    kTuple,
    kSet,
    kDict,        // items: key, value, key, value, ...
    kGlobal,      // module, text: an import that was not done
    kCall,        // items: callee, arguments (a tuple); and, behind them, keyword arguments and states set later
    kPersistent,  // items: what names a storage
    kOpaque,      // a value without use here: an integer beyond 64 bits, an extension code
  };

  Kind kind = Kind::kNone;
  uint16_t depth = 0;       // nesting below this value when it was made
  int64_t integer = 0;      // kBool, kInt
  double real = 0;          // kFloat
  std::string_view module;  // kGlobal
  std::string_view text;    // kString (UTF-8), kBytes, kGlobal: its name
  std::vector<const PickleValue*> items;

  bool is(Kind other) const { return kind == other; }
  /// The value of a dict's key (the last one, where a key is there twice); null where there is none, and for what is no
  /// dict.
  const PickleValue* find(std::string_view key) const;
  const PickleValue* find(int64_t key) const;
  /// A global or a call of one: "argparse.Namespace"; of another kind: empty.
  std::string qualified_name() const;
  /// For messages: "a dict", "an unread object of argparse.Namespace".
  std::string describe() const;
};

/// The values of one pickle; they live as long as this.
class Pickle {
 public:
  /// Reads protocols 2 to 5, as torch.save writes them.
  /// @param bytes  must outlive this. @param where  what messages call it.
  /// @throws CheckpointError on a truncated or malformed pickle, an opcode outside the set, nesting beyond 200, more
  /// than a million values.
  Pickle(std::string_view bytes, const std::string& where);
  Pickle(Pickle&&) = default;

  const PickleValue& root() const { return *root_; }

 private:
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
};

}  // namespace foresee
