/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tar to a directory. Mutated tar archives die of their checksums, so the input is a list of headers, one
 * a line, and the archive is made from it with right checksums:
 *
 *	f NAME|CONTENT    d NAME|          l NAME|TARGET    h NAME|TARGET
 *	p NAME|           n NAME|          (pipe, null device)
 *	x KEY=VALUE       a pax record for the next header
 *	L NAME            a long name of GNU tar for the next header
 *	s OFFSET          byte of the next header to be set to 0xff before the checksum
 *
 * The tree lies in a folder of its own. Nothing may appear beside it, whatever the input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file/tree.h"
#include "sys/fd.h"
#include "unpack/extract.h"

#define MAX_ARCHIVE (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned char archive[MAX_ARCHIVE];
static size_t archive_len;
static char folder[64];
static int folder_fd = -1, tree_fd = -1;

static void must(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "fuzz_unpack: %s: %s\n", what, strerror(errno));
	abort();
}

static void remove_folder(void)
{
	tree_remove(AT_FDCWD, folder, NULL);
}

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/fuzz-unpack.XXXXXX");
	must(mkdtemp(folder) != NULL, "mkdtemp");
	folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	must(mkdirat(folder_fd, "tree", 0755) == 0, "tree");
	tree_fd = openat(folder_fd, "tree", O_RDONLY | O_DIRECTORY);
	umask(0);
	atexit(remove_folder);
}

static void put(const void *data, size_t len)
{
	size_t padded = (len + 511) & ~(size_t)511;

	if (padded > MAX_ARCHIVE - archive_len)
		return;
	memset(archive + archive_len, 0, padded);
	memcpy(archive + archive_len, data, len);
	archive_len += padded;
}

static void header(char type, const char *name, const char *link, size_t size, int set_at)
{
	unsigned char h[512] = {0};
	unsigned int sum = 0;

	memcpy(h, name, strnlen(name, 100));
	snprintf((char *)h + 100, 8, "%07o", 0644);
	snprintf((char *)h + 108, 8, "%07o", 0);
	snprintf((char *)h + 116, 8, "%07o", 0);
	snprintf((char *)h + 124, 12, "%011o", (unsigned int)size);
	snprintf((char *)h + 136, 12, "%011o", 0);
	h[156] = (unsigned char)type;
	memcpy(h + 157, link, strnlen(link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	snprintf((char *)h + 329, 8, "%07o", 1);
	snprintf((char *)h + 337, 8, "%07o", 3);
	if (set_at >= 0)
		h[set_at & 511] = 0xff;
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	put(h, sizeof(h));
}

static void pax(const char *record)
{
	char text[1100];
	size_t body = strlen(record) + 2, n = body;
	int len;

	do { /* the length counts its own digits */
		len = snprintf(text, sizeof(text), "%zu", n);
		n += (size_t)len + body != n;
	} while ((size_t)len + body != n && n < 2000);
	len = snprintf(text, sizeof(text), "%zu %s\n", n, record);
	header('x', "pax", "", (size_t)len, -1);
	put(text, (size_t)len);
}

static void line_to_tar(char *line, int *set_at)
{
	static const char kinds[] = "fdlhpn", types[] = "052163";
	char *name = line + 2, *rest, none[] = "";
	const char *kind;

	if (strlen(line) < 3)
		return;
	if (line[0] == 'x') {
		pax(name);
		return;
	}
	if (line[0] == 'L') {
		header('L', "././@LongLink", "", strlen(name) + 1, -1);
		put(name, strlen(name) + 1);
		return;
	}
	if (line[0] == 's') {
		*set_at = atoi(name);
		return;
	}
	kind = strchr(kinds, line[0]);
	if (!kind)
		return;
	rest = strchr(name, '|');
	if (rest)
		*rest++ = '\0';
	else
		rest = none;
	header(types[kind - kinds], name, line[0] == 'f' ? "" : rest,
	       line[0] == 'f' ? strlen(rest) : 0, *set_at);
	if (line[0] == 'f')
		put(rest, strlen(rest));
	*set_at = -1;
}

static int mark_opaque(const char *path, void *data, struct err *e)
{
	(void)data;
	must(path[0] != '\0' && path[0] != '/', "an opaque directory's path");
	return path[0] == 'E' ? err_text(e, -EPIPE, "the starter is gone") : 0;
}

static void unpack(void)
{
	struct unpack_job job = {.root_fd = tree_fd,
				 .compression = IMAGE_TAR,
				 .max_bytes = 1 << 20,
				 .max_entries = 200,
				 .opaque = mark_opaque};
	struct unpack_result result;
	struct err e = {0};
	int r;

	job.layer_fd = memfd_create("layer", MFD_CLOEXEC);
	must(job.layer_fd >= 0 && sys_write_all(job.layer_fd, archive, archive_len) == 0, "memfd");
	lseek(job.layer_fd, 0, SEEK_SET);
	r = unpack_extract(&job, &result, &e);
	must(r >= 0 || (e.code == r && e.msg[0]), "an error without a reason");
	close(job.layer_fd);
}

static void check_outside(void)
{
	struct sys_dir d;
	const char *name;
	unsigned char type;
	struct stat st;

	lseek(folder_fd, 0, SEEK_SET);
	sys_dir_init(&d, folder_fd);
	while (sys_dir_next(&d, &name, &type) > 0)
		must(!strcmp(name, "tree"), "something appeared beside the tree");
	must(fstatat(folder_fd, "tree", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode),
	     "the tree is gone");
	must(fcntl(tree_fd, F_GETFD) >= 0, "the tree's descriptor is gone");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char line[1000];
	int set_at = -1, next_fd;

	if (folder_fd < 0)
		make_folder();
	archive_len = 0;
	while (len > 0) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;
		size_t take = n < sizeof(line) - 1 ? n : sizeof(line) - 1;

		memcpy(line, data, take);
		line[take] = '\0';
		line_to_tar(line, &set_at);
		data += n + (end != NULL);
		len -= n + (end != NULL);
	}
	unpack();
	check_outside();
	next_fd = dup(0);
	must(next_fd >= 0 && next_fd < 64, "descriptors leak");
	close(next_fd);
	must(tree_remove_content(tree_fd, NULL) == 0, "clean up");
	return 0;
}
