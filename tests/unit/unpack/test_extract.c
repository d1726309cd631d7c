/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer with one of everything, extracted while each system call fails in turn, on the fake file system. A
 * failure is reported with the name of an entry, or it did no harm: the tree is complete all the same. No
 * descriptor is left. What a kernel makes of layers is in tests/story/unpack_*.sh.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fake/fake_sys.h"
#include "sys/fd.h"
#include "unpack/extract.h"

static unsigned char archive[64 * 1024];
static size_t archive_len;
static int root_fd, layer_fd;
static unsigned int n_opaque;
static char opaque_path[64];

static void put(const void *data, size_t len)
{
	assert_true(len + 512 <= sizeof(archive) - archive_len);
	memcpy(archive + archive_len, data, len);
	archive_len += (len + 511) & ~(size_t)511;
}

static void add(char type, const char *name, const char *link, const char *content, mode_t mode,
		unsigned int uid)
{
	unsigned char h[512] = {0};
	unsigned int sum = 0;

	memcpy(h, name, strnlen(name, 100));
	snprintf((char *)h + 100, 8, "%07o", mode);
	snprintf((char *)h + 108, 8, "%07o", uid);
	snprintf((char *)h + 116, 8, "%07o", uid);
	snprintf((char *)h + 124, 12, "%011o", (unsigned int)strlen(content));
	snprintf((char *)h + 136, 12, "%011o", 1000000000);
	h[156] = (unsigned char)type;
	memcpy(h + 157, link, strnlen(link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	put(h, sizeof(h));
	put(content, strlen(content));
}

#define N_TOP  9 /* objects in the root of the tree */
#define N_DIR  3 /* in d */
#define N_DEEP 1 /* in the directory that no entry makes */

static void make_archive(void)
{
	static const char record[] = "28 SCHILY.xattr.user.k=abcd\n";

	archive_len = 0;
	memset(archive, 0, sizeof(archive));
	add('5', "./", "", "", 0755, 0);
	add('5', "d", "", "", 02775, 5);
	add('0', "d/suid", "", "program", 04755, 7);
	add('2', "d/link", "../target", "", 0777, 3);
	add('1', "d/hard", "d/suid", "", 0755, 0);
	add('6', "pipe", "", "", 0600, 0);
	add('3', "device", "", "", 0620, 4);
	add('x', "pax", "", record, 0644, 0);
	add('0', "attributes", "", "x", 0644, 0);
	add('0', "missing/parents/file", "", "y", 0644, 0);
	add('0', "again", "", "old", 0644, 0);
	add('5', "again", "", "", 0755, 0);
	add('0', "again/below", "", "new", 0644, 0);
	add('2', "again", "nowhere", "", 0777, 0); /* removes the directory */
	add('0', ".wh.gone", "", "", 0644, 0);
	add('0', ".wh.dir", "", "", 0644, 0);
	add('5', "dir", "", "", 0755, 0); /* opaque */
	add('1', "hard", "missing/parents/file", "", 0644, 0);
	add('0', "dir/x", "", "", 0644, 0);
	archive_len += 1024;
}

static int opaque(const char *path, void *data, struct err *e)
{
	(void)data, (void)e;
	n_opaque++;
	snprintf(opaque_path, sizeof(opaque_path), "%s", path);
	return 0;
}

static int extract(struct unpack_result *ret_result, struct err *e)
{
	struct unpack_job job = {.layer_fd = layer_fd,
				 .root_fd = root_fd,
				 .compression = IMAGE_TAR,
				 .opaque = opaque};

	n_opaque = 0;
	return unpack_extract(&job, ret_result, e);
}

static void begin(void)
{
	fake_reset();
	assert_int_equal(sys_mkdir(AT_FDCWD, "/tree", 0755), 0);
	root_fd = sys_open(AT_FDCWD, "/tree", O_RDONLY | O_DIRECTORY, 0);
	layer_fd = sys_open(AT_FDCWD, "/layer", O_RDWR | O_CREAT, 0600);
	assert_int_equal(sys_write_all(layer_fd, archive, archive_len), 0);
	sys_seek(layer_fd, 0, SEEK_SET);
}

static bool complete(void)
{
	return fake_count("/tree") == N_TOP && fake_count("/tree/d") == N_DIR &&
	       fake_count("/tree/missing/parents") == N_DEEP && fake_count("/tree/dir") == 1;
}

static void all_of_it_is_extracted(void **state)
{
	struct unpack_result result;
	struct err e = {0};
	struct stat st;
	(void)state;

	begin();
	if (extract(&result, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(complete());
	assert_int_equal(result.entries, 18);
	assert_int_equal(result.unpacked_bytes, 7 + 1 + 1 + 3 + 3);
	assert_int_equal(result.compressed_bytes, archive_len);
	assert_int_equal(n_opaque, 1);
	assert_string_equal(opaque_path, "dir");
	assert_int_equal(sys_statat(root_fd, "d/suid", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(sys_statat(root_fd, "d", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 02775);
	assert_int_equal(sys_statat(root_fd, "gone", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_int_equal(sys_statat(root_fd, "again", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(fake_open_fds(), 2);
}

static void fail_each_call(int code)
{
	struct unpack_result result;
	unsigned int calls, harmless = 0;

	begin();
	fake_fail(0, 0);
	assert_int_equal(extract(&result, NULL), 0);
	calls = fake_calls();
	for (unsigned int n = 1; n <= calls; n++) {
		struct err e = {0};
		int r;

		begin();
		fake_fail(n, code);
		r = extract(&result, &e);
		if (fake_open_fds() != 2)
			fail_msg("call %u fails: %u descriptors are left", n, fake_open_fds() - 2);
		if (r < 0 && (e.code != r || !strstr(e.msg, err_name(code))))
			fail_msg("call %u fails: %d, \"%s\"", n, r, e.msg);
		if (r >= 0 && !complete())
			fail_msg("call %u fails unnoticed: %s", n, fake_trace());
		harmless += r >= 0;
	}
	/* openat2, for which there is the walk */
	if (harmless > calls / 4)
		fail_msg("%u of %u failures were not noticed", harmless, calls);
}

static void every_call_fails_with_eio(void **state)
{
	(void)state;
	fail_each_call(-EIO);
}

static void every_call_fails_with_enospc(void **state)
{
	(void)state;
	fail_each_call(-ENOSPC);
}

static int setup(void **state)
{
	(void)state;
	make_archive();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_extracted),
		cmocka_unit_test(every_call_fails_with_eio),
		cmocka_unit_test(every_call_fails_with_enospc),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
