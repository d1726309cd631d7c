/* SPDX-License-Identifier: Apache-2.0 */
#include "store/oci_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "file/rooted.h"
#include "sys/fd.h"

/*
 * {"imageLayoutVersion": "1.0.0"}. Looking for the two strings is enough to tell a wrong folder
 * from a layout; nothing depends on the document's structure, so it is not worth a parse role.
 */
static int check_version(int layout_fd, const char *path, struct err *e)
{
	char text[1025];
	auto_close int fd = rooted_open_regular(layout_fd, "oci-layout", sizeof(text) - 1, NULL);
	ssize_t n;

	if (fd < 0)
		return err_text(e, fd == -ENOENT ? -EINVAL : fd,
				"%s is not an OCI image layout: it has no readable file oci-layout",
				path);
	n = sys_read_full(fd, text, sizeof(text) - 1);
	if (n < 0)
		return err_set(e, (int)n, "read %s/oci-layout", path);
	text[n] = '\0';
	if (!strstr(text, "\"imageLayoutVersion\"") || !strstr(text, "\"1.0.0\""))
		return err_text(e, -EINVAL, "%s: its OCI image layout is not of version 1.0.0",
				path);
	return 0;
}

int oci_layout_open(const char *path, struct err *e)
{
	auto_close int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	int r;

	if (fd < 0)
		return err_set(e, fd, "open %s", path);
	r = check_version(fd, path, e);
	return r < 0 ? r : take_fd(&fd);
}

int oci_layout_index(int layout_fd, struct err *e)
{
	return rooted_open_regular(layout_fd, "index.json", OCI_LAYOUT_MAX_DOCUMENT, e);
}

int oci_layout_blob(int layout_fd, const struct digest *digest, uint64_t size, struct err *e)
{
	char path[16 + DIGEST_HEX_LEN], hex[DIGEST_HEX_LEN + 1];
	auto_close int fd = -1;
	struct stat st;
	int r;

	r = str_printf(path, sizeof(path), "blobs/sha256/%s", digest_hex(hex, digest));
	if (r < 0)
		return err_set(e, r, "blob");
	fd = rooted_open_regular(layout_fd, path, INT64_MAX, e);
	if (fd < 0)
		return fd;
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "%s", path);
	if (size != UINT64_MAX && (uint64_t)st.st_size != size)
		return err_text(e, -EBADMSG, "%s has %llu bytes, its descriptor says %llu", path,
				(unsigned long long)st.st_size, (unsigned long long)size);
	return take_fd(&fd);
}
