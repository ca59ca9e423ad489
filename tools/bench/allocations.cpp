#include "tools/bench/allocations.h"

#include <atomic>
#include <cstdlib>

#if defined(__linux__) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
#define FORESEE_COUNTS_ALLOCATIONS 1
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string_view>
#endif

namespace foresee::tools {

#ifdef FORESEE_COUNTS_ALLOCATIONS
namespace {

constexpr size_t kLarge = 4096;  // bytes; smaller calls are not counted
std::atomic<bool> counting{false};
std::atomic<int64_t> large_calls{0};

void count(size_t bytes) {
  if (bytes > kLarge && counting.load(std::memory_order_relaxed)) large_calls.fetch_add(1, std::memory_order_relaxed);
}

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

// What the entries led to before; filled before any of them is redirected.
struct Allocator {
  void* (*malloc)(size_t) = real<void*(size_t)>("malloc");
  void* (*calloc)(size_t, size_t) = real<void*(size_t, size_t)>("calloc");
  void* (*realloc)(void*, size_t) = real<void*(void*, size_t)>("realloc");
  int (*posix_memalign)(void**, size_t, size_t) = real<int(void**, size_t, size_t)>("posix_memalign");
  void* (*aligned_alloc)(size_t, size_t) = real<void*(size_t, size_t)>("aligned_alloc");
  void* (*memalign)(size_t, size_t) = real<void*(size_t, size_t)>("memalign");
};

const Allocator& allocator() {
  static const Allocator found;
  return found;
}

void* counted_malloc(size_t bytes) { return count(bytes), allocator().malloc(bytes); }
void* counted_calloc(size_t number, size_t bytes) { return count(number * bytes), allocator().calloc(number, bytes); }
void* counted_realloc(void* old, size_t bytes) { return count(bytes), allocator().realloc(old, bytes); }
int counted_posix_memalign(void** out, size_t alignment, size_t bytes) {
  return count(bytes), allocator().posix_memalign(out, alignment, bytes);
}
void* counted_aligned_alloc(size_t alignment, size_t bytes) {
  return count(bytes), allocator().aligned_alloc(alignment, bytes);
}
void* counted_memalign(size_t alignment, size_t bytes) { return count(bytes), allocator().memalign(alignment, bytes); }

/// What stands in for a function of the allocator. @returns null for all other names.
void* counted(std::string_view name) {
  if (name == "malloc") return reinterpret_cast<void*>(&counted_malloc);
  if (name == "calloc") return reinterpret_cast<void*>(&counted_calloc);
  if (name == "realloc") return reinterpret_cast<void*>(&counted_realloc);
  if (name == "posix_memalign") return reinterpret_cast<void*>(&counted_posix_memalign);
  if (name == "aligned_alloc") return reinterpret_cast<void*>(&counted_aligned_alloc);
  if (name == "memalign") return reinterpret_cast<void*>(&counted_memalign);
  return nullptr;
}

/// Writes one entry of a link table, which the loader may have made read-only.
void redirect(void** entry, void* target) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  void* const start = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(entry) / page * page);
  if (::mprotect(start, page, PROT_READ | PROT_WRITE) == 0) __atomic_store_n(entry, target, __ATOMIC_RELEASE);
}

bool of_a_function(uint64_t type) {
#ifdef __x86_64__
  return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
#else
  return type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
#endif
}

/// The parts of a library's dynamic section that say which functions of others it calls, and where their addresses lie.
struct LinkTable {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * entries[2] = {};  // those of calls, then all others
  size_t bytes[2] = {};
};

LinkTable link_table(const ElfW(Dyn) * part, ElfW(Addr) base) {
  LinkTable table;
  for (; part->d_tag != DT_NULL; ++part) {
    const ElfW(Addr) address = part->d_un.d_ptr < base ? part->d_un.d_ptr + base : part->d_un.d_ptr;
    if (part->d_tag == DT_SYMTAB) table.symbols = reinterpret_cast<const ElfW(Sym)*>(address);
    if (part->d_tag == DT_STRTAB) table.names = reinterpret_cast<const char*>(address);
    if (part->d_tag == DT_JMPREL) table.entries[0] = reinterpret_cast<const ElfW(Rela)*>(address);
    if (part->d_tag == DT_PLTRELSZ) table.bytes[0] = part->d_un.d_val;
    if (part->d_tag == DT_RELA) table.entries[1] = reinterpret_cast<const ElfW(Rela)*>(address);
    if (part->d_tag == DT_RELASZ) table.bytes[1] = part->d_un.d_val;
  }
  return table;
}

int redirect_library(dl_phdr_info* library, size_t, void*) {
  if (std::strstr(library->dlpi_name, "vdso") != nullptr || std::strstr(library->dlpi_name, "ld-linux") != nullptr)
    return 0;
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    if (library->dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* dynamic = reinterpret_cast<const ElfW(Dyn)*>(library->dlpi_addr + library->dlpi_phdr[i].p_vaddr);
    const LinkTable table = link_table(dynamic, library->dlpi_addr);
    if (table.symbols == nullptr || table.names == nullptr) continue;
    for (int kind = 0; kind < 2; ++kind)
      for (size_t at = 0; at < table.bytes[kind] / sizeof(ElfW(Rela)); ++at) {
        const ElfW(Rela)& entry = table.entries[kind][at];
        if (!of_a_function(ELF64_R_TYPE(entry.r_info))) continue;
        const char* name = table.names + table.symbols[ELF64_R_SYM(entry.r_info)].st_name;
        if (void* const target = counted(name))
          redirect(reinterpret_cast<void**>(library->dlpi_addr + entry.r_offset), target);
      }
  }
  return 0;
}

}  // namespace

AllocationCount::AllocationCount() {
  allocator();
  static const int redirected = ::dl_iterate_phdr(redirect_library, nullptr);
  static_cast<void>(redirected);
  large_calls = 0;
  counting = true;
}

AllocationCount::~AllocationCount() { counting = false; }

std::optional<int64_t> AllocationCount::calls() const { return large_calls.load(); }

#else

AllocationCount::AllocationCount() = default;
AllocationCount::~AllocationCount() = default;
std::optional<int64_t> AllocationCount::calls() const { return {}; }

#endif

}  // namespace foresee::tools
