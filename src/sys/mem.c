/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/mem.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/ret.h"

int sys_map_file(int fd, struct sys_map *ret_map)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0) {
		*ret_map = (struct sys_map){.p = ""};
		return 0;
	}
	if ((uint64_t)st.st_size > SIZE_MAX)
		return -EFBIG;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret_map = (struct sys_map){.p = p, .len = (size_t)st.st_size};
	return 0;
}

void sys_unmap(struct sys_map *m)
{
	if (m->len)
		munmap((void *)(uintptr_t)m->p, m->len);
	*m = (struct sys_map){0};
}

void sys_release(void *mem, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)mem + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)mem + len) & ~(page - 1);

	if (end > first)
		madvise((void *)first, end - first, MADV_DONTNEED);
}

/* where the segment at @p begins in memory, down to its page */
static uintptr_t segment_start(const ElfW(Phdr) * p, uintptr_t page)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));

	return ((uintptr_t)__ehdr_start + p->p_vaddr) & ~(page - 1);
}

void sys_release_program(void)
{
	const ElfW(Phdr) *p = (const void *)getauxval(AT_PHDR);
	uintptr_t page = getauxval(AT_PAGESZ);

	for (size_t n = getauxval(AT_PHNUM); n > 0; n--, p++) {
		uintptr_t skew = p->p_vaddr & (page - 1);

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			madvise((void *)segment_start(p, page), p->p_memsz + skew, MADV_DONTNEED);
	}
}

int sys_seal_relocated(void)
{
	const ElfW(Phdr) *p = (const void *)getauxval(AT_PHDR);
	uintptr_t page = getauxval(AT_PAGESZ);

	for (size_t n = getauxval(AT_PHNUM); n > 0; n--, p++) {
		uintptr_t start = segment_start(p, page);
		uintptr_t end = start + (p->p_vaddr & (page - 1)) + p->p_memsz;

		if (p->p_type == PT_GNU_RELRO)
			return SYS_RET(
				mprotect((void *)start, (end & ~(page - 1)) - start, PROT_READ));
	}
	return 0;
}
