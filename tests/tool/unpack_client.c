/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives the unpack role without an engine: one layer file becomes a directory, in the confined
 * process that a pull would use. Prints what an engine would get:
 *
 *	unpack_client LAYER tar|gzip|zstd DIRECTORY [MAX-BYTES [MAX-ENTRIES]]
 *
 *	opaque PATH                      (the mark is set as store_layer_opaque() does)
 *	done BLOB DIFF-ID COMPRESSED-BYTES UNPACKED-BYTES ENTRIES
 *	error CODE TEXT                  exit status 1; CODE is a positive errno
 *	died STATUS                      exit status 3: the role ended without an answer
 *	peak KIB                         most resident memory of the role
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "file/rooted.h"
#include "image/image.h"
#include "msg/msg.h"
#include "role/role.h"
#include "sys/fd.h"
#include "unpack/unpack.h"

static uint8_t frame[MSG_MAX];

static int fail(const char *what, int code)
{
	fprintf(stderr, "unpack_client: %s: %s\n", what, strerror(-code));
	return 2;
}

static int send_start(int peer_fd, const char *compression, uint64_t max_bytes,
		      uint64_t max_entries)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), UNPACK_START);
	if (!strcmp(compression, "gzip"))
		enc_u32(&o.enc, IMAGE_TAR_GZIP);
	else
		enc_u32(&o.enc, !strcmp(compression, "zstd") ? IMAGE_TAR_ZSTD : IMAGE_TAR);
	enc_u64(&o.enc, max_bytes);
	enc_u64(&o.enc, max_entries);
	return msg_send(peer_fd, &o);
}

static void show_opaque(int root_fd, struct dec *d)
{
	char *path = dec_str_req(d);
	struct err e = {0};
	int fd;

	printf("opaque %s\n", path);
	fd = rooted_open(root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &e);
	if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
		printf("opaque-failed %s: %s\n", path, fd < 0 ? e.msg : strerror(errno));
	sys_close(fd);
}

static void show_done(struct dec *d)
{
	char blob_text[DIGEST_TEXT_CAP], diff_text[DIGEST_TEXT_CAP];
	struct digest blob, diff_id;
	unsigned long long n[3];

	dec_digest(d, &blob);
	dec_digest(d, &diff_id);
	for (int i = 0; i < 3; i++)
		n[i] = dec_u64(d);
	printf("done %s %s %llu %llu %llu\n", digest_text(blob_text, &blob),
	       digest_text(diff_text, &diff_id), n[0], n[1], n[2]);
}

static void show_error(struct dec *d)
{
	int64_t code = dec_i64(d);
	char *text = dec_str_req(d);

	printf("error %lld %s\n", (long long)-code, text);
}

/* Return: exit status; -1 not over yet */
static int show(int root_fd, const struct msg *m)
{
	static unsigned char mem[16384];
	struct arena arena;
	struct dec d;
	int status = -1;

	arena_init(&arena, mem, sizeof(mem));
	dec_init(&d, m->payload, m->len, &arena);
	if (m->type == UNPACK_OPAQUE) {
		show_opaque(root_fd, &d);
	} else if (m->type == UNPACK_DONE) {
		show_done(&d);
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

static int run(struct role_proc *p, int root_fd)
{
	int status = -1, r;
	struct msg m;

	while (status < 0) {
		r = role_recv(p, frame, sizeof(frame), &m, 0);
		if (r < 0)
			return fail("receive", r);
		if (r == 0)
			return 3;
		status = show(root_fd, &m);
		msg_close_fds(&m);
	}
	return status;
}

int main(int argc, char **argv)
{
	struct role_proc p;
	struct err e = {0};
	struct rusage usage;
	struct sys_exit x;
	int fds[2], r;

	if (argc == 2 && argv[1][0] == '@')
		return role_main(argv[1]);
	if (argc < 4) {
		fprintf(stderr, "usage: unpack_client LAYER tar|gzip|zstd DIRECTORY [MAX-BYTES "
				"[MAX-ENTRIES]]\n");
		return 2;
	}
	fds[0] = strcmp(argv[1], "-") ? open(argv[1], O_RDONLY | O_CLOEXEC) : dup(0);
	fds[1] = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fds[0] < 0 || fds[1] < 0)
		return fail(argv[fds[0] < 0 ? 1 : 3], -errno);
	if (role_spawn(ROLE_UNPACK, fds, 2, NULL, &p, &e) < 0) {
		fprintf(stderr, "unpack_client: %s\n", e.msg);
		return 2;
	}
	close(fds[0]); /* so that the role sees the end of a pipe */
	r = send_start(p.peer_fd, argv[2], argc > 4 ? strtoull(argv[4], NULL, 10) : 0,
		       argc > 5 ? strtoull(argv[5], NULL, 10) : 0);
	if (r < 0)
		return fail("send", r);
	r = run(&p, fds[1]);
	/* it ends by itself: role_end() would hide how */
	sys_wait(p.pid, 0, &x);
	if (r == 3)
		printf("died %d\n", sys_exit_code(x));
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("peak %ld\n", usage.ru_maxrss);
	return r;
}
