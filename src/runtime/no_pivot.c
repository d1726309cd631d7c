/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/no_pivot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/mnt.h"

#define TEXT_CAP   (256 * 1024)
#define MNT_DETACH 2

static char text[TEXT_CAP]; /* touched in this case only */

/* "\040" is a space. In place: it only becomes shorter */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static bool below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return !strncmp(path, root, len) && (path[len] == '/' || !path[len]);
}

static int cover(const char *path, struct err *e)
{
	int r = sys_umount(path, MNT_DETACH);

	if (r < 0) /* locked: it came from a more privileged namespace */
		r = sys_mount("tmpfs", path, "tmpfs", MS_RDONLY, "size=0");
	return r < 0 && r != -ENOENT ? err_set(e, r, "hide %s from the container", path) : 0;
}

/* Lines of mountinfo: id parent device root MOUNT-POINT options ... - TYPE source options */
static int cover_all(const char *root_path, struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY, 0);
	ssize_t n = fd < 0 ? fd : sys_read_full(fd, text, sizeof(text) - 1);
	char *line = text, *end;
	int r = 0;

	if (n == (ssize_t)sizeof(text) - 1)
		n = -EFBIG;
	if (n < 0)
		return err_set(e, (int)n, "read /proc/self/mountinfo");
	text[n] = '\0';
	for (; r == 0 && (end = strchr(line, '\n')); line = end + 1) {
		char *path = line, *type;

		*end = '\0';
		for (int i = 0; i < 4 && path; i++) {
			path = strchr(path, ' ');
			path = path ? path + 1 : NULL;
		}
		type = path ? strstr(path, " - ") : NULL;
		if (!type || (!str_starts(type, " - proc ") && !str_starts(type, " - sysfs ")))
			continue;
		path[strcspn(path, " ")] = '\0';
		unescape(path);
		if (!below(path, root_path))
			r = cover(path, e);
	}
	return r;
}

int no_pivot_enter(int root_fd, const char *root_path, struct err *e)
{
	int r = cover_all(root_path, e);

	if (r < 0)
		return r;
	r = sys_fchdir(root_fd);
	if (r == 0)
		r = sys_mount(".", "/", NULL, MS_MOVE, NULL);
	if (r == 0)
		r = sys_chroot(".");
	if (r == 0)
		r = sys_chdir("/");
	return r < 0 ? err_set(e, r, "move the root") : 0;
}
