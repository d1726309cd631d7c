/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a layer's archive, read back. The first byte chooses: 'p' packs and unpacks the rest, which
 * must give the same; anything else begins a split file whose tree has one file.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file/tree.h"
#include "sys/fd.h"
#include "unpack/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/fuzz-split.XXXXXX";
static int tree_fd = -1;

static void remove_folder(void)
{
	tree_remove(AT_FDCWD, folder, NULL);
}

static void make_tree(void)
{
	int fd;

	if (!mkdtemp(folder))
		abort();
	atexit(remove_folder);
	tree_fd = open(folder, O_RDONLY | O_DIRECTORY);
	fd = openat(tree_fd, "file", O_WRONLY | O_CREAT, 0644);
	if (fd < 0 || write(fd, "content", 7) != 7)
		abort();
	close(fd);
}

static void round_trip(const uint8_t *data, size_t len)
{
	static uint8_t packed[SPLIT_BLOCK], out[SPLIT_BLOCK];
	size_t n;

	if (len > SPLIT_BLOCK)
		len = SPLIT_BLOCK;
	n = lz_pack(data, len, packed);
	if (n > len || (n && lz_unpack(packed, n, out, len) < 0) ||
	    (n && memcmp(out, data, len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct digest digest;
	struct err e = {0};
	uint64_t bytes;
	int fd;

	if (tree_fd < 0)
		make_tree();
	if (len && data[0] == 'p') {
		round_trip(data + 1, len - 1);
		return 0;
	}
	fd = memfd_create("split", 0);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	lseek(fd, 0, SEEK_SET);
	split_join(fd, tree_fd, -1, &digest, &bytes, &e);
	close(fd);
	return 0;
}
