/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the inflate and unpack roles without an engine: one layer file becomes a directory, in the confined
 * processes that a pull would use. Prints what an engine would get:
 *
 *	unpack_client [--unconfined] LAYER tar|gzip|zstd DIRECTORY [MAX-BYTES [MAX-ENTRIES]]
 *	unpack_client --inflate FILE tar|gzip|zstd
 *
 *	opaque PATH                      (the mark is set as store_layer_opaque() does)
 *	done BLOB DIFF-ID COMPRESSED-BYTES UNPACKED-BYTES ENTRIES
 *	error CODE TEXT                  exit status 1; CODE is a positive errno
 *	died STATUS                      exit status 3: a role ended without an answer
 *	peak KIB                         most resident memory of the larger role
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

static int send_starts(int unpack_fd, int inflate_fd, const char *compression, uint64_t max_bytes,
		       uint64_t max_entries)
{
	struct msg_out o;
	int r;

	msg_begin(&o, frame, sizeof(frame), UNPACK_START);
	enc_u64(&o.enc, max_bytes);
	enc_u64(&o.enc, max_entries);
	r = msg_send(unpack_fd, &o);
	if (r < 0)
		return r;
	msg_begin(&o, frame, sizeof(frame), INFLATE_START);
	enc_u32(&o.enc, parse_compression(compression));
	enc_u64(&o.enc, max_bytes);
	enc_str(&o.enc, "CONFIG_UNPACK_MAX_MIB");
	return msg_send(inflate_fd, &o);
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

/* what one role has said at last */
struct answer {
	bool done;
	int64_t error;
	char text[4096];
};

static void keep_error(struct answer *a, struct dec *d)
{
	a->error = dec_i64(d);
	snprintf(a->text, sizeof(a->text), "%s", dec_str_req(d));
}

/* Return: is it over? */
static bool take(int peer_fd, const int *fds, const struct msg *m, struct answer *a,
		 struct unpack_result *ret)
{
	static unsigned char mem[16384];
	struct arena arena;
	struct dec d;

	arena_init(&arena, mem, sizeof(mem));
	dec_init(&d, m->payload, m->len, &arena);
	if (m->type == UNPACK_OPAQUE) {
		mark_opaque(fds[1], dec_str_req(&d));
	} else if (m->type == UNPACK_LOWER) {
		if (nothing_below(peer_fd, &d) < 0)
			return true;
	} else if (m->type == UNPACK_DONE) {
		ret->unpacked_bytes = dec_u64(&d);
		ret->entries = dec_u64(&d);
		a->done = true;
	} else if (m->type == INFLATE_DONE) {
		dec_digest(&d, &ret->blob);
		dec_digest(&d, &ret->diff_id);
		ret->compressed_bytes = dec_u64(&d);
		ret->tar_bytes = dec_u64(&d);
		a->done = true;
	} else {
		keep_error(a, &d);
	}
	if (dec_done(&d) < 0)
		printf("malformed frame %#x\n", m->type);
	return a->done || a->error;
}

static void hear(struct role_proc *p, const int *fds, struct answer *a, struct unpack_result *ret)
{
	struct msg m;
	bool over = false;

	while (!over && role_recv(p, frame, sizeof(frame), &m, 0) > 0) {
		over = take(p->peer_fd, fds, &m, a, ret);
		msg_close_fds(&m);
	}
}

/* as an engine: of two failures the cause */
static int tell(const struct answer *inflate, const struct answer *unpack, const int *fds,
		const struct unpack_result *result)
{
	const struct answer *a = inflate->error && inflate->error != -EPIPE ? inflate : unpack;

	if (a->error) {
		printf("error %lld %s\n", (long long)-a->error, a->text);
		return 1;
	}
	if (!inflate->done || !unpack->done)
		return 3;
	print_done(result);
	print_joined(fds[2], fds[1], result);
	return 0;
}

static int confined(int fds[3], char **argv, uint64_t max_bytes, uint64_t max_entries)
{
	static struct answer said_inflate, said_unpack;
	struct role_proc inflate, unpack;
	struct unpack_result result = {0};
	struct rusage usage;
	struct sys_exit x, y;
	struct err e = {0};
	int pipe_fds[2], r;

	if (sys_pipe(pipe_fds, 0) < 0 ||
	    role_spawn(ROLE_INFLATE, (const int[]){fds[0], pipe_fds[1], -1}, 3, NULL, &inflate,
		       &e) < 0 ||
	    role_spawn(ROLE_UNPACK, (const int[]){pipe_fds[0], fds[1], fds[2], -1}, 4, NULL,
		       &unpack, &e) < 0) {
		fprintf(stderr, "unpack_client: %s\n", e.msg);
		return 2;
	}
	close(fds[0]); /* so that a writer notices when the role is gone */
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	r = send_starts(unpack.peer_fd, inflate.peer_fd, argv[1], max_bytes, max_entries);
	if (r < 0)
		return fail("send", r);
	hear(&unpack, fds, &said_unpack, &result);
	close(unpack.peer_fd); /* no sync */
	hear(&inflate, fds, &said_inflate, &result);
	r = tell(&said_inflate, &said_unpack, fds, &result);
	sys_wait(inflate.pid, 0, &x); /* they end by themselves: role_end() would hide how */
	sys_wait(unpack.pid, 0, &y);
	if (r == 3)
		printf("died %d\n", sys_exit_code(said_unpack.done ? x : y));
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

static int unconfined(int fds[3], char **argv, uint64_t max_bytes, uint64_t max_entries)
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
	int fds[3] = {-1, -1, sys_memfd("split", 0)};
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
