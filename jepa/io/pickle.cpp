#include "jepa/io/pickle.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_map>

#include "jepa/core/error.h"

namespace foresee {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxValues = 1'000'000, kMaxSteps = 20'000'000;
constexpr uint16_t kMaxDepth = 200;

// Python's Lib/pickle.py; the opcodes of protocols 2 to 5 that a pickler of those protocols writes, and those of
// protocol 1 that it keeps.
// clang-format off
enum class Op : uint8_t {
  kMark = '(', kStop = '.', kPop = '0', kPopMark = '1', kDup = '2', kNone = 'N', kNewTrue = 0x88, kNewFalse = 0x89,
  kBinInt = 'J', kBinInt1 = 'K', kBinInt2 = 'M', kLong1 = 0x8a, kLong4 = 0x8b, kBinFloat = 'G',
  kBinString = 'T', kShortBinString = 'U', kBinUnicode = 'X', kShortBinUnicode = 0x8c, kBinUnicode8 = 0x8d,
  kBinBytes = 'B', kShortBinBytes = 'C', kBinBytes8 = 0x8e, kByteArray8 = 0x96,
  kEmptyTuple = ')', kTuple = 't', kTuple1 = 0x85, kTuple2 = 0x86, kTuple3 = 0x87,
  kEmptyList = ']', kList = 'l', kAppend = 'a', kAppends = 'e', kEmptySet = 0x8f, kAddItems = 0x90, kFrozenSet = 0x91,
  kEmptyDict = '}', kDict = 'd', kSetItem = 's', kSetItems = 'u',
  kBinPut = 'q', kLongBinPut = 'r', kMemoize = 0x94, kBinGet = 'h', kLongBinGet = 'j',
  kGlobal = 'c', kStackGlobal = 0x93, kReduce = 'R', kNewObj = 0x81, kNewObjEx = 0x92, kBuild = 'b',
  kBinPersId = 'Q', kExt1 = 0x82, kExt2 = 0x83, kExt4 = 0x84, kProto = 0x80, kFrame = 0x95,
};
// clang-format on

/// The stack machine of Note [Pickles].
class Machine {
 public:
  Machine(std::string_view bytes, const std::string& where, std::deque<PickleValue>& values)
      : bytes_(bytes), where_(where), values_(values) {}

  const PickleValue* run() {
    for (size_t steps = 0;; ++steps) {
      if (steps > kMaxSteps) refuse("more than {} steps", kMaxSteps);
      const auto op = static_cast<Op>(number<uint8_t>());
      if (op == Op::kStop) {
        const PickleValue* root = pop();
        if (!stack_.empty()) refuse("{} values beside the result", stack_.size());
        return root;
      }
      step(op);
    }
  }

 private:
  using Items = std::vector<PickleValue*>;

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail<CheckpointError>("{}: not a sound pickle: {} (byte {})", where_,
                          fmt::format(format, std::forward<Args>(args)...), place_);
  }

  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - place_) refuse("truncated: {} bytes expected, {} left", size, bytes_.size() - place_);
    place_ += size;
    return bytes_.substr(place_ - size, size);
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view line() {
    const size_t end = bytes_.find('\n', place_);
    if (end == std::string_view::npos) refuse("truncated: no end of line");
    const std::string_view text = bytes_.substr(place_, end - place_);
    place_ = end + 1;
    return text;
  }

  PickleValue* make(Kind kind) {
    if (values_.size() >= kMaxValues) refuse("more than {} values", kMaxValues);
    values_.push_back({});
    values_.back().kind = kind;
    return &values_.back();
  }
  void push(PickleValue* value) { stack_.push_back(value); }
  PickleValue* pop() {
    if (stack_.empty() || (!marks_.empty() && marks_.back() == stack_.size())) refuse("the stack is empty");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }
  /// The last `count` values, the deepest first.
  Items pop(size_t count) {
    Items items(count);
    while (count-- > 0) items[count] = pop();
    return items;
  }
  void push_mark() {
    if (marks_.size() >= kMaxDepth) refuse("nested deeper than {}", kMaxDepth);
    marks_.push_back(stack_.size());
  }
  Items pop_to_mark() {
    if (marks_.empty()) refuse("no mark on the stack");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    Items items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  void check_protocol(int protocol) const {
    if (protocol < 2 || protocol > 5) refuse("protocol {}, expected 2 to 5", protocol);
  }
  void add(PickleValue* holder, const PickleValue* item) {
    const auto depth = static_cast<uint16_t>(item->depth + 1);
    if (depth > kMaxDepth) refuse("nested deeper than {}", kMaxDepth);
    holder->depth = std::max(holder->depth, depth);
    holder->items.push_back(item);
  }
  void push_of(Kind kind, const Items& items) {
    PickleValue* value = make(kind);
    for (const PickleValue* item : items) add(value, item);
    push(value);
  }
  void push_text(Kind kind, std::string_view text) {
    PickleValue* value = make(kind);
    value->text = text;
    push(value);
  }
  void push_integer(Kind kind, int64_t integer) {
    PickleValue* value = make(kind);
    value->integer = integer;
    push(value);
  }
  void push_float(uint64_t big_endian) {
    PickleValue* value = make(Kind::kFloat);
    value->real = std::bit_cast<double>(__builtin_bswap64(big_endian));
    push(value);
  }
  void push_global(std::string_view module, std::string_view name) {
    PickleValue* value = make(Kind::kGlobal);
    value->module = module;
    value->text = name;
    push(value);
  }
  void push_global(std::string_view module) { push_global(module, line()); }
  void push_global(const Items& names) {
    if (!names[0]->is(Kind::kString) || !names[1]->is(Kind::kString)) refuse("a global whose name is no text");
    push_global(names[0]->text, names[1]->text);
  }
  /// A little-endian two's complement number of any length.
  void push_long(std::string_view digits) {
    if (digits.size() > 8) return push(make(Kind::kOpaque));
    uint64_t value = !digits.empty() && (digits.back() & 0x80) ? ~uint64_t{0} : 0;
    std::memcpy(&value, digits.data(), digits.size());
    push_integer(Kind::kInt, static_cast<int64_t>(value));
  }
  /// @param parts  callee, arguments and, where there are any, keyword arguments.
  void push_call(const Items& parts) {
    const PickleValue &callee = *parts[0], &arguments = *parts[1];
    if (!arguments.is(Kind::kTuple)) refuse("a call whose arguments are {}", arguments.describe());
    const std::string name = callee.is(Kind::kGlobal) ? callee.qualified_name() : "";
    // Dicts and lists of other names: what they hold follows.
    if (name == "collections.OrderedDict" && arguments.items.empty()) return push(make(Kind::kDict));
    if (name == "collections.defaultdict" && arguments.items.size() <= 1) return push(make(Kind::kDict));
    if (name == "collections.deque" && (arguments.items.empty() || arguments.items[0]->items.empty()))
      return push(make(Kind::kList));
    push_of(Kind::kCall, parts);
  }
  void push_dict(const Items& items) {
    push(make(Kind::kDict));
    extend(items, Kind::kDict);
  }
  /// Adds to the list, dict or set on the stack; to a foreign object it is one more record.
  void extend(const Items& items, Kind kind) {
    PickleValue* holder = top();
    if (!holder->is(kind) && !holder->is(Kind::kCall)) refuse("items for {}", holder->describe());
    if (kind == Kind::kDict && items.size() % 2 != 0) refuse("a key without a value");
    for (const PickleValue* item : items) add(holder, item);
  }
  /// BUILD: kept for a foreign object; the attributes of a container (_metadata of a state dict) say nothing here.
  void set_state(const PickleValue* state) {
    if (PickleValue* object = top(); object->is(Kind::kCall)) add(object, state);
  }
  void remember(uint32_t index) {
    if (memo_.size() >= kMaxValues) refuse("more than {} values in the memo", kMaxValues);
    memo_[index] = top();
  }
  void recall(uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) refuse("no value {} in the memo", index);
    push(found->second);
  }

  void step(Op op);

  std::string_view bytes_;
  const std::string& where_;
  std::deque<PickleValue>& values_;
  size_t place_ = 0;
  Items stack_;
  std::vector<size_t> marks_;  // heights of the stack
  std::unordered_map<uint32_t, PickleValue*> memo_;
};

// clang-format off
void Machine::step(Op op) {
  using enum Op;
  switch (op) {
    case kProto: return check_protocol(number<uint8_t>());
    case kFrame: number<uint64_t>(); return;
    case kMark: return push_mark();
    case kPop: pop(); return;
    case kPopMark: pop_to_mark(); return;
    case kDup: return push(top());
    case kBinPut: return remember(number<uint8_t>());
    case kLongBinPut: return remember(number<uint32_t>());
    case kMemoize: return remember(static_cast<uint32_t>(memo_.size()));
    case kBinGet: return recall(number<uint8_t>());
    case kLongBinGet: return recall(number<uint32_t>());

    case kNone: return push(make(Kind::kNone));
    case kNewTrue: return push_integer(Kind::kBool, 1);
    case kNewFalse: return push_integer(Kind::kBool, 0);
    case kBinInt: return push_integer(Kind::kInt, number<int32_t>());
    case kBinInt1: return push_integer(Kind::kInt, number<uint8_t>());
    case kBinInt2: return push_integer(Kind::kInt, number<uint16_t>());
    case kLong1: return push_long(take(number<uint8_t>()));
    case kLong4: return push_long(take(number<uint32_t>()));
    case kBinFloat: return push_float(number<uint64_t>());
    case kShortBinString: case kShortBinUnicode: return push_text(Kind::kString, take(number<uint8_t>()));
    case kBinString: case kBinUnicode: return push_text(Kind::kString, take(number<uint32_t>()));
    case kBinUnicode8: return push_text(Kind::kString, take(number<uint64_t>()));
    case kShortBinBytes: return push_text(Kind::kBytes, take(number<uint8_t>()));
    case kBinBytes: return push_text(Kind::kBytes, take(number<uint32_t>()));
    case kBinBytes8: case kByteArray8: return push_text(Kind::kBytes, take(number<uint64_t>()));

    case kEmptyTuple: return push(make(Kind::kTuple));
    case kTuple: return push_of(Kind::kTuple, pop_to_mark());
    case kTuple1: return push_of(Kind::kTuple, pop(1));
    case kTuple2: return push_of(Kind::kTuple, pop(2));
    case kTuple3: return push_of(Kind::kTuple, pop(3));
    case kEmptyList: return push(make(Kind::kList));
    case kList: return push_of(Kind::kList, pop_to_mark());
    case kAppend: return extend(pop(1), Kind::kList);
    case kAppends: return extend(pop_to_mark(), Kind::kList);
    case kEmptySet: return push(make(Kind::kSet));
    case kFrozenSet: return push_of(Kind::kSet, pop_to_mark());
    case kAddItems: return extend(pop_to_mark(), Kind::kSet);
    case kEmptyDict: return push(make(Kind::kDict));
    case kDict: return push_dict(pop_to_mark());
    case kSetItem: return extend(pop(2), Kind::kDict);
    case kSetItems: return extend(pop_to_mark(), Kind::kDict);

    case kGlobal: return push_global(line());
    case kStackGlobal: return push_global(pop(2));
    case kReduce: case kNewObj: return push_call(pop(2));
    case kNewObjEx: return push_call(pop(3));
    case kBuild: return set_state(pop());
    case kBinPersId: return push_of(Kind::kPersistent, pop(1));
    case kExt1: number<uint8_t>(); return push(make(Kind::kOpaque));
    case kExt2: number<uint16_t>(); return push(make(Kind::kOpaque));
    case kExt4: number<uint32_t>(); return push(make(Kind::kOpaque));
    case kStop: break;
  }
  refuse("opcode {:#04x} is not one of torch.save's", static_cast<unsigned>(op));
}
// clang-format on

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  const PickleValue* found = nullptr;
  if (is(Kind::kDict))
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i]->is(Kind::kString) && items[i]->text == key) found = items[i + 1];
  return found;
}

const PickleValue* PickleValue::find(int64_t key) const {
  const PickleValue* found = nullptr;
  if (is(Kind::kDict))
    for (size_t i = 0; i + 1 < items.size(); i += 2)
      if (items[i]->is(Kind::kInt) && items[i]->integer == key) found = items[i + 1];
  return found;
}

std::string PickleValue::qualified_name() const {
  const PickleValue* global = this;
  if (is(Kind::kCall)) global = items.front();
  if (!global->is(Kind::kGlobal)) return {};
  return std::string(global->module) + "." + std::string(global->text);
}

std::string PickleValue::describe() const {
  switch (kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return integer ? "True" : "False";
    case Kind::kInt:
      return fmt::format("the number {}", integer);
    case Kind::kFloat:
      return fmt::format("the number {}", real);
    case Kind::kString:
      return "a text";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "a list";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kSet:
      return "a set";
    case Kind::kDict:
      return "a dict";
    case Kind::kGlobal:
      return "the name " + qualified_name();
    case Kind::kCall:
      return fmt::format("an object or call of '{}', which is not executed", qualified_name());
    case Kind::kPersistent:
      return "a storage";
    case Kind::kOpaque:
      break;
  }
  return "a value that is not read";
}

Pickle::Pickle(std::string_view bytes, const std::string& where) { root_ = Machine(bytes, where, values_).run(); }

}  // namespace foresee
