/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a layer's compressed bytes to tar. The first byte chooses the compression, the second the length of
 * the pieces that the bytes come in. Whole and in pieces they must give the same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unpack/stream.h"

#define MAX_INPUT  8192
#define MAX_PIECES 64
#define MAX_TAR	   (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
	int code;
	struct digest blob, diff_id;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static struct outcome decode(int fd, enum image_compression compression)
{
	static struct unpack_stream s;
	struct outcome o = {0};
	struct err e = {0};
	const void *piece;
	ssize_t n;

	must(unpack_stream_init(&s, fd, compression, MAX_TAR, &e) == 0);
	o.code = compression == IMAGE_TAR ? unpack_stream_detect(&s, &e) : 0;
	if (o.code == 0) {
		do {
			n = unpack_stream_read(&s, &piece, &e);
		} while (n > 0);
		o.code = (int)n;
	}
	if (o.code == 0)
		o.code = unpack_stream_finish(&s, &o.blob, &o.diff_id, &e);
	must(o.code == 0 || (e.code == o.code && e.msg[0]));
	must(o.code || s.out_bytes <= MAX_TAR);
	unpack_stream_fini(&s);
	return o;
}

static struct outcome whole(const uint8_t *data, size_t len, enum image_compression compression)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	struct outcome o;

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	o = decode(fd, compression);
	close(fd);
	return o;
}

static struct outcome in_pieces(const uint8_t *data, size_t len, size_t step,
				enum image_compression compression)
{
	struct outcome o;
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
	for (size_t at = 0, pieces = 1; at < len; pieces++) {
		size_t n = pieces == MAX_PIECES || len - at < step ? len - at : step;

		must(write(fds[1], data + at, n) == (ssize_t)n);
		at += n;
	}
	close(fds[1]);
	o = decode(fds[0], compression);
	close(fds[0]);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const enum image_compression kinds[] = {IMAGE_TAR, IMAGE_TAR_GZIP, IMAGE_TAR_ZSTD};
	enum image_compression kind;
	struct outcome a, b;
	size_t step;

	if (len < 2 || len > MAX_INPUT)
		return 0;
	kind = kinds[data[0] % 3];
	step = data[1] ? data[1] : 1;
	a = whole(data + 2, len - 2, kind);
	b = in_pieces(data + 2, len - 2, step, kind);
	/* a small zstd frame that is there whole needs no window, and so none is too large */
	if (b.code == -EFBIG && kind != IMAGE_TAR_GZIP)
		return 0;
	must(a.code == b.code);
	must(a.code || (digest_eq(&a.blob, &b.blob) && digest_eq(&a.diff_id, &b.diff_id)));
	return 0;
}
