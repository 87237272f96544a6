// base/memory.cc — see memory.h.
#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace nodal {
namespace {

// Code only: it is never written to, so that nothing is lost with the pages.
int unmap_code(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& part = object->dlpi_phdr[i];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0 || (part.p_flags & PF_W) != 0)
      continue;
    const std::uintptr_t start = object->dlpi_addr + part.p_vaddr, first = start / page * page;
    ::madvise(reinterpret_cast<void*>(first), start + part.p_memsz - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void tune_memory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 256 << 10);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
}

void give_back_memory() {
  ::malloc_trim(0);
  ::dl_iterate_phdr(unmap_code, nullptr);
}

}  // namespace nodal
