/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of split.h: a tree and its split to the archive. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file/rooted.h"
#include "sys/fd.h"
#include "unpack/split.h"

static struct join {
	int split_fd, tree_fd, out_fd;
	struct sha256 hash;
	uint64_t bytes;
	size_t at, len;
	bool bad;
	uint8_t block[SPLIT_BLOCK], packed[SPLIT_BLOCK];
	char path[UNPACK_PATH_CAP];
} join;

static int damaged(struct err *e)
{
	return err_text(e, -EBADMSG, "what is kept of the layer's archive is damaged");
}

/* Return: 1 there is more; 0 the end */
static int next_block(struct join *j)
{
	uint8_t head[4];
	size_t packed;

	j->at = j->len = 0;
	if (sys_read_full(j->split_fd, head, 4) != 4)
		return -EBADMSG;
	j->len = head[0] | (size_t)head[1] << 8;
	packed = head[2] | (size_t)head[3] << 8;
	if (j->len > SPLIT_BLOCK || packed > SPLIT_BLOCK)
		return -EBADMSG;
	if (j->len == 0)
		return 0;
	if (packed == 0)
		return sys_read_full(j->split_fd, j->block, j->len) == (ssize_t)j->len ? 1
										       : -EBADMSG;
	if (sys_read_full(j->split_fd, j->packed, packed) != (ssize_t)packed ||
	    lz_unpack(j->packed, packed, j->block, j->len) < 0)
		return -EBADMSG;
	return 1;
}

static uint64_t number(struct join *j)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 63; shift += 7) {
		uint8_t b;

		if (j->at == j->len && next_block(j) <= 0)
			break;
		b = j->block[j->at++];
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return v;
	}
	j->bad = true;
	return 0;
}

static int emit(struct join *j, const void *data, size_t len, struct err *e)
{
	int r = j->out_fd >= 0 ? sys_write_all(j->out_fd, data, len) : 0;

	sha256_update(&j->hash, data, len);
	j->bytes += len;
	return r < 0 ? err_set(e, r, "write the layer's archive") : 0;
}

/* @into: where to, NULL = to the archive */
static int literal(struct join *j, uint64_t len, char *into, struct err *e)
{
	while (len) {
		size_t n;
		int r;

		if (j->at == j->len && next_block(j) <= 0)
			return damaged(e);
		n = j->len - j->at < len ? j->len - j->at : (size_t)len;
		if (into) {
			memcpy(into, j->block + j->at, n);
			into += n;
		} else {
			r = emit(j, j->block + j->at, n, e);
			if (r < 0)
				return r;
		}
		j->at += n;
		len -= n;
	}
	return 0;
}

static int content(struct join *j, uint64_t offset, uint64_t len, struct err *e)
{
	static uint8_t buf[64 * 1024];
	auto_close int fd = rooted_open_regular(j->tree_fd, j->path, INT64_MAX, e);

	if (fd < 0)
		return fd;
	while (len) {
		size_t n = len < sizeof(buf) ? (size_t)len : sizeof(buf);
		ssize_t got = sys_pread(fd, buf, n, (off_t)offset);
		int r;

		if (got <= 0)
			return err_text(e, got < 0 ? (int)got : -EBADMSG,
					"file %.200s is shorter than it was", j->path);
		r = emit(j, buf, (size_t)got, e);
		if (r < 0)
			return r;
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return 0;
}

static int step(struct join *j, struct err *e)
{
	uint64_t head = number(j), n = head / 2, offset, len;
	int r;

	if (j->bad)
		return damaged(e);
	if (head % 2 == 0)
		return literal(j, n, NULL, e);
	if (n == 0 || n >= sizeof(j->path))
		return damaged(e);
	r = literal(j, n, j->path, e);
	if (r < 0)
		return r;
	j->path[n] = '\0';
	offset = number(j);
	len = number(j);
	if (j->bad || offset > INT64_MAX || len > INT64_MAX - offset || strlen(j->path) != n)
		return damaged(e);
	return content(j, offset, len, e);
}

int split_join(int split_fd, int tree_fd, int out_fd, struct digest *ret_digest,
	       uint64_t *ret_bytes, struct err *e)
{
	struct join *j = &join;
	char magic[4];
	ssize_t n;
	int r;

	j->split_fd = split_fd;
	j->tree_fd = tree_fd;
	j->out_fd = out_fd;
	j->bytes = 0;
	j->at = j->len = 0;
	j->bad = false;
	sha256_init(&j->hash);
	n = sys_read_full(split_fd, magic, sizeof(magic));
	if (n == 0)
		return err_text(e, -ENODATA,
				"the layer cannot be packed again: it has a file twice, "
				"or is of an older cleat");
	if (n != sizeof(magic) || memcmp(magic, "TSP1", 4) != 0)
		return damaged(e);
	while ((r = j->at < j->len ? 1 : next_block(j)) > 0) {
		r = step(j, e);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return damaged(e);
	sha256_final(&j->hash, ret_digest);
	*ret_bytes = j->bytes;
	return 0;
}
