/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "runtime/mount_opts.h"
#include "sys/mnt.h"

static struct err err;

static int parse(struct mount_opts *o, const char *a, const char *b, const char *c)
{
	char *v[] = {(char *)a, (char *)b, (char *)c, NULL};
	struct oci_strs s = {v, 0};

	while (v[s.n])
		s.n++;
	err = (struct err){0};
	return mount_opts_parse(&s, o, &err);
}

static void flags_go_both_ways(void **state)
{
	struct mount_opts o;

	(void)state;
	assert_int_equal(parse(&o, "ro", "nosuid", NULL), 0);
	assert_int_equal(o.flags, MS_RDONLY | MS_NOSUID);
	assert_true(o.attr_set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID) && o.attr_clear == 0);
	assert_int_equal(parse(&o, "ro", "rw", NULL), 0); /* the last one counts */
	assert_int_equal(o.flags, 0);
	assert_true(o.attr_set == 0 && o.attr_clear == MOUNT_ATTR_RDONLY);
	assert_int_equal(parse(&o, "nodev", "dev", "noexec"), 0);
	assert_true(o.attr_set == MOUNT_ATTR_NOEXEC && o.attr_clear == MOUNT_ATTR_NODEV);
	assert_true(o.attr_unnamed ==
		    (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOSYMFOLLOW));
	assert_int_equal(parse(&o, "rbind", "rprivate", "rro"), 0);
	assert_true(o.attr_unnamed == 0);
}

static void access_time_is_one_field(void **state)
{
	struct mount_opts o;

	(void)state;
	assert_int_equal(parse(&o, "noatime", "strictatime", NULL), 0);
	assert_true(o.attr_set == MOUNT_ATTR_STRICTATIME && o.attr_clear == MOUNT_ATTR__ATIME);
	assert_int_equal(parse(&o, "noatime", NULL, NULL), 0);
	assert_true(o.attr_set == MOUNT_ATTR_NOATIME && o.attr_clear == MOUNT_ATTR__ATIME);
}

static void the_default_access_time(void **state)
{
	struct mount_opts o;

	(void)state;
	assert_int_equal(parse(&o, "noatime", "relatime", NULL), 0);
	assert_true(o.attr_set == MOUNT_ATTR_RELATIME && o.attr_clear == MOUNT_ATTR__ATIME);
	assert_int_equal(parse(&o, "norelatime", "rnorelatime", NULL), 0);
	assert_true(!o.attr_set && !o.attr_clear && !o.rec_set && !o.rec_clear && !o.data[0]);
	assert_int_equal(parse(&o, "rrelatime", NULL, NULL), 0);
	assert_true(o.rec_set == MOUNT_ATTR_RELATIME && o.rec_clear == MOUNT_ATTR__ATIME);
	assert_int_equal(parse(&o, "rnoatime", "ratime", NULL), 0);
	assert_true(o.rec_set == MOUNT_ATTR_RELATIME && o.rec_clear == MOUNT_ATTR__ATIME);
	/* set after clear: only set */
	assert_int_equal(parse(&o, "rw", "ro", NULL), 0);
	assert_true(o.attr_set == MOUNT_ATTR_RDONLY && o.attr_clear == 0);
}

static void id_maps_and_links(void **state)
{
	struct mount_opts o;

	(void)state;
	assert_int_equal(parse(&o, "bind", "idmap=uids=0-1-2", NULL), 0);
	assert_true(o.idmap && !o.idmap_rec);
	assert_string_equal(o.idmap_text, "uids=0-1-2");
	assert_int_equal(parse(&o, "ridmap", NULL, NULL), 0);
	assert_true(o.idmap && o.idmap_rec && !o.idmap_text);
	assert_int_equal(parse(&o, "idmapped", NULL, NULL), 0);
	assert_false(o.idmap);
	assert_string_equal(o.data, "idmapped");
	assert_int_equal(parse(&o, "src-nofollow", "dest-nofollow", NULL), 0);
	assert_true(o.src_nofollow && o.dst_nofollow && !o.data[0]);
}

static void recursive_ones_are_apart(void **state)
{
	struct mount_opts o;

	(void)state;
	assert_int_equal(parse(&o, "rbind", "rro", "rprivate"), 0);
	assert_true(o.bind && o.rec);
	assert_true(o.rec_set == MOUNT_ATTR_RDONLY && o.attr_set == 0);
	assert_true(o.propagation == MS_PRIVATE && o.propagation_rec);
	assert_int_equal(parse(&o, "bind", "rrw", "shared"), 0);
	assert_true(o.bind && !o.rec && o.rec_clear == MOUNT_ATTR_RDONLY);
	assert_true(o.propagation == MS_SHARED && !o.propagation_rec);
	assert_int_equal(o.data[0], 0);
}

static void the_rest_is_for_the_file_system(void **state)
{
	struct mount_opts o;
	static char big[MOUNT_DATA_CAP + 1];

	(void)state;
	assert_int_equal(parse(&o, "mode=755", "nosuid", "size=4k"), 0);
	assert_string_equal(o.data, "mode=755,size=4k");
	assert_int_equal(parse(&o, "relatime", "defaults", "rootcontext=x"), 0);
	assert_string_equal(o.data, "rootcontext=x");
	memset(big, 'x', sizeof(big) - 1);
	assert_int_equal(parse(&o, big, NULL, NULL), -E2BIG);
	assert_int_equal(parse(&o, "tmpcopyup", "size=1k", NULL), 0);
	assert_true(o.copy_up);
	assert_string_equal(o.data, "size=1k");
}

static void propagation_names(void **state)
{
	(void)state;
	assert_int_equal(mount_propagation("rslave"), MS_SLAVE | MS_REC);
	assert_int_equal(mount_propagation("unbindable"), MS_UNBINDABLE);
	assert_int_equal(mount_propagation("runbindable"), MS_UNBINDABLE | MS_REC);
	assert_int_equal(mount_propagation("ro"), -EINVAL);
	assert_int_equal(mount_propagation(""), -EINVAL);
}

static void every_name_of_features_is_understood(void **state)
{
	struct mount_opts o;
	const char *name;
	size_t i = 0;

	(void)state;
	for (; (name = mount_opts_name(i)); i++) {
		assert_int_equal(parse(&o, name, NULL, NULL), 0);
		assert_string_equal(o.data, "");
	}
	assert_true(i > 50);
	assert_int_equal(parse(&o, "mode=755", NULL, NULL), 0);
	assert_string_equal(o.data, "mode=755");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_of_features_is_understood),
		cmocka_unit_test(flags_go_both_ways),
		cmocka_unit_test(access_time_is_one_field),
		cmocka_unit_test(the_default_access_time),
		cmocka_unit_test(id_maps_and_links),
		cmocka_unit_test(recursive_ones_are_apart),
		cmocka_unit_test(the_rest_is_for_the_file_system),
		cmocka_unit_test(propagation_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
