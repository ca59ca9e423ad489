#include "jepa/io/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "jepa/core/error.h"
#include "jepa/core/files/descriptor.h"
#include "jepa/core/files/system_reason.h"

namespace foresee {

MappedFile::MappedFile(const std::filesystem::path& path, std::string_view what) {
  const std::string where = path.string();
  // O_NONBLOCK: opening a pipe must not wait for a writer; it has no meaning for a plain file.
  const Descriptor file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0)
    fail<CheckpointError>("{}: cannot open: {}", where, system_reason(errno));
  if (!S_ISREG(status.st_mode)) fail<CheckpointError>("{}: expected {}, this is no plain file", where, what);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return;  // nothing to map; the reader of the format says what is missing
  void* base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number(), 0);
  if (base == MAP_FAILED) fail<CheckpointError>("{}: cannot map into memory: {}", where, system_reason(errno));
  mapping_ =
      std::shared_ptr<const void>(base, [size](const void* address) { ::munmap(const_cast<void*>(address), size); });
  bytes_ = {static_cast<const char*>(base), size};
}

void release_pages(std::string_view bytes) {
  constexpr uintptr_t kPage = 4096;  // a larger page makes madvise refuse, which costs memory only
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t first = (begin + kPage - 1) / kPage * kPage, last = (begin + bytes.size()) / kPage * kPage;
  // Only pages that lie wholly inside: their neighbours belong to other tensors.
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace foresee
