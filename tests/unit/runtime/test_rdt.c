/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of resctrl, on a directory that looks like one: no machine of the tests has the hardware. A group
 * that is made there has no files, which on resctrl cannot be: then the writing fails and the group goes.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/rdt.h"
#include "sys/fd.h"

static int dir = -1;
static struct err err;

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void is(const char *path, const char *want)
{
	char got[256];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	got[n] = '\0';
	assert_string_equal(got, want);
}

static int set_up(void **state)
{
	(void)state;
	if (system("rm -rf resctrl && mkdir -p resctrl/group/mon_groups") != 0)
		return -1;
	put("resctrl/group/schemata", "    L3:0=f;1=f\n    MB:0=20\n");
	put("resctrl/group/tasks", "");
	dir = open("resctrl", O_PATH | O_DIRECTORY);
	err = (struct err){0};
	return dir < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(dir);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void joins_a_group_that_is_there(void **state)
{
	struct oci_rdt r = {.set = true, .clos_id = (char *)"group"};

	(void)state;
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 77, &err), 0);
	is("resctrl/group/tasks", "77\n");
	is("resctrl/group/schemata", "    L3:0=f;1=f\n    MB:0=20\n");
	rdt_remove_at(dir, &r, "c1");
	assert_true(exists("resctrl/group"));
}

static void a_group_must_be_there_without_schemata(void **state)
{
	struct oci_rdt r = {.set = true, .clos_id = (char *)"none"};

	(void)state;
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 77, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "none"));
	assert_false(exists("resctrl/none"));
}

static void a_group_must_be_what_is_asked_for(void **state)
{
	struct oci_rdt r = {.set = true,
			    .clos_id = (char *)"group",
			    .l3_cache = (char *)"L3:0=f;1=f\nMB:0=90",
			    .mem_bw = (char *)"MB:0=20"};

	(void)state;
	/* the MB: line of the cache's schema gives way */
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 5, &err), 0);
	r.mem_bw = (char *)"MB:0=30";
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 5, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "MB:0=30"));
	r.mem_bw = NULL;
	err = (struct err){0};
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 5, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "MB:0=90"));
}

static void what_fails_is_removed(void **state)
{
	struct oci_rdt r = {.set = true, .l3_cache = (char *)"L3:0=f"};

	(void)state;
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 5, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "schemata"));
	assert_false(exists("resctrl/c1"));
}

static void monitoring_has_a_group_of_its_own(void **state)
{
	struct oci_rdt r = {.set = true, .clos_id = (char *)"group", .monitoring = true};

	(void)state;
	assert_int_equal(mkdir("resctrl/group/mon_groups/c1", 0755), 0);
	put("resctrl/group/mon_groups/c1/tasks", "");
	assert_int_equal(rdt_apply_at(dir, &r, "c1", 5, &err), 0);
	is("resctrl/group/mon_groups/c1/tasks", "5\n");
	unlink("resctrl/group/mon_groups/c1/tasks");
	rdt_remove_at(dir, &r, "c1");
	assert_false(exists("resctrl/group/mon_groups/c1"));
	assert_true(exists("resctrl/group"));
}

static void the_containers_own_group_goes_with_it(void **state)
{
	struct oci_rdt r = {.set = true};

	(void)state;
	assert_int_equal(mkdir("resctrl/c1", 0755), 0);
	rdt_remove_at(dir, &r, "c1");
	assert_false(exists("resctrl/c1"));
}

static void an_update_writes_to_the_group(void **state)
{
	struct oci_rdt own = {0}, named = {.clos_id = (char[]){"group"}};

	(void)state;
	put("resctrl/group/schemata", "");
	assert_int_equal(rdt_update_at(dir, &named, "c1", "L3:0=3", "MB:0=50", &err), 0);
	is("resctrl/group/schemata", "L3:0=3\nMB:0=50\n");
	assert_int_equal(rdt_update_at(dir, &own, "c1", "L3:0=3", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "group c1"));
}

static void says_that_resctrl_is_not_there(void **state)
{
	struct oci_rdt r = {.set = true};

	(void)state;
	if (exists("/sys/fs/resctrl/schemata"))
		skip();
	assert_int_equal(rdt_apply(&r, "c1", 5, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "resctrl is not mounted"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(joins_a_group_that_is_there),	      T(a_group_must_be_there_without_schemata),
		T(a_group_must_be_what_is_asked_for), T(what_fails_is_removed),
		T(monitoring_has_a_group_of_its_own), T(the_containers_own_group_goes_with_it),
		T(says_that_resctrl_is_not_there),    T(an_update_writes_to_the_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
