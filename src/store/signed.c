/* SPDX-License-Identifier: Apache-2.0 */
/* images/<manifest>/signed: fingerprints of the keys whose signature of the image was good, a line each. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "file/durable.h"
#include "store/stage.h"
#include "store/store.h"
#include "sys/fd.h"

#define FILE_NAME "signed"
#define MAX_KEYS  8
#define LINE_LEN  (DIGEST_TEXT_CAP) /* a digest's text and a line's end */

static int open_image(const struct store *s, const struct digest *manifest, struct err *e)
{
	char path[LAYOUT_PATH_CAP];
	int fd;

	layout_object(path, LAYOUT_IMAGES, manifest, NULL);
	fd = sys_open(s->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? err_set(e, fd, "store: open %s", path) : fd;
}

/* Return: length; 0 also if the file is missing or damaged: then the image is checked again */
static size_t read_keys(int dir_fd, char text[static MAX_KEYS * LINE_LEN + 1])
{
	ssize_t n = file_read(dir_fd, FILE_NAME, text, MAX_KEYS * LINE_LEN + 1, NULL);

	return n < 0 || n % LINE_LEN ? 0 : (size_t)n;
}

static bool has_key(const char *text, size_t len, const struct digest *key)
{
	char line[DIGEST_TEXT_CAP];

	digest_text(line, key);
	for (size_t at = 0; at < len; at += LINE_LEN)
		if (memcmp(text + at, line, LINE_LEN - 1) == 0)
			return true;
	return false;
}

bool store_image_signed(const struct store *s, const struct digest *manifest,
			const struct digest *key)
{
	auto_close int fd = open_image(s, manifest, NULL);
	char text[MAX_KEYS * LINE_LEN + 1];

	return fd >= 0 && has_key(text, read_keys(fd, text), key);
}

int store_image_set_signed(struct store *s, const struct digest *manifest, const struct digest *key,
			   struct err *e)
{
	auto_close int fd = open_image(s, manifest, e);
	char text[MAX_KEYS * LINE_LEN + 1], line[DIGEST_TEXT_CAP];
	size_t len;

	if (fd < 0)
		return fd;
	len = read_keys(fd, text);
	if (has_key(text, len, key))
		return 0;
	if (len == (size_t)MAX_KEYS * LINE_LEN) {
		len -= LINE_LEN;
		memmove(text, text + LINE_LEN, len);
	}
	digest_text(line, key);
	memcpy(text + len, line, LINE_LEN - 1);
	text[len + LINE_LEN - 1] = '\n';
	return durable_write(fd, FILE_NAME, text, len + LINE_LEN, 0600, e);
}
