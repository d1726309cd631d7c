/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/mem.h"

#include <errno.h>
#include <stdint.h>
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
