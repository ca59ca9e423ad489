#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"

namespace foresee {

/// Damages a JSON file {`list`: [{`member`: text, ...}]} in several ways. Each is to be refused by the file's name,
/// without words of the JSON library. Afterwards the file is whole again.
template <typename Call>
void expect_damage_is_named(const std::filesystem::path& file, const std::string& list, const std::string& member,
                            Call&& work) {
  const std::string whole = read_file(file), key = "{\"" + list + "\": ";
  for (const std::string& damaged :
       {std::string("[]"), std::string("{}"), key + "5}", key + "[5]}", key + "[{\"" + member + "\": 5}]}"}) {
    write_file(file, damaged);
    const std::string refusal = refusal_of<DataError>(work);
    EXPECT_TRUE(says(refusal, file.filename().string() + ": ")) << damaged;
    EXPECT_FALSE(says(refusal, "json.exception")) << damaged;
  }
  write_file(file, whole);
}

}  // namespace foresee
