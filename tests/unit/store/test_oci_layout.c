/* SPDX-License-Identifier: Apache-2.0 */
/* An image layout that somebody else made, good and hostile, in a folder of the test. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/oci_layout.h"
#include "sys/fd.h"

static char folder[200];
static struct err err;

static void put(const char *name, const char *content)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static void link_to(const char *target, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char path[400];
	(void)state;

	err = (struct err){0};
	snprintf(folder, sizeof(folder), "%s/layout.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/blobs", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/blobs/sha256", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	put("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
	put("index.json", "{}");
	return 0;
}

static const char blob_name[] =
	"blobs/sha256/0101010101010101010101010101010101010101010101010101010101010101";
static struct digest blob_digest(void)
{
	struct digest d;

	memset(&d, 1, sizeof(d));
	return d;
}

static void a_layout_is_read(void **state)
{
	struct digest d = blob_digest();
	char text[16] = "";
	int fd = oci_layout_open(folder, &err), index, blob;
	(void)state;

	assert_true(fd >= 0);
	index = oci_layout_index(fd, &err);
	assert_int_equal(sys_read(index, text, sizeof(text)), 2);
	sys_close(index);
	put(blob_name, "blob");
	blob = oci_layout_blob(fd, &d, 4, &err);
	assert_int_equal(sys_read(blob, text, sizeof(text)), 4);
	sys_close(blob);
	blob = oci_layout_blob(fd, &d, UINT64_MAX, &err);
	assert_true(blob >= 0);
	sys_close(blob);
	assert_int_equal(oci_layout_blob(fd, &d, 5, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "has 4 bytes, its descriptor says 5"));
	d.b[0] = 2;
	assert_int_equal(oci_layout_blob(fd, &d, 4, &err), -ENOENT);
	sys_close(fd);
}

static void what_is_no_layout_is_named(void **state)
{
	char path[400];
	(void)state;

	snprintf(path, sizeof(path), "%s/nothing", folder);
	assert_int_equal(oci_layout_open(path, &err), -ENOENT);
	snprintf(path, sizeof(path), "%s/index.json", folder);
	assert_int_equal(oci_layout_open(path, &err), -ENOTDIR);
	snprintf(path, sizeof(path), "%s/blobs", folder);
	assert_int_equal(oci_layout_open(path, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "is not an OCI image layout"));
	put("oci-layout", "{\"imageLayoutVersion\": \"2.0.0\"}");
	assert_int_equal(oci_layout_open(folder, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "version 1.0.0"));
}

/* podman CVE-2024-9676, containerd CVE-2026-47262: whatever the directory holds, nothing outside is read and nothing blocks */
static void cve_2024_9676_links_and_pipes_lead_nowhere(void **state)
{
	struct digest d = blob_digest();
	char path[400];
	int fd = oci_layout_open(folder, &err);
	(void)state;

	assert_true(fd >= 0);
	link_to("/etc/passwd", blob_name);
	assert_true(oci_layout_blob(fd, &d, UINT64_MAX, &err) < 0);
	link_to("../../../../../../../../etc/passwd", blob_name);
	assert_true(oci_layout_blob(fd, &d, UINT64_MAX, &err) < 0);
	link_to("/dev/zero", "index.json");
	assert_true(oci_layout_index(fd, &err) < 0);
	snprintf(path, sizeof(path), "%s/%s", folder, blob_name);
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(oci_layout_blob(fd, &d, UINT64_MAX, &err), -EINVAL);
	unlink(path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(oci_layout_blob(fd, &d, UINT64_MAX, &err), -EINVAL);
	sys_close(fd);
}

static void an_endless_index_is_refused(void **state)
{
	char path[400];
	int fd = oci_layout_open(folder, &err);
	(void)state;

	snprintf(path, sizeof(path), "%s/index.json", folder);
	assert_int_equal(truncate(path, OCI_LAYOUT_MAX_DOCUMENT + 1), 0);
	assert_int_equal(oci_layout_index(fd, &err), -EFBIG);
	sys_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_layout_is_read, setup),
		cmocka_unit_test_setup(what_is_no_layout_is_named, setup),
		cmocka_unit_test_setup(cve_2024_9676_links_and_pipes_lead_nowhere, setup),
		cmocka_unit_test_setup(an_endless_index_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
