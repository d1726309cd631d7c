/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the unpack role without an engine: one layer file becomes a directory, in the confined
 * process that a pull would use. Prints what an engine would get:
 *
 *	unpack_client [--unconfined] LAYER tar|gzip|zstd DIRECTORY [MAX-BYTES [MAX-ENTRIES]]
 *	unpack_client --inflate FILE tar|gzip|zstd
 *
 *	opaque PATH                      (the mark is set as store_layer_opaque() does)
 *	done BLOB DIFF-ID COMPRESSED-BYTES UNPACKED-BYTES ENTRIES
 *	error CODE TEXT                  exit status 1; CODE is a positive errno
 *	died STATUS                      exit status 3: the role ended without an answer
 *	peak KIB                         most resident memory of the role
 *
 * --unconfined calls the extraction in this process: no root of its own, no filter. What it refuses
 * then, it refuses by itself and not because the role could not have done it. --inflate stops before
 * tar: to stdout what FILE decompresses to; an error as above, to stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file/rooted.h"
#include "image/image.h"
#include "msg/msg.h"
#include "role/role.h"
#include "sys/fd.h"
#include "unpack/extract.h"
#include "unpack/split.h"
#include "unpack/stream.h"
#include "unpack/unpack.h"

static uint8_t frame[MSG_MAX];

static int fail(const char *what, int code)
{
	fprintf(stderr, "unpack_client: %s: %s\n", what, strerror(-code));
	return 2;
}

static enum image_compression parse_compression(const char *text)
{
	if (!strcmp(text, "gzip"))
		return IMAGE_TAR_GZIP;
	return !strcmp(text, "zstd") ? IMAGE_TAR_ZSTD : IMAGE_TAR;
}

static int send_start(int peer_fd, const char *compression, uint64_t max_bytes,
		      uint64_t max_entries)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), UNPACK_START);
	enc_u32(&o.enc, parse_compression(compression));
	enc_u64(&o.enc, max_bytes);
	enc_u64(&o.enc, max_entries);
	enc_u64(&o.enc, 0);
	enc_u64(&o.enc, 0);
	return msg_send(peer_fd, &o);
}

static void mark_opaque(int root_fd, const char *path)
{
	struct err e = {0};
	int fd = rooted_open(root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &e);

	printf("opaque %s\n", path);
	if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
		printf("opaque-failed %s: %s\n", path, fd < 0 ? e.msg : strerror(errno));
	sys_close(fd);
}

/* there is no layer below */
static int nothing_below(int peer_fd, struct dec *d)
{
	struct msg_out o;
	static uint8_t answer[64];

	dec_str_req(d);
	dec_bool(d);
	dec_u64(d);
	msg_begin(&o, answer, sizeof(answer), UNPACK_LOWER_IS);
	enc_i64(&o.enc, -ENOENT);
	enc_u64(&o.enc, 0);
	return msg_send(peer_fd, &o);
}

static void print_done(const struct unpack_result *r)
{
	char blob_text[DIGEST_TEXT_CAP], diff_text[DIGEST_TEXT_CAP];

	printf("done %s %s %llu %llu %llu\n", digest_text(blob_text, &r->blob),
	       digest_text(diff_text, &r->diff_id), (unsigned long long)r->compressed_bytes,
	       (unsigned long long)r->unpacked_bytes, (unsigned long long)r->entries);
}

/* with UNPACK_JOIN in the environment: the archive made again from tree and split must be the same */
static void print_joined(int split_fd, int root_fd, const struct unpack_result *r)
{
	char text[DIGEST_TEXT_CAP];
	struct digest digest;
	struct err e = {0};
	uint64_t bytes;

	if (!getenv("UNPACK_JOIN"))
		return;
	lseek(split_fd, 0, SEEK_SET);
	if (split_join(split_fd, root_fd, -1, &digest, &bytes, &e) < 0)
		printf("joined-failed %s\n", e.msg);
	else
		printf("joined %s %s split %lld of %llu\n",
		       digest_eq(&digest, &r->diff_id) && bytes == r->tar_bytes ? "same" : "other",
		       digest_text(text, &digest), (long long)lseek(split_fd, 0, SEEK_END),
		       (unsigned long long)bytes);
}

static void show_done(struct dec *d, const int *fds)
{
	struct unpack_result r;

	dec_digest(d, &r.blob);
	dec_digest(d, &r.diff_id);
	r.compressed_bytes = dec_u64(d);
	r.unpacked_bytes = dec_u64(d);
	r.entries = dec_u64(d);
	r.tar_bytes = dec_u64(d);
	print_done(&r);
	print_joined(fds[2], fds[1], &r);
}

static void show_error(struct dec *d)
{
	int64_t code = dec_i64(d);
	char *text = dec_str_req(d);

	printf("error %lld %s\n", (long long)-code, text);
}

/* Return: exit status; -1 not over yet */
static int show(int peer_fd, const int *fds, const struct msg *m)
{
	static unsigned char mem[16384];
	struct arena arena;
	struct dec d;
	int status = -1;

	arena_init(&arena, mem, sizeof(mem));
	dec_init(&d, m->payload, m->len, &arena);
	if (m->type == UNPACK_OPAQUE) {
		mark_opaque(fds[1], dec_str_req(&d));
	} else if (m->type == UNPACK_LOWER) {
		if (nothing_below(peer_fd, &d) < 0)
			return 2;
	} else if (m->type == UNPACK_DONE) {
		show_done(&d, fds);
		status = 0;
	} else {
		show_error(&d);
		status = 1;
	}
	if (dec_done(&d) < 0) {
		printf("malformed frame %#x\n", m->type);
		return 2;
	}
	return status;
}

static int run(struct role_proc *p, const int *fds)
{
	int status = -1, r;
	struct msg m;

	while (status < 0) {
		r = role_recv(p, frame, sizeof(frame), &m, 0);
		if (r < 0)
			return fail("receive", r);
		if (r == 0)
			return 3;
		status = show(p->peer_fd, fds, &m);
		msg_close_fds(&m);
	}
	return status;
}

static int confined(int fds[5], char **argv, uint64_t max_bytes, uint64_t max_entries)
{
	struct rusage usage;
	struct role_proc p;
	struct sys_exit x;
	struct err e = {0};
	int r;

	if (role_spawn(ROLE_UNPACK, fds, 5, NULL, &p, &e) < 0) {
		fprintf(stderr, "unpack_client: %s\n", e.msg);
		return 2;
	}
	close(fds[0]); /* so that a writer notices when the role is gone */
	r = send_start(p.peer_fd, argv[1], max_bytes, max_entries);
	if (r < 0)
		return fail("send", r);
	r = run(&p, fds);
	sys_wait(p.pid, 0, &x); /* it ends by itself: role_end() would hide how */
	if (r == 3)
		printf("died %d\n", sys_exit_code(x));
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("peak %ld\n", usage.ru_maxrss);
	return r;
}

static int tell_opaque(const char *path, void *data, struct err *e)
{
	(void)e;
	mark_opaque(*(int *)data, path);
	return 0;
}

static int unconfined(int fds[5], char **argv, uint64_t max_bytes, uint64_t max_entries)
{
	struct unpack_job job = {
		.layer_fd = fds[0],
		.root_fd = fds[1],
		.split_fd = fds[2],
		.compression = parse_compression(argv[1]),
		.max_bytes = max_bytes,
		.max_entries = max_entries,
		.opaque = tell_opaque,
		.data = &fds[1],
	};
	struct unpack_result result;
	struct err e = {0};
	int r;

	umask(0);
	r = unpack_extract(&job, &result, &e);
	if (r < 0)
		printf("error %d %s\n", -r, e.msg);
	else {
		print_done(&result);
		print_joined(fds[2], fds[1], &result);
	}
	return r < 0;
}

static int inflate_file(const char *path, const char *compression)
{
	static struct unpack_stream s;
	struct err e = {0};
	const void *data;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail(path, -errno);
	n = unpack_stream_init(&s, fd, parse_compression(compression), 1 << 30, &e);
	if (n == 0) {
		while ((n = unpack_stream_read(&s, &data, &e)) > 0)
			if (sys_write_all(STDOUT_FILENO, data, (size_t)n) < 0)
				return fail("write", -EPIPE);
		unpack_stream_fini(&s);
	}
	if (n < 0)
		fprintf(stderr, "error %d %s\n", (int)-n, e.msg);
	return n < 0;
}

int main(int argc, char **argv)
{
	uint64_t max_bytes, max_entries;
	int fds[5] = {-1, -1, sys_memfd("split", 0), -1, -1};
	bool alone;

	if (argc == 2 && argv[1][0] == '@')
		return role_main(argv[1]);
	if (argc == 4 && !strcmp(argv[1], "--inflate"))
		return inflate_file(argv[2], argv[3]);
	alone = argc > 1 && !strcmp(argv[1], "--unconfined");
	argv += 1 + alone;
	argc -= 1 + alone;
	if (argc < 3) {
		fprintf(stderr, "usage: unpack_client [--unconfined] LAYER tar|gzip|zstd DIRECTORY "
				"[MAX-BYTES [MAX-ENTRIES]]\n");
		return 2;
	}
	fds[0] = strcmp(argv[0], "-") ? open(argv[0], O_RDONLY | O_CLOEXEC) : dup(0);
	fds[1] = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds[0] < 0 || fds[1] < 0)
		return fail(argv[fds[0] < 0 ? 0 : 2], -errno);
	max_bytes = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	max_entries = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	return (alone ? unconfined : confined)(fds, argv, max_bytes, max_entries);
}
