// Claims: export writes a whole model in a form that its family has, or nothing.
#include "foresee/export_model.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "foresee/inspect.h"
#include "jepa/core/files/file.h"
#include "tests/support/arm_model.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kTwoRoom = "tools/assets/two_room", kMeta = "tests/fixtures/vjepa2/official_pt/latest.pt";

TEST(ExportModel, KnowsTheFormsOfEveryFamily) {
  const auto formats = export_formats();
  ASSERT_EQ(formats.size(), 4u);
  for (const ModelFormat& format : formats) {
    const size_t families = format.name == "foresee" ? 3u : format.name == "official" ? 2u : 1u;
    EXPECT_EQ(format.families.size(), families) << format.name;
    EXPECT_FALSE(format.meaning.empty());
  }
}

TEST(ExportModel, WritesWhatItReadsBack) {
  const TemporaryFolder folder;
  const ExportResult written = export_model({.model = kTwoRoom, .format = "foresee", .out = folder / "own"});
  EXPECT_EQ(written.family, "lewm");
  const InspectResult before = inspect({.path = kTwoRoom}), after = inspect({.path = folder / "own"});
  EXPECT_EQ(written.parameters, before.elements);
  ASSERT_EQ(after.tensors.size(), before.tensors.size());
  for (size_t i = 0; i < before.tensors.size(); ++i) EXPECT_EQ(after.tensors[i].name, before.tensors[i].name);
}

TEST(ExportModel, KeepsWhatPlansAreJudgedBy) {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  fs::copy(kTwoRoom, model);
  write_file(model / "training_costs.json", "{}");
  for (const char* format : {"foresee", "swm"}) {
    export_model({.model = model, .format = format, .out = folder / format});
    EXPECT_EQ(read_file(folder / format / "training_costs.json"), "{}") << format;
  }
  EXPECT_TRUE(read_json(folder / "foresee" / "manifest.json").at("files").contains("training_costs.json"));
}

TEST(ExportModel, SaysWhichNumberIsMissing) {
  const TemporaryFolder folder;
  ExportRequest request{.model = kMeta, .format = "hf", .out = folder / "hf"};
  try {
    export_model(request);
    ADD_FAILURE() << "the file does not say how many heads it has";
  } catch (const UnknownSizeError& error) {
    EXPECT_EQ(error.option(), "heads");
    EXPECT_FALSE(says(error.what(), "--")) << "flags are the command's";
  }
  EXPECT_FALSE(fs::exists(folder / "hf"));
  request.read = {.heads = 2, .predictor_heads = 2, .image_size = 32};
  EXPECT_EQ(export_model(request).family, "vjepa2");
  EXPECT_TRUE(fs::exists(folder / "hf" / "config.json"));
}

TEST(ExportModel, SaysWhatMetasFileHasNoPlaceFor) {
  const TemporaryFolder folder;
  for (const bool extrinsics : {false, true}) {
    const LogCapture log;
    const std::string name = extrinsics ? "with" : "without";
    export_model(
        {.model = write_arm_model(folder / name, extrinsics), .format = "official", .out = folder / (name + "2")});
    EXPECT_EQ(says(log.text(), "has no place for that the model takes the camera's pose"), extrinsics) << log.text();
    EXPECT_EQ(says(log.text(), "has no place"), extrinsics) << log.text();
  }
}

TEST(ExportModel, ReplacesAnEarlierOneWhereItIsToldTo) {
  const TemporaryFolder folder;
  ExportRequest request{.model = kTwoRoom, .format = "swm", .out = folder / "m"};
  export_model(request);
  EXPECT_THROW(export_model(request), OutputExists);
  request.overwrite = true;
  EXPECT_NO_THROW(export_model(request));
}

TEST(ExportModel, RefusesWhatDoesNotFit) {
  const TemporaryFolder folder;
  const fs::path out = folder / "out";
  EXPECT_THROW(export_model({.model = kTwoRoom, .format = "hf", .out = out}), CheckpointError);
  EXPECT_THROW(export_model({.model = kTwoRoom, .preset = "vitl", .format = "foresee", .out = out}), Error);
  EXPECT_THROW(export_model({.model = kTwoRoom, .format = "foresee"}), Error);
  EXPECT_THROW(export_model({.preset = "vit_larg", .format = "hf", .out = out}), ConfigError);
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace foresee
