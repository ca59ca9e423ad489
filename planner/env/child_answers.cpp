// What a child's words mean, apart from how they come and go (child_process.cpp): the fuzz target has a child of its
// own.
#include <cstring>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "jepa/core/text/json_text.h"
#include "jepa/core/text/printable.h"
#include "planner/env/child_process.h"

namespace foresee::planner {
namespace {

constexpr size_t kLongestAnswer = 4 << 20, kLastWords = 300;

}  // namespace

nlohmann::json ChildProcess::ask(const nlohmann::ordered_json& question) {
  if (!buffer_.empty())
    fail("process '{}': {} bytes that nobody asked for: '{}' (prints for people belong on standard error)", command_,
         buffer_.size(), printable(buffer_, kLastWords));
  begin(json_text(question) + "\n");
  size_t end = std::string::npos;
  for (size_t searched = 0; (end = buffer_.find('\n', searched)) == std::string::npos;) {
    searched = buffer_.size();
    if (searched > kLongestAnswer)
      fail("process '{}': an answer of more than {} bytes without the end of a line{}", command_, kLongestAnswer,
           last_words());
    receive();
  }
  const std::string text = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  const auto answer = try_parse_json(text, fmt::format("process '{}'", command_));
  if (!answer || !answer->is_object())
    fail("process '{}': expected one JSON object on a line, got '{}'", command_, printable(text, kLastWords));
  if (answer->contains("error"))
    fail("process '{}': {}", command_,
         printable((*answer)["error"].is_string() ? (*answer)["error"].get<std::string>() : text, kLastWords));
  return *answer;
}

void ChildProcess::read(uint8_t* out, size_t count) {
  while (buffer_.size() < count) receive();
  std::memcpy(out, buffer_.data(), count);
  buffer_.erase(0, count);
}

std::string ChildProcess::last_words() const {
  const std::string words = !errors_.empty()       ? printable(errors_, kLastWords)
                            : !last_error_.empty() ? last_error_.substr(0, kLastWords)
                                                   : printable(buffer_.substr(0, kLastWords), kLastWords);
  return words.empty() ? "; it said nothing" : fmt::format("; its last words: '{}'", words);
}

}  // namespace foresee::planner
