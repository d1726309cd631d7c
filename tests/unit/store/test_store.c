/* SPDX-License-Identifier: Apache-2.0 */
/* What the store keeps and gives back, on the fake file system. */
#include "test.h"

#include "unit/store/world.h"

static struct store store;
static struct err err;
static struct world_image one, two;
static _Alignas(16) char memory[64 * 1024];

static int setup(void **state)
{
	(void)state;
	fake_reset();
	err = (struct err){0};
	world_image(&one, 1);
	world_image(&two, 2);
	return store_open(&store, ROOT_PATH, &err);
}

static int teardown(void **state)
{
	(void)state;
	store_close(&store);
	assert_int_equal(fake_open_fds(), 0);
	return 0;
}

static void add(const struct world_image *w, const char *name)
{
	struct reference ref = world_ref(name);

	assert_int_equal(world_add_image(&store, w, &err), 0);
	assert_int_equal(store_ref_set(&store, &ref, &w->model.manifest.digest, &err), 0);
}

static void a_second_opener_learns_who_has_it(void **state)
{
	struct store other;
	(void)state;

	assert_int_equal(store_open(&other, ROOT_PATH, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "process 4711"));
	assert_non_null(strstr(err.msg, ROOT_PATH));
}

static void the_path_must_be_absolute(void **state)
{
	struct store other;
	char path[300];
	(void)state;

	assert_int_equal(store_open(&other, "var/lib/cleat", &err), -EINVAL);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[299] = '\0';
	assert_int_equal(store_open(&other, path, &err), -ENAMETOOLONG);
}

static void opening_sweeps_what_was_left(void **state)
{
	char staged[32];
	int fd;
	(void)state;

	fd = store_layer_begin(&store, staged, &err);
	assert_true(fd >= 0);
	sys_close(sys_open(fd, "half", O_WRONLY | O_CREAT, 0644));
	sys_close(fd);
	fd = sys_open(AT_FDCWD, ROOT_PATH "/refs/.x.tmp", O_WRONLY | O_CREAT, 0600);
	sys_close(fd);
	store_close(&store);
	assert_int_equal(store_open(&store, ROOT_PATH, &err), 0);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
	assert_int_equal(fake_count(ROOT_PATH "/refs"), 0);
}

/* containerd CVE-2025-47290: two pulls of one layer at the same time; the first one wins, the second changes nothing */
static void cve_2025_47290_one_layer_is_unpacked_twice(void **state)
{
	char first[32], second[32];
	uint64_t freed;
	int a, b;
	(void)state;

	a = store_layer_begin(&store, first, &err);
	b = store_layer_begin(&store, second, &err);
	assert_true(a >= 0 && b >= 0);
	assert_string_not_equal(first, second);
	sys_close(sys_open(a, "from-first", O_WRONLY | O_CREAT, 0644));
	sys_close(sys_open(b, "from-second", O_WRONLY | O_CREAT, 0644));
	sys_close(a);
	sys_close(b);
	assert_int_equal(store_layer_seal(&store, first,
					  &(struct store_layer_meta){.unpacked_bytes = 1}, &err),
			 0);
	assert_int_equal(store_layer_commit(&store, first, &one.diff_ids[0], &err), 0);
	assert_int_equal(store_layer_seal(&store, second,
					  &(struct store_layer_meta){.unpacked_bytes = 2}, &err),
			 0);
	assert_int_equal(store_layer_commit(&store, second, &one.diff_ids[0], &err), 0);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
	a = store_layer_open(&store, &one.diff_ids[0], &err);
	assert_true(a >= 0);
	b = sys_open(a, "from-first", O_RDONLY, 0);
	assert_true(b >= 0);
	assert_int_equal(sys_open(a, "from-second", O_RDONLY, 0), -ENOENT);
	sys_close(a);
	sys_close(b);
	assert_int_equal(store_gc(&store, &keep_nothing, &freed, &err), 0);
	assert_int_equal(freed, 1); /* the meta is that of the first, too */
}

static void an_image_comes_back_as_it_was(void **state)
{
	struct store_image img;
	struct arena arena;
	char text[100];
	int fd;
	(void)state;

	add(&one, "one");
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(store_image_get(&store, &one.model.manifest.digest, &arena, &img, &err),
			 0);
	assert_true(digest_eq(&img.config.digest, &one.model.config.digest));
	assert_int_equal(img.manifest.n_layers, N_LAYERS);
	assert_true(digest_eq(&img.config.diff_ids[1], &one.diff_ids[1]));
	assert_string_equal(img.config.platform.arch, "amd64");
	assert_int_equal(store_image_bytes(&store, &img), 14);
	fd = store_image_raw(&store, &one.model.manifest.digest, "config", &err);
	assert_int_equal(sys_read(fd, text, sizeof(text)), strlen(one.config));
	assert_memory_equal(text, one.config, strlen(one.config));
	sys_close(fd);
	assert_int_equal(store_image_raw(&store, &one.model.manifest.digest, "../../lock", &err),
			 -EINVAL);
	assert_int_equal(world_fsck(&store), 0);
}

static void an_image_needs_its_layers_and_its_digests(void **state)
{
	(void)state;

	assert_int_equal(store_image_put(&store, span_of(one.manifest), span_of(one.config),
					 &one.model, &err),
			 -ENOENT);
	assert_non_null(strstr(err.msg, "layer sha256:"));
	assert_int_equal(world_add_layer(&store, &one, 0, &err), 0);
	assert_int_equal(world_add_layer(&store, &one, 1, &err), 0);
	assert_int_equal(
		store_image_put(&store, span_of(one.config), span_of(one.config), &one.model, &err),
		-EBADMSG);
	assert_int_equal(store_image_put(&store, span_of(one.manifest), span_of(one.manifest),
					 &one.model, &err),
			 -EBADMSG);
	one.model.config.n_diff_ids = 1;
	assert_int_equal(store_image_put(&store, span_of(one.manifest), span_of(one.config),
					 &one.model, &err),
			 -EINVAL);
	assert_int_equal(fake_count(ROOT_PATH "/images"), 0);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
}

static void putting_again_repairs(void **state)
{
	static const char *const files[] = {"manifest", "config", "model"};
	char path[200], hex[DIGEST_HEX_LEN + 1];
	(void)state;

	add(&one, "one");
	digest_hex(hex, &one.model.manifest.digest);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), ROOT_PATH "/images/%s/%s", hex, files[i]);
		assert_true(fake_corrupt(path));
		assert_true(world_fsck(&store) > 0);
		assert_int_equal(world_add_image(&store, &one, &err), 0);
		assert_int_equal(world_fsck(&store), 0);
	}
}

static void a_name_moves_to_another_image(void **state)
{
	struct reference ref = world_ref("app:1");
	struct digest d;
	(void)state;

	assert_int_equal(store_ref_get(&store, &ref, &d, &err), -ENOENT);
	assert_string_equal(err.msg, "no image app:1");
	assert_int_equal(store_ref_set(&store, &ref, &one.model.manifest.digest, &err), -ENOENT);
	add(&one, "app:1");
	add(&two, "app:1");
	assert_int_equal(store_ref_get(&store, &ref, &d, &err), 0);
	assert_true(digest_eq(&d, &two.model.manifest.digest));
	assert_int_equal(store_ref_delete(&store, &ref, &err), 0);
	assert_int_equal(store_ref_get(&store, &ref, &d, &err), -ENOENT);
	assert_int_equal(store_ref_delete(&store, &ref, &err), 0);
}

static int count(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		 void *data)
{
	(void)ref, (void)manifest;
	assert_int_equal(set_s, 1700000000);
	return ++*(int *)data == 2 ? 7 : 0;
}

static void names_are_listed_until_told_to_stop(void **state)
{
	int n = 0;
	(void)state;

	add(&one, "a");
	add(&one, "b");
	add(&one, "c");
	assert_int_equal(store_ref_each(&store, count, &n, &err), 7);
	assert_int_equal(n, 2);
}

static void an_image_is_found_by_name_and_by_prefix(void **state)
{
	char manifest[DIGEST_HEX_LEN + 1], config[DIGEST_HEX_LEN + 1], text[100];
	struct digest d;
	(void)state;

	add(&one, "app:1");
	add(&two, "app:2");
	digest_hex(manifest, &two.model.manifest.digest);
	digest_hex(config, &two.model.config.digest);
	assert_int_equal(store_find(&store, "app:2", &d, &err), 0);
	assert_int_equal(store_find(&store, config, &d, &err), 0);
	assert_true(digest_eq(&d, &two.model.manifest.digest));
	manifest[12] = config[4] = '\0';
	assert_int_equal(store_find(&store, manifest, &d, &err), 0);
	assert_int_equal(store_find(&store, config, &d, &err), 0);
	snprintf(text, sizeof(text), "sha256:%s", manifest);
	assert_int_equal(store_find(&store, text, &d, &err), 0);
	assert_true(digest_eq(&d, &two.model.manifest.digest));
	config[3] = '\0';
	assert_int_equal(store_find(&store, config, &d, &err), -ENOENT);
	assert_int_equal(store_find(&store, "app", &d, &err), -ENOENT);
	assert_int_equal(store_find(&store, "../../etc", &d, &err), -ENOENT);
	assert_int_equal(store_find(&store, "", &d, &err), -ENOENT);
}

/* many images, so that two of them share a prefix of four digits */
static void an_ambiguous_prefix_is_refused(void **state)
{
	static struct digest all[400];
	char a[DIGEST_HEX_LEN + 1], b[DIGEST_HEX_LEN + 1];
	struct world_image w;
	struct digest d;
	int i, j;
	(void)state;

	for (i = 0; i < 400; i++) {
		world_image(&w, i);
		all[i] = w.model.manifest.digest;
		for (j = 0; j < i && memcmp(&all[i], &all[j], 2) != 0; j++)
			;
		if (j < i)
			break;
	}
	assert_true(i < 400);
	world_image(&one, i);
	world_image(&two, j);
	add(&one, "one");
	add(&two, "two");
	digest_hex(a, &one.model.manifest.digest);
	digest_hex(b, &two.model.manifest.digest);
	a[4] = '\0';
	assert_int_equal(store_find(&store, a, &d, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "2 images"));
	assert_int_equal(store_find(&store, b, &d, &err), 0);
}

static void gc_keeps_what_is_named(void **state)
{
	struct reference ref = world_ref("one");
	uint64_t freed = 99;
	(void)state;

	add(&one, "one");
	add(&two, "two");
	assert_int_equal(store_gc(&store, &keep_nothing, &freed, &err), 0);
	assert_int_equal(freed, 0);
	assert_int_equal(store_ref_delete(&store, &ref, &err), 0);
	assert_int_equal(
		store_gc(&store,
			 &(struct store_keep){.images = &one.model.manifest.digest, .n_images = 1},
			 &freed, &err),
		0);
	assert_int_equal(freed, 0);
	assert_int_equal(fake_count(ROOT_PATH "/images"), 2);
	assert_int_equal(store_gc(&store, &keep_nothing, &freed, &err), 0);
	assert_int_equal(freed, 7); /* the layer of its own, not the shared one */
	assert_int_equal(fake_count(ROOT_PATH "/images"), 1);
	assert_int_equal(fake_count(ROOT_PATH "/layers"), 2);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
	assert_int_equal(world_fsck(&store), 0);
}

static void gc_removes_no_layer_when_it_cannot_tell(void **state)
{
	char path[200], hex[DIGEST_HEX_LEN + 1];
	uint64_t freed;
	(void)state;

	add(&one, "one");
	assert_int_equal(world_add_layer(&store, &two, 1, &err), 0); /* of no image */
	snprintf(path, sizeof(path), ROOT_PATH "/images/%s/model",
		 digest_hex(hex, &one.model.manifest.digest));
	sys_truncate(sys_open(AT_FDCWD, path, O_WRONLY, 0), 20);
	assert_int_equal(store_gc(&store, &keep_nothing, &freed, &err), -EBADMSG);
	assert_int_equal(fake_count(ROOT_PATH "/layers"), 3);
	fake_reset(); /* closes what this test left open */
	store.root_fd = store.lock_fd = -1;
}

static void generations_are_numbered_and_switched(void **state)
{
	uint64_t n, current;
	char buf[32];
	(void)state;

	assert_int_equal(store_generation_current(&store, &current, &err), -ENOENT);
	for (uint64_t i = 1; i <= 4; i++) {
		snprintf(buf, sizeof(buf), "model %d", (int)i);
		assert_int_equal(
			store_generation_put(&store, span_of("yaml"), span_of(buf), &n, &err), 0);
		assert_int_equal(n, i);
		assert_int_equal(store_generation_activate(&store, n, &err), 0);
		assert_int_equal(store_generation_current(&store, &current, &err), 0);
		assert_int_equal(current, n);
	}
	assert_int_equal(store_generation_read(&store, 3, buf, sizeof(buf), &err), 7);
	assert_string_equal(buf, "model 3");
	assert_int_equal(store_generation_read(&store, 9, buf, sizeof(buf), &err), -ENOENT);
	assert_int_equal(store_generation_activate(&store, 9, &err), -ENOENT);
	assert_int_equal(store_gc(&store, &keep_nothing, &n, &err), 0);
	assert_int_equal(fake_count(ROOT_PATH "/generations"), 4);	 /* 3, 4 and two links */
	assert_int_equal(store_generation_activate(&store, 3, &err), 0); /* back */
	assert_int_equal(store_generation_put(&store, span_of("y"), span_of("m"), &n, &err), 0);
	assert_int_equal(n, 5);
	assert_int_equal(world_fsck(&store), 0);
}

static void volumes_stay_until_removed(void **state)
{
	bool created;
	int fd;
	(void)state;

	fd = store_volume_ensure(&store, "db", &created, &err);
	assert_true(fd >= 0 && created);
	sys_close(fd);
	fd = store_volume_ensure(&store, "db", &created, &err);
	assert_true(fd >= 0 && !created);
	sys_close(fd);
	assert_int_equal(store_volume_ensure(&store, "../db", &created, &err), -EINVAL);
	assert_int_equal(store_volume_remove(&store, "db", &err), 0);
	assert_int_equal(store_volume_remove(&store, "db", &err), -ENOENT);
	assert_int_equal(store_volume_remove(&store, "..", &err), -EINVAL);
}

static void containers_come_and_go(void **state)
{
	int fd;
	(void)state;

	fd = store_container_create(&store, "c1", &err);
	assert_true(fd >= 0);
	sys_close(sys_open(fd, "upper/x", O_WRONLY | O_CREAT, 0644));
	sys_close(fd);
	assert_int_equal(store_container_create(&store, "c1", &err), -EEXIST);
	assert_int_equal(world_fsck(&store), 0);
	fd = store_container_open(&store, "c1", &err);
	assert_true(fd >= 0);
	sys_close(fd);
	assert_int_equal(store_container_remove(&store, "c1", &err), 0);
	assert_int_equal(store_container_remove(&store, "c1", &err), -ENOENT);
	assert_int_equal(store_container_open(&store, "../images", &err), -EINVAL);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
}

static void a_tag_remembers_what_it_named(void **state)
{
	struct digest manifest, top;
	struct reference ref;
	(void)state;

	add(&one, "one");
	assert_int_equal(reference_parse("one", &ref, &err), 0);
	assert_int_equal(store_ref_top(&store, &ref, &manifest, &top), -ENOENT);
	assert_int_equal(
		store_ref_set_top(&store, &ref, &one.model.manifest.digest, &one.diff_ids[0], &err),
		0);
	assert_int_equal(store_ref_top(&store, &ref, &manifest, &top), 0);
	assert_true(digest_eq(&manifest, &one.model.manifest.digest));
	assert_true(digest_eq(&top, &one.diff_ids[0]));
	assert_int_equal(store_ref_get(&store, &ref, &manifest, &err), 0);
	assert_int_equal(world_fsck(&store), 0);
	/* a name that somebody else gave it promises nothing */
	assert_int_equal(store_ref_set(&store, &ref, &manifest, &err), 0);
	assert_int_equal(store_ref_top(&store, &ref, &manifest, &top), -ENOENT);
}

static void partial_files_go_on_and_go(void **state)
{
	const struct digest blob = one.diff_ids[0];
	uint64_t freed = 0;
	int fd;
	(void)state;

	assert_int_equal(
		store_partial_open(&store, &blob, (CONFIG_PARTIAL_MAX_MIB + 1ULL) << 20, &err),
		-EFBIG);
	fd = store_partial_open(&store, &blob, 1000, &err);
	assert_true(fd >= 0);
	assert_int_equal(sys_write(fd, "abc", 3), 3);
	sys_close(fd);
	assert_int_equal(world_fsck(&store), 0);
	/* files here are of 1970 */
	assert_int_equal(store_partial_sweep(&store, 1800000000, &freed, &err), 0);
	assert_int_equal(freed, 0);
	assert_int_equal(fake_count(ROOT_PATH "/partial"), 1);
	assert_int_equal(store_partial_sweep(&store, 86400, &freed, &err), 0);
	assert_int_equal(freed, 3);
	assert_int_equal(fake_count(ROOT_PATH "/partial"), 0);
	store_partial_remove(&store, &blob);
	store_partial_remove(&store, &blob); /* idempotent */
	assert_int_equal(fake_count(ROOT_PATH "/partial"), 0);
	fd = store_partial_open(&store, &blob, 1000, &err);
	assert_true(fd >= 0);
	sys_close(fd);
	assert_int_equal(store_partial_sweep(&store, 1800000000, &freed, &err),
			 0); /* it is empty */
	assert_int_equal(fake_count(ROOT_PATH "/partial"), 0);
}

static void fsck_names_what_is_wrong(void **state)
{
	char path[300], hex[DIGEST_HEX_LEN + 1];
	int n = 0;
	(void)state;

	add(&one, "one");
	sys_close(sys_open(AT_FDCWD, ROOT_PATH "/layers/strange", O_WRONLY | O_CREAT, 0644));
	assert_int_equal(world_fsck(&store), ++n);
	sys_mkdir(AT_FDCWD, ROOT_PATH "/volumes/v", 0700);
	assert_int_equal(world_fsck(&store), ++n);
	sys_mkdir(AT_FDCWD, ROOT_PATH "/containers/c", 0700);
	assert_int_equal(world_fsck(&store), n += 3);
	sys_mkdir(AT_FDCWD, ROOT_PATH "/generations/7", 0700);
	assert_int_equal(world_fsck(&store), n += 2);
	sys_symlink("8", AT_FDCWD, ROOT_PATH "/generations/current");
	assert_int_equal(world_fsck(&store), ++n);
	sys_close(sys_open(AT_FDCWD, ROOT_PATH "/refs/UPPER", O_WRONLY | O_CREAT, 0644));
	assert_int_equal(world_fsck(&store), ++n);
	snprintf(path, sizeof(path), ROOT_PATH "/layers/%s", digest_hex(hex, &one.diff_ids[1]));
	assert_int_equal(sys_rename(AT_FDCWD, path, AT_FDCWD, ROOT_PATH "/partial/x", 0), 0);
	assert_int_equal(world_fsck(&store),
			 n += 2); /* a layer is missing, and x is no blob's name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_second_opener_learns_who_has_it),
		TEST(the_path_must_be_absolute),
		TEST(opening_sweeps_what_was_left),
		TEST(cve_2025_47290_one_layer_is_unpacked_twice),
		TEST(an_image_comes_back_as_it_was),
		TEST(an_image_needs_its_layers_and_its_digests),
		TEST(putting_again_repairs),
		TEST(a_name_moves_to_another_image),
		TEST(names_are_listed_until_told_to_stop),
		TEST(an_image_is_found_by_name_and_by_prefix),
		TEST(an_ambiguous_prefix_is_refused),
		TEST(gc_keeps_what_is_named),
		TEST(gc_removes_no_layer_when_it_cannot_tell),
		TEST(generations_are_numbered_and_switched),
		TEST(volumes_stay_until_removed),
		TEST(containers_come_and_go),
		TEST(a_tag_remembers_what_it_named),
		TEST(partial_files_go_on_and_go),
		TEST(fsck_names_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
