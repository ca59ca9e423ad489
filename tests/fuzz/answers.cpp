// A program that answers one line with the next part of a file, whatever was asked: answers FILE. Parts end with a zero
// byte; behind the last it ends. Plain and small, as process_fuzz starts it for every input.
#include <cstdio>

int main(int count, char** arguments) {
  std::FILE* const file = count == 2 ? std::fopen(arguments[1], "rb") : nullptr;
  if (file == nullptr) return 2;
  for (int asked = 0; (asked = std::getchar()) != EOF;) {
    if (asked != '\n') continue;
    int byte = 0;
    while ((byte = std::fgetc(file)) > 0) std::putchar(byte);
    std::fflush(stdout);
    if (byte == EOF) return 0;
  }
  return 0;
}
