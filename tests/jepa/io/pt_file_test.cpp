// A .pt file is a program. It is read as data: nothing that it names is imported or called, every size that it claims
// is checked before it is used, and what is refused says why.
#include "jepa/io/pt_file.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "tests/jepa/io/pt_bytes.h"
#include "tests/support/input_file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using namespace pickle_text;

const fs::path kFixtures = "tests/fixtures/vjepa2/official_pt";

/// What reading such a file, tensors included, says; empty where it is read.
std::string refusal_of_file(const std::string& bytes) {
  const InputFile file(bytes);
  const auto message = refusal_of<CheckpointError>([&] { all_tensors(PtFile(file.path())); });
  EXPECT_TRUE(message.empty() || says(message, file.path().string())) << message;
  return message;
}
std::string refusal_of_value(const std::string& value) { return refusal_of_file(pt_bytes(value)); }

/// Storage "0" of four floats 0 1 2 3.
const std::pair<std::string, std::string> kFourFloats{"0",
                                                      bytes_of(0.F) + bytes_of(1.F) + bytes_of(2.F) + bytes_of(3.F)};
std::string refusal_of_tensor(const std::string& tensor) {
  return refusal_of_file(pt_bytes(dict({{"a", tensor}}), {kFourFloats}));
}

/// Four floats, looked at with these sizes.
std::string view(int32_t offset, const std::vector<int32_t>& shape, const std::vector<int32_t>& strides) {
  return tensor(storage("FloatStorage", "0", 4), offset, shape, strides);
}

TEST(PtFile, ReadsAHandMadeFile) {
  const TemporaryFolder folder;
  write_file(folder / "w.pt", pt_bytes(dict({{"a", view(1, {2}, {2})}, {"n", number(7)}}), {kFourFloats}));
  const PtFile file(folder / "w.pt");
  EXPECT_TRUE(at::equal(file.tensor(file.at("a"), "a"), torch::tensor({1.F, 3.F})));
  EXPECT_EQ(file.at("n").integer, 7);
}

TEST(PtFile, ReadsViewsAndDtypesBitForBit) {
  const PtFile file(kFixtures / "views_and_dtypes.pt");
  const TensorMap tensors = file.tensors(file.at("encoder"), "encoder");
  const TensorMap expected = load_safetensors(kFixtures / "views_and_dtypes.expected.safetensors");
  ASSERT_EQ(tensors.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_EQ(tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(tensors.at(name), tensor)) << name;
  }
}

TEST(PtFile, ReadsTheScalarsAndTheOptimizerOfACheckpoint) {
  const PtFile file(kFixtures / "latest.pt");
  EXPECT_EQ(file.at("epoch").integer, 2);
  EXPECT_NEAR(file.at("loss").real, 0.9633097052574158, 0);
  EXPECT_EQ(all_tensors(file).count("opt.state.0.exp_avg"), 1u);
  EXPECT_TRUE(foreign_values(file).empty());
}

TEST(PtFile, ReadsTheValuesOfLaterProtocols) {
  // As torch.save(pickle_protocol=4): a frame, short texts, values memoised by count, a global from the stack.
  const std::string body =
      "}\x94(\x8c\x01"
      "a\x94K\x05\x8c\x01"
      "b\x94\x8c\x0b"
      "collections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94"
      "h\x01\x8c\x01xsu.";
  const std::string bytes = std::string("\x80\x04\x95") + bytes_of(uint64_t{body.size()}) + body;
  const Pickle pickle(bytes, "test");
  EXPECT_EQ(pickle.root().find("a")->integer, 5);
  EXPECT_EQ(pickle.root().find("b")->find("a")->text, "x");
}

TEST(PtFile, ReadsDictsAndListsOfOtherNames) {
  const std::string made = call(global("collections", "defaultdict"), "(" + global("__builtin__", "list") + "t"),
                    queue = call(global("collections", "deque"), "()" + number(3) + "t");
  const std::string items = "(" + text("a") + view(0, {4}, {1}) + "u";
  const InputFile file(
      pt_bytes(dict({{"d", made + items}, {"q", queue + "(" + view(1, {1}, {1}) + "e"}}), {kFourFloats}));
  const PtFile read(file.path());
  const TensorMap tensors = all_tensors(read);
  EXPECT_EQ(tensors.count("d.a"), 1u);
  EXPECT_EQ(tensors.count("q.0"), 1u);
  EXPECT_TRUE(foreign_values(read).empty());
}

TEST(PtFile, WritesToATensorStayPrivate) {
  const TemporaryFolder folder;
  write_file(folder / "w.pt", pt_bytes(dict({{"a", view(0, {4}, {1})}}), {kFourFloats}));
  {
    const PtFile file(folder / "w.pt");
    file.tensor(file.at("a"), "a").fill_(9);
  }
  const PtFile again(folder / "w.pt");
  EXPECT_TRUE(at::equal(again.tensor(again.at("a"), "a"), torch::tensor({0.F, 1.F, 2.F, 3.F})));
}

TEST(PtFile, ExecutesNothing) {
  const TemporaryFolder folder;
  const fs::path pwned = folder / "pwned";
  const std::string system = call(global("posix", "system"), "(" + text("touch '" + pwned.string() + "'") + "t");
  write_file(folder / "w.pt", pt_bytes(dict({{"epoch", system}, {"a", view(0, {4}, {1})}}), {kFourFloats}));
  const PtFile file(folder / "w.pt");
  EXPECT_EQ(foreign_values(file), std::vector<std::string>{"epoch: posix.system"});
  EXPECT_EQ(all_tensors(file).size(), 1u);  // what does not depend on the call is there
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { file.tensor(file.at("epoch"), "epoch"); }), "posix.system"));
  EXPECT_FALSE(fs::exists(pwned));
}

TEST(PtFile, LeavesForeignObjectsOpaque) {
  const PtFile file(kFixtures / "stray_class.pt"), whole(kFixtures / "latest.pt");
  EXPECT_EQ(foreign_values(file), std::vector<std::string>{"args: argparse.Namespace"});
  const TensorMap ours = file.tensors(file.at("encoder"), "encoder");
  for (const auto& [name, tensor] : whole.tensors(whole.at("encoder"), "encoder"))
    EXPECT_TRUE(at::equal(ours.at(name), tensor)) << name;
}

TEST(PtFile, RefusesATensorThatDependsOnAForeignCall) {
  const std::string made = call(global("numpy", "empty"), "(" + number(3) + "t");
  EXPECT_TRUE(says(refusal_of_tensor(call(global("torch._utils", "_rebuild_tensor_v2"),
                                          "(" + made + number(0) + numbers({1}) + numbers({1}) + "\x89Nt")),
                   "unknown arguments"));
  EXPECT_TRUE(says(refusal_of_tensor(tensor(storage("QInt8Storage", "0", 4), 0, {1}, {1})), "QInt8Storage"));
}

TEST(PtFile, RefusesOtherFormsWithAHint) {
  EXPECT_TRUE(
      says(refusal_of<CheckpointError>([] { PtFile(kFixtures / "legacy_format.pt"); }), "torch.save(torch.load"));
  EXPECT_TRUE(says(refusal_of_file(""), "not a file of torch.save"));
  EXPECT_TRUE(says(refusal_of_file("version https://git-lfs.github.com/spec/v1\n"), "Git LFS"));
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/b", "c"}})), "no data.pkl"));
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/data.pkl", pickle("}")}, {"a/constants.pkl", ""}})), "TorchScript"));
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/data.pkl", pickle("}")}, {"a/byteorder", "big"}})), "big-endian"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([] { PtFile("tests/fixtures"); }), "is a folder"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([] { PtFile("no/such.pt"); }), "no such file"));
}

TEST(PtFile, RefusesATruncatedFileWhereverItEnds) {
  EXPECT_TRUE(says(refusal_of<CheckpointError>([] { PtFile(kFixtures / "truncated.pt"); }), "truncated"));
  const std::string whole = pt_bytes(dict({{"a", view(0, {4}, {1})}}), {kFourFloats});
  for (size_t size = 0; size < whole.size(); size += 7) EXPECT_NE(refusal_of_file(whole.substr(0, size)), "") << size;
}

TEST(PtFile, SurvivesEveryChangedByte) {
  const std::string whole = pt_bytes(dict({{"a", view(1, {2}, {2})}}), {kFourFloats});
  for (size_t place = 0; place < whole.size(); ++place)
    for (const char value : {'\0', '\x7f', '\xff', '('}) {
      std::string changed = whole;
      changed[place] = value;
      refusal_of_file(changed);  // read or refused with a CheckpointError; anything else ends the test
    }
}

TEST(PtFile, RefusesADamagedZip) {
  const std::string pickle_bytes = pickle("}");
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/data.pkl", pickle_bytes}}, "a/data.pkl")), "compressed"));
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/data.pkl", pickle_bytes}, {"a/data.pkl", pickle_bytes}})), "twice"));
  std::string many = zip_bytes({{"a/data.pkl", pickle_bytes}});
  many.replace(many.size() - 12, 2, "\xff\xff");  // so many entries, it says
  EXPECT_TRUE(says(refusal_of_file(many), "damaged zip"));
}

TEST(PtFile, RefusesViewsBeyondTheirStorage) {
  EXPECT_EQ(refusal_of_tensor(view(0, {4}, {1})), "");
  EXPECT_TRUE(says(refusal_of_tensor(view(1, {4}, {1})), "beyond its storage of 4"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {2, 2}, {3, 1})), "beyond its storage"));
  EXPECT_TRUE(says(refusal_of_tensor(view(-1, {1}, {1})), "offset from 0"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {2}, {-1})), "strides"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {-2}, {1})), "sizes"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {2, 2}, {1})), "strides"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {1 << 30, 1 << 30, 1 << 30}, {0, 0, 0})), "beyond its storage"));
  EXPECT_TRUE(says(refusal_of_tensor(view(0, {1 << 30}, {0})), "elements from a storage of 4"));
  EXPECT_EQ(refusal_of_tensor(view(9, {0}, {1})), "");  // nothing is looked at
}

TEST(PtFile, RefusesAStorageThatIsTooShortOrAbsent) {
  EXPECT_TRUE(says(refusal_of_tensor(tensor(storage("FloatStorage", "0", 5), 0, {5}, {1})), "the file holds 4"));
  EXPECT_TRUE(says(refusal_of_tensor(tensor(storage("DoubleStorage", "0", 4), 0, {4}, {1})), "the file holds 2"));
  EXPECT_TRUE(says(refusal_of_tensor(tensor(storage("FloatStorage", "1", 4), 0, {4}, {1})), "not in the file"));
  EXPECT_TRUE(
      says(refusal_of_tensor(tensor(storage("FloatStorage", "../data.pkl", 4), 0, {4}, {1})), "not in the file"));
}

TEST(Pickle, RefusesDeepNesting) {
  EXPECT_TRUE(says(refusal_of_value(std::string(100'000, '(')), "nested deeper"));
  std::string tuples = ")";
  for (int i = 0; i < 100'000; ++i) tuples += '\x85';
  EXPECT_TRUE(says(refusal_of_value(tuples), "nested deeper"));
}

TEST(Pickle, EndsOnListsInsideThemselves) {
  // l = []; l.append(l): it is looked at once.
  EXPECT_EQ(refusal_of_value("]q\x01h\x01"
                             "a"),
            "");
}

TEST(Pickle, RefusesBombsInBoundedTimeAndMemory) {
  // Each list holds the one before ten times: 10^60 values in 60 lines, none of them copied.
  std::string bomb = "]";
  for (char level = 1; level < 60; ++level) {
    bomb += std::string("q") + level + "0](";
    for (int i = 0; i < 10; ++i) bomb += std::string("h") + level;
    bomb += "e";
  }
  EXPECT_TRUE(says(refusal_of_value(bomb), "more than 1000000 values"));
  EXPECT_TRUE(says(refusal_of_value(std::string(2'000'000, 'N')), "more than 1000000 values"));
}

TEST(Pickle, RefusesLengthsBeyondTheEnd) {
  EXPECT_TRUE(says(refusal_of_value("X" + bytes_of(uint32_t{0xffffffff})), "truncated"));
  EXPECT_TRUE(says(refusal_of_value("\x8d" + bytes_of(~uint64_t{0})), "truncated"));
  EXPECT_TRUE(says(refusal_of_value("\x8b" + bytes_of(uint32_t{0x7fffffff})), "truncated"));
}

TEST(Pickle, RefusesWhatTheMachineCannotDo) {
  EXPECT_TRUE(says(refusal_of_value("0"), "stack is empty"));
  EXPECT_TRUE(says(refusal_of_value("t"), "no mark"));
  EXPECT_TRUE(says(refusal_of_value("}Na"), "items for a dict"));
  EXPECT_TRUE(says(refusal_of_value("}(Nu"), "key without a value"));
  EXPECT_TRUE(says(refusal_of_value("h\x07"), "no value 7"));
  EXPECT_TRUE(says(refusal_of_value("NNR"), "call whose arguments"));
  EXPECT_TRUE(says(refusal_of_value("NN"), "beside the result"));
  EXPECT_TRUE(says(refusal_of_value("I1\n"), "0x49"));  // protocol 0
  EXPECT_TRUE(says(refusal_of_file(zip_bytes({{"a/data.pkl", "\x80\x09N."}})), "protocol 9"));
}

TEST(Pickle, ReadsNumbersOfAnyWidth) {
  const auto value = [](const std::string& bytes) { return Pickle(pickle(bytes), "test").root().integer; };
  EXPECT_EQ(value("K\xff"), 255);
  EXPECT_EQ(value(std::string("M\x01\x02")), 0x201);
  EXPECT_EQ(value(number(-7)), -7);
  EXPECT_EQ(value(std::string("\x8a\x01\xff")), -1);
  EXPECT_EQ(value("\x8a\x08" + bytes_of(int64_t{-5'000'000'000})), -5'000'000'000);
  EXPECT_TRUE(Pickle(pickle("\x8a\x09" + std::string(9, '\1')), "test").root().is(PickleValue::Kind::kOpaque));
}

TEST(PtFile, RefusesPathsThatGrowByNesting) {
  // One long key, stored once and used at every level: the path at level n has n times its bytes.
  std::string value = pickle_text::number(1);
  for (int level = 0; level < 150; ++level) value = "}h\x02" + value + "s";
  const InputFile file(pt_bytes(pickle_text::text(std::string(100'000, 'k')) + "q\x02" + "0" + value));
  const PtFile pt(file.path());
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { all_tensors(pt); }), "expected at most 4096"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { foreign_values(pt); }), "expected at most 4096"));
}

TEST(PtFile, RefusesATextThatIsUsedOverAndOver) {
  const std::string text = pickle_text::text(std::string(100'000, 't')) + "q\x01";
  std::string list = "](" + text;
  for (int i = 0; i < 10'000; ++i) list += "h\x01";
  const InputFile file(pt_bytes(list + "e"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { foreign_values(PtFile(file.path())); }), "may take 268.4 MB"));
}

TEST(PtFile, RefusesViewsThatTogetherAreFarLargerThanTheFile) {
  // 100 views of 4M elements each of a storage of 1,000.
  std::vector<std::pair<std::string, std::string>> items;
  for (int i = 0; i < 100; ++i)
    items.emplace_back("t" + std::to_string(i),
                       pickle_text::tensor(pickle_text::storage("FloatStorage", "0", 1000), 0, {4000, 1000}, {0, 1}));
  const InputFile file(pt_bytes(pickle_text::dict(items), {{"0", std::string(4000, '\0')}}));
  const PtFile pt(file.path());
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { all_tensors(pt); }), "its tensors would take"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { PtFile(file.path()).tensors(pt.root(), "x"); }), "may take"));
}

}  // namespace
}  // namespace foresee
