/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled profiles. Docker's profile costs libseccomp ten milliseconds, several times what the rest
 * of a container's start costs; the program depends on nothing but the profile, so it is kept.
 * File: sha256 of what follows, flags (u32), instructions. The name is the key.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "runtime/confine/filter.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/proc.h"

#define CACHE_DIR ".seccomp"
#define MAX_FILES                                                                                  \
	64 /* a device runs a handful of profiles; beyond this somebody varies them: start again */
#define HEAD_LEN (DIGEST_LEN + 4)

static void feed(struct sha256 *h, const char *s)
{
	sha256_update(h, s, strlen(s) + 1);
}

static void feed_num(struct sha256 *h, uint64_t n)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(n >> (8 * i));
	sha256_update(h, b, sizeof(b));
}

static void feed_opt(struct sha256 *h, struct oci_num n)
{
	feed_num(h, n.set);
	feed_num(h, (uint64_t)n.v);
}

static void feed_strs(struct sha256 *h, const struct oci_strs *s)
{
	feed_num(h, s->n);
	for (size_t i = 0; i < s->n; i++)
		feed(h, s->v[i]);
}

void filter_key(const struct oci_seccomp *s, struct digest *ret_key)
{
	const struct scmp_version *v = seccomp_version();
	char release[64];
	struct sha256 h;

	sha256_init(&h);
	feed(&h, "cleat seccomp 2 " CLEAT_VERSION);
	feed_num(&h, (uint64_t)v->major << 32 | v->minor << 16 | v->micro);
	feed_num(&h, seccomp_arch_native());
	/* actions that the kernel does not know are refused when the program is made */
	feed(&h, sys_kernel_release(release, sizeof(release)));
	feed_num(&h, s->default_action);
	feed_opt(&h, s->default_errno);
	feed_strs(&h, &s->archs);
	feed_strs(&h, &s->flags);
	feed_num(&h, s->n_rules);
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct oci_seccomp_rule *r = &s->rules[i];

		feed_strs(&h, &r->names);
		feed_num(&h, r->action);
		feed_opt(&h, r->errno_ret);
		feed_num(&h, r->n_args);
		for (size_t j = 0; j < r->n_args; j++) {
			feed_num(&h, r->args[j].index);
			feed_num(&h, r->args[j].op);
			feed_num(&h, r->args[j].value);
			feed_num(&h, r->args[j].value_two);
		}
	}
	sha256_final(&h, ret_key);
}

static void hash_program(const struct filter_program *p, struct digest *ret)
{
	struct sha256 h;

	sha256_init(&h);
	feed_num(&h, p->flags);
	sha256_update(&h, p->insn, p->n * sizeof(p->insn[0]));
	sha256_final(&h, ret);
}

static int cache_read(int dir_fd, const char *name, struct filter_program *ret)
{
	auto_close int fd = sys_open(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct digest want, have;
	struct stat st;
	ssize_t n;
	int r = fd < 0 ? fd : sys_stat(fd, &st);

	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode) || st.st_uid != sys_get_uid() || st.st_mode & 0177 ||
	    st.st_size < HEAD_LEN || (size_t)st.st_size > HEAD_LEN + sizeof(ret->insn))
		return -EPERM;
	if (sys_read_full(fd, &want, DIGEST_LEN) != DIGEST_LEN ||
	    sys_read_full(fd, &ret->flags, 4) != 4)
		return -EIO;
	n = sys_read_full(fd, ret->insn, sizeof(ret->insn));
	if (n <= 0 || (size_t)n % sizeof(ret->insn[0]))
		return -EIO;
	ret->n = (size_t)n / sizeof(ret->insn[0]);
	hash_program(ret, &have);
	return digest_eq(&want, &have) ? 0 : -EBADMSG;
}

static void make_room(int dir_fd)
{
	unsigned char type;
	struct sys_dir d;
	const char *name;
	size_t n = 0;
	auto_close int fd = sys_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return;
	sys_dir_init(&d, fd);
	while (sys_dir_next(&d, &name, &type) == 1)
		if (++n >= MAX_FILES)
			sys_unlink(fd, name, 0);
}

/* Best effort: a full disk makes the next start slower, not this one fail. */
static void cache_write(int dir_fd, const char *name, const struct filter_program *p)
{
	auto_close int fd = -1;
	struct digest hash;
	char tmp[32];
	int r;

	make_room(dir_fd);
	snprintf(tmp, sizeof(tmp), "tmp.%d", (int)sys_getpid());
	fd = sys_open(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	hash_program(p, &hash);
	r = sys_write_all(fd, &hash, DIGEST_LEN);
	if (r == 0)
		r = sys_write_all(fd, &p->flags, 4);
	if (r == 0)
		r = sys_write_all(fd, p->insn, p->n * sizeof(p->insn[0]));
	if (r == 0)
		r = sys_rename(dir_fd, tmp, dir_fd, name, 0);
	if (r < 0)
		sys_unlink(dir_fd, tmp, 0);
}

int filter_get(const struct oci_seccomp *s, int root_fd, struct filter_program *ret, struct err *e)
{
	char name[DIGEST_HEX_LEN + 1];
	auto_close int dir = -1;
	struct digest key;
	int r;

	if (!s->set) {
		ret->n = 0;
		return 0;
	}
	filter_key(s, &key);
	digest_hex(name, &key);
	r = sys_mkdir(root_fd, CACHE_DIR, 0700);
	if (r == 0 || r == -EEXIST)
		dir = sys_open(root_fd, CACHE_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dir >= 0 && cache_read(dir, name, ret) == 0)
		return 0;
	r = filter_compile(s, ret, e);
	if (r == 0 && dir >= 0)
		cache_write(dir, name, ret);
	return r;
}
