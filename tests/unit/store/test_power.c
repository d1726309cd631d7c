/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every operation of the store, with each of its system calls failing in turn, and with the power gone
 * before each of them and every kind of loss that a file system may answer with. Whatever happens: the
 * store opens again, fsck finds nothing, staging is empty, no descriptor is left, and the operation has
 * happened or has not.
 */
#include "test.h"

#include "unit/store/world.h"

static struct store store;
static struct world_image one, two;

struct step {
	const char *name;
	void (*prepare)(void); /* may not fail */
	int (*run)(struct err *e);
	bool (*happened)(void);
	bool removes;	/* what is removed by way of staging may be left there */
	bool volatile_; /* may be forgotten by a power cut although it returned success */
};

static void nothing(void)
{
}

static void must(int r)
{
	assert_true(r >= 0);
}

static void name(const char *text, const struct world_image *w)
{
	struct reference ref = world_ref(text);

	must(store_ref_set(&store, &ref, &w->model.manifest.digest, NULL));
}

static void have_one(void)
{
	must(world_add_image(&store, &one, NULL));
	name("app", &one);
}

static int layer_run(struct err *e)
{
	return world_add_layer(&store, &one, 1, e);
}

static bool layer_there(void)
{
	return store_layer_exists(&store, &one.diff_ids[1]);
}

static void layers_only(void)
{
	must(world_add_layer(&store, &one, 0, NULL));
	must(world_add_layer(&store, &one, 1, NULL));
}

static int image_run(struct err *e)
{
	return world_add_image(&store, &one, e);
}

static bool image_there(void)
{
	static _Alignas(16) char memory[16384];
	struct store_image img;
	struct arena arena;

	arena_init(&arena, memory, sizeof(memory));
	return store_image_get(&store, &one.model.manifest.digest, &arena, &img, NULL) == 0;
}

static void damaged_one(void)
{
	char path[200], hex[DIGEST_HEX_LEN + 1];

	must(world_add_image(&store, &one, NULL));
	snprintf(path, sizeof(path), ROOT_PATH "/images/%s/config",
		 digest_hex(hex, &one.model.manifest.digest));
	assert_true(fake_corrupt(path));
	/* not named: a cut in the middle of the repair may leave it out, to be pulled again */
}

static bool image_whole(void)
{
	return image_there() && world_fsck(&store) == 0;
}

static void have_both(void)
{
	have_one();
	must(world_add_image(&store, &two, NULL));
}

static int move_name(struct err *e)
{
	struct reference ref = world_ref("app");

	return store_ref_set(&store, &ref, &two.model.manifest.digest, e);
}

static bool name_moved(void)
{
	struct reference ref = world_ref("app");
	struct digest d;

	must(store_ref_get(&store, &ref, &d, NULL)); /* old or new, never none */
	return digest_eq(&d, &two.model.manifest.digest);
}

static int drop_name(struct err *e)
{
	struct reference ref = world_ref("app");

	return store_ref_delete(&store, &ref, e);
}

static bool name_dropped(void)
{
	struct reference ref = world_ref("app");
	struct digest d;

	return store_ref_get(&store, &ref, &d, NULL) == -ENOENT;
}

static void generation_one(void)
{
	uint64_t n;

	must(store_generation_put(&store, span_of("yaml"), span_of("model"), &n, NULL));
	must(store_generation_activate(&store, n, NULL));
}

static int generation_run(struct err *e)
{
	uint64_t n;
	int r = store_generation_put(&store, span_of("yaml 2"), span_of("model 2"), &n, e);

	return r < 0 ? r : store_generation_activate(&store, 2, e);
}

static bool generation_new(void)
{
	char buf[32];
	uint64_t n;

	must(store_generation_current(&store, &n, NULL));
	assert_true(n == 1 || n == 2);
	must((int)store_generation_read(&store, n, buf, sizeof(buf), NULL));
	assert_string_equal(buf, n == 1 ? "model" : "model 2");
	return n == 2;
}

static int volume_run(struct err *e)
{
	bool created;
	int fd = store_volume_ensure(&store, "data", &created, e);

	sys_close(fd);
	return fd < 0 ? fd : 0;
}

static bool volume_there(void)
{
	return fake_count(ROOT_PATH "/volumes/data") == 1;
}

static void have_volume(void)
{
	must(volume_run(NULL));
}

static int volume_drop(struct err *e)
{
	return store_volume_remove(&store, "data", e);
}

static bool volume_gone(void)
{
	return fake_count(ROOT_PATH "/volumes/data") == -1;
}

static int container_run(struct err *e)
{
	int fd = store_container_create(&store, "c", e);

	sys_close(fd);
	return fd < 0 ? fd : 0;
}

static bool container_there(void)
{
	return fake_count(ROOT_PATH "/containers/c") == 3;
}

static void have_container(void)
{
	must(container_run(NULL));
}

static int container_drop(struct err *e)
{
	return store_container_remove(&store, "c", e);
}

static bool container_gone(void)
{
	return fake_count(ROOT_PATH "/containers/c") == -1;
}

static void two_is_rubbish(void)
{
	have_both();
	generation_one();
	generation_one();
	generation_one();
}

static int gc_run(struct err *e)
{
	uint64_t freed;

	return store_gc(&store, &keep_nothing, &freed, e);
}

static bool gc_done(void)
{
	assert_true(image_there()); /* what is named stays */
	return fake_count(ROOT_PATH "/images") == 1 && fake_count(ROOT_PATH "/layers") == 2 &&
	       fake_count(ROOT_PATH "/generations") == 4;
}

static const struct step steps[] = {
	{"layer", nothing, layer_run, layer_there, false, false},
	{"image", layers_only, image_run, image_there, false, false},
	{"image and layers", nothing, image_run, image_there, false, false},
	{"repair of an image", damaged_one, image_run, image_whole, true, false},
	{"name moves", have_both, move_name, name_moved, false, false},
	{"name goes", have_one, drop_name, name_dropped, false, false},
	{"generation", generation_one, generation_run, generation_new, false, false},
	{"volume", nothing, volume_run, volume_there, false, false},
	{"volume goes", have_volume, volume_drop, volume_gone, true, false},
	{"container", nothing, container_run, container_there, false, true},
	{"container goes", have_container, container_drop, container_gone, true, true},
	{"gc", two_is_rubbish, gc_run, gc_done, true, false},
};

static void begin(const struct step *s)
{
	fake_reset();
	world_image(&one, 1);
	world_image(&two, 2);
	must(store_open(&store, ROOT_PATH, NULL));
	s->prepare();
	/* what was there before the operation has long been written */
	must(sys_syncfs(store.root_fd));
}

static void check(const struct step *s, bool repaired)
{
	struct err e = {0};

	if (store_open(&store, ROOT_PATH, &e) < 0)
		fail_msg("%s: does not open again: %s", s->name, e.msg);
	assert_int_equal(fake_count(ROOT_PATH "/staging"), 0);
	if (repaired)
		assert_int_equal(world_fsck(&store), 0);
}

/* number of calls of the operation */
static unsigned int calls_of(const struct step *s)
{
	begin(s);
	fake_fail(0, 0);
	must(s->run(NULL));
	assert_true(s->happened());
	return fake_calls();
}

static void fail_each_call(const struct step *s, int code)
{
	unsigned int calls = calls_of(s), fds, refused = 0;

	for (unsigned int n = 1; n <= calls; n++) {
		struct err e = {0};
		bool happened;
		int r;

		begin(s);
		fds = fake_open_fds();
		fake_fail(n, code);
		r = s->run(&e);
		fake_fail(0, 0);
		if (fake_open_fds() != fds)
			fail_msg("%s: call %u fails: a descriptor is left open", s->name, n);
		if (r < 0 && !e.msg[0])
			fail_msg("%s: call %u fails: no explanation", s->name, n);
		refused += r < 0;
		if (r < 0 && !s->removes && fake_count(ROOT_PATH "/staging") != 0)
			fail_msg("%s: call %u fails: something stays in staging", s->name, n);
		happened = s->happened();
		if (r >= 0 && !happened)
			fail_msg("%s: call %u fails: success without effect", s->name, n);
		/* a failed repair leaves what is to be repaired */
		store_close(&store);
		check(s, s->happened != image_whole || happened);
		/* and once more without a failure, it works */
		if (!s->happened())
			must(s->run(NULL));
		assert_true(s->happened());
		assert_int_equal(world_fsck(&store), 0);
		store_close(&store);
	}
	/* some failures only mean more work: a document that cannot be read is written again */
	if (refused < calls / 3)
		fail_msg("%s: only %u of %u failures were noticed", s->name, refused, calls);
}

static void every_call_fails_with_eio(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		fail_each_call(&steps[i], -EIO);
}

static void every_call_fails_with_enospc(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		fail_each_call(&steps[i], -ENOSPC);
}

static void cut_before_each_call(const struct step *s, enum fake_loss loss)
{
	unsigned int calls = calls_of(s);
	bool happened = false;

	for (unsigned int n = 1; n <= calls + 1; n++) {
		int r;

		begin(s);
		fake_power_off(n);
		r = s->run(NULL);
		fake_power_on(loss);
		check(s, s->happened != image_whole);
		happened = s->happened();
		if (r >= 0 && !happened && !s->volatile_)
			fail_msg("%s: cut before call %u, loss %d: success was forgotten", s->name,
				 n, (int)loss);
		if (!happened)
			must(s->run(NULL)); /* nothing that was left is in the way */
		assert_true(s->happened());
		assert_int_equal(world_fsck(&store), 0);
		store_close(&store);
	}
	assert_true(happened || s->volatile_);
}

static void power_goes_before_every_call(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		for (int loss = 0; loss < FAKE_LOSS_COUNT; loss++)
			cut_before_each_call(&steps[i], (enum fake_loss)loss);
	}
}

/* the first start of all: nothing is there yet */
static void power_goes_while_the_store_is_made(void **state)
{
	struct err e = {0};
	unsigned int calls;
	(void)state;

	fake_reset();
	must(store_open(&store, ROOT_PATH, &e));
	calls = fake_calls();
	for (int loss = 0; loss < FAKE_LOSS_COUNT; loss++) {
		for (unsigned int n = 1; n <= calls; n++) {
			fake_reset();
			fake_power_off(n);
			assert_true(store_open(&store, ROOT_PATH, &e) < 0);
			assert_int_equal(fake_open_fds(), 0);
			fake_power_on((enum fake_loss)loss);
			check(&steps[0], true);
			store_close(&store);
		}
	}
}

/* what the first start made is there for good once something in it is */
static void a_new_store_is_not_forgotten(void **state)
{
	struct err e = {0};
	(void)state;

	fake_reset();
	must(store_open(&store, ROOT_PATH, &e));
	must(volume_run(&e));
	fake_power_on(FAKE_KEEP_SYNCED);
	assert_true(volume_there());
}

/* does the fake find what it is for? Renaming without a sync must be seen as a loss */
static void the_fake_forgets_what_was_not_synced(void **state)
{
	char text[8];
	int fd;
	(void)state;

	fake_reset();
	fd = sys_open(AT_FDCWD, "/new", O_WRONLY | O_CREAT, 0644);
	must(sys_write_all(fd, "text", 4));
	sys_close(fd);
	must(sys_rename(AT_FDCWD, "/new", AT_FDCWD, "/name", 0));
	fake_power_on(FAKE_LOSE_CONTENT);
	fd = sys_open(AT_FDCWD, "/name", O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_int_equal(sys_read(fd, text, sizeof(text)), 0);
	fake_reset();
	must(sys_mkdir(AT_FDCWD, "/dir", 0755));
	fake_power_on(FAKE_KEEP_SYNCED);
	assert_int_equal(fake_count("/dir"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fake_forgets_what_was_not_synced),
		cmocka_unit_test(every_call_fails_with_eio),
		cmocka_unit_test(every_call_fails_with_enospc),
		cmocka_unit_test(power_goes_before_every_call),
		cmocka_unit_test(a_new_store_is_not_forgotten),
		cmocka_unit_test(power_goes_while_the_store_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
