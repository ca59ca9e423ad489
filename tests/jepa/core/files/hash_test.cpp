// Claims: hashes are FNV-1a's published values, and stay so: splits of recorded data and folders of latents hold them.
#include "jepa/core/files/hash.h"

#include <gtest/gtest.h>

#include <array>

namespace foresee {
namespace {

TEST(Hash, BytesGiveThePublishedValues) {  // http://www.isthe.com/chongo/tech/comp/fnv
  EXPECT_EQ(hash_bytes(""), 0xcbf29ce484222325u);
  EXPECT_EQ(hash_bytes("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(hash_bytes("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(hash_bytes("bar", hash_bytes("foo")), hash_bytes("foobar"));
}

TEST(Hash, WordsAreFilledUpWithZeros) {
  const std::array<unsigned char, 16> padded{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(hash_words(padded.data(), 9), hash_words(padded.data(), 16));
  EXPECT_NE(hash_words(padded.data(), 8), hash_words(padded.data(), 9));
  const unsigned char a = 'a';
  EXPECT_EQ(hash_words(&a, 1), hash_bytes("a"));
}

}  // namespace
}  // namespace foresee
