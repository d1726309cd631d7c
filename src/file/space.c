/* SPDX-License-Identifier: Apache-2.0 */
#include "file/space.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/statfs.h>

#include "base/str.h"
#include "sys/fd.h"

#define RESERVE_SHARE	16
#define BYTES_PER_INODE (16 * 1024)

struct space {
	uint64_t total, free, inodes;
	uint64_t reserve, inode_reserve;
	bool counts_inodes; /* btrfs, UBIFS have no table */
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int look(int fd, struct space *s)
{
	struct statfs fs;
	int r = sys_statfs(fd, &fs);

	if (r < 0)
		return r;
	*s = (struct space){.total = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize,
			    .free = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize,
			    .inodes = (uint64_t)fs.f_ffree,
			    .counts_inodes = fs.f_files > 0};
	s->reserve = smaller(CONFIG_STORE_RESERVE_KIB * 1024ULL, s->total / RESERVE_SHARE);
	s->inode_reserve =
		smaller(s->reserve / BYTES_PER_INODE, (uint64_t)fs.f_files / RESERVE_SHARE);
	return 0;
}

int file_room(int fd, uint64_t bytes, uint64_t inodes)
{
	struct space s;

	if (look(fd, &s) < 0)
		return 0;
	if (s.free < s.reserve || s.free - s.reserve < bytes)
		return -ENOSPC;
	return s.counts_inodes && s.inodes < inodes + s.inode_reserve ? -ENOSPC : 0;
}

int file_no_space(int fd, struct err *e)
{
	char inodes[40] = "";
	struct space s;

	if (look(fd, &s) < 0)
		return e ? e->code : 0;
	if (s.counts_inodes)
		str_printf(inodes, sizeof(inodes), " and %llu inodes",
			   (unsigned long long)s.inodes);
	return err_wrap(e,
			"no space left (%llu of %llu MiB%s are free, %llu KiB of it are kept for "
			"cleat itself)",
			(unsigned long long)s.free >> 20, (unsigned long long)s.total >> 20, inodes,
			(unsigned long long)s.reserve >> 10);
}
