/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/passwd is the image's: it may be a pipe, a device or endless, so only a regular file is read,
 * without waiting, up to a bound, line by line in fixed memory. What does not look like a line is passed
 * over.
 */
#include "runtime/environ.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/num.h"
#include "base/str.h"
#include "sys/fd.h"

#define MAX_ENV		 (2 * OCI_MAX_STRINGS) /* of the document, and what exec adds */
#define MAX_PASSWD_BYTES (4 * 1024 * 1024)     /* some ten thousand users */

static char home[1024] = "HOME=/";

/* name:password:uid:gid:comment:home:shell */
static bool home_in(struct span line, uid_t uid)
{
	struct span field[7];
	bool more = true;
	uint32_t n;
	size_t i;

	for (i = 0; i < ARRAY_LEN(field) && more; i++)
		field[i] = span_cut(line, ':', &line, &more);
	if (i < 6 || num_u32(field[2], UINT32_MAX, &n) < 0 || n != uid)
		return false;
	str_printf(home, sizeof(home), "HOME=%.*s", (int)field[5].len, field[5].p);
	return true;
}

static void find_home(uid_t uid)
{
	static char text[4096];
	auto_close int fd = sys_open(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	size_t len = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || sys_stat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	for (size_t total = 0; n > 0 && total < MAX_PASSWD_BYTES; total += (size_t)n) {
		struct span rest = {text, len}, line;
		bool more;

		n = sys_read(fd, text + len, sizeof(text) - len);
		if (n < 0)
			return;
		rest.len += (size_t)n;
		do {
			line = span_cut(rest, '\n', &rest, &more);
			if ((more || n == 0) && home_in(line, uid))
				return;
		} while (more);
		/* half a line waits for its end; one longer than all of the memory is given up */
		len = line.len < sizeof(text) ? line.len : 0;
		memmove(text, line.p, len);
	}
}

static bool said_again(const struct oci_strs *env, size_t at)
{
	size_t len = strcspn(env->v[at], "=");

	for (size_t i = at + 1; i < env->n; i++)
		if (!strncmp(env->v[i], env->v[at], len) && env->v[i][len] == '=')
			return true;
	return false;
}

char *const *environ_make(const struct oci_process *p)
{
	static char *list[MAX_ENV + 2];
	bool has_home = false;
	size_t n = 0;

	for (size_t i = 0; i < p->env.n && n < MAX_ENV; i++) {
		char *s = p->env.v[i];
		bool is_home = str_starts(s, "HOME=");

		if (said_again(&p->env, i) || (is_home && !s[strlen("HOME=")]))
			continue;
		has_home |= is_home;
		list[n++] = s;
	}
	if (!has_home) {
		find_home(p->uid);
		list[n++] = home;
	}
	return list;
}
