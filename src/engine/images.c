/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who wants which image: references wait in line for the one pull job; everybody who asked for the
 * same reference is told by the same job.
 */
#include <errno.h>
#include <sys/stat.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/server.h"
#include "engine/sweep.h"
#include "sys/fd.h"

#define BOOT_GC_MS 3000 /* services come first */

static struct wish {
	bool used;
	struct reference ref;
	int layout_fd; /* -1: from the registry */
	bool archive;
	char label[256], pick[REFERENCE_TEXT_CAP];
	char key[VERIFY_PATH_CAP]; /* that a manifest asks for, "" = none */
	uint64_t number;	   /* order */
} wishes[CONFIG_MAX_PULLS];

static uint64_t last_number;
static struct wish *current; /* of the job */

static void start_next(struct loop_timer *t);
static struct loop_timer start_timer;

static void soon(void)
{
	loop_timer_fini(&start_timer);
	loop_timer_init(&start_timer, &engine.loop, start_next, NULL);
	loop_timer_set(&start_timer, 0);
}

static bool waits_for(const struct client *c, const struct reference *ref)
{
	return c->wait == CLIENT_PULL && reference_same(&c->image, ref);
}

static void progress(void *data, const char *what, const char *text, uint64_t done, uint64_t total)
{
	(void)data;
	for (struct client *c = NULL; (c = client_each(c));)
		if (waits_for(c, &current->ref) && !(c->flags & CTL_F_QUIET))
			client_progress(c, what, text, done, total);
	desired_image_progress(&current->ref, what, text, done, total);
}

static void tell_client(struct client *c, const struct pull_result *result, const struct err *e)
{
	char text[DIGEST_TEXT_CAP];

	if (c->verb == CTL_RUN) {
		run_image_arrived(c, e);
		return;
	}
	if (e) {
		client_error(c, 1, "%s", e->msg);
		return;
	}
	client_pair(c, "digest", "%s", digest_text(text, &result->manifest));
	client_pair(c, "image", "%s", digest_text(text, &result->image_id));
	client_pair(c, "memory_bound", "%s", result->in_cgroup ? "cgroup" : "address space");
	client_pair(c, "layers", "%u", result->layers);
	client_pair(c, "layers_fetched", "%u", result->layers_fetched);
	client_pair(c, "fetched_bytes", "%llu", (unsigned long long)result->fetched_bytes);
	client_pair(c, "kept_bytes", "%llu", (unsigned long long)result->kept_bytes);
	client_pair(c, "unpacked_bytes", "%llu", (unsigned long long)result->unpacked_bytes);
	client_pair(c, "peak_memory_bytes", "%llu", (unsigned long long)result->peak_bytes);
	if (result->rate_limit) {
		client_pair(c, "rate_limit", "%u", result->rate_limit);
		client_pair(c, "rate_remaining", "%u", result->rate_remaining);
		client_pair(c, "rate_window_s", "%u", result->rate_window_s);
	}
	client_done(c);
}

/* What nobody needs goes. @age_s: younger layers and partial files stay, for a pull that is tried again */
static void collect(int64_t age_s)
{
	struct err e = {0};
	uint64_t freed = 0;

	if (images_collect(age_s, age_s, &freed, &e) < 0)
		event_err("gc-failed", &e, "%s", "");
	else if (freed)
		event("gc", "freed=%llu", (unsigned long long)freed);
}

static bool make_room(bool begin)
{
	if (begin)
		collect(0);
	return sweep_busy();
}

static void at_boot(struct loop_timer *t)
{
	loop_timer_fini(t);
	collect(STORE_AGE_S);
}

void images_start(void)
{
	static struct loop_timer timer;

	loop_timer_init(&timer, &engine.loop, at_boot, NULL);
	loop_timer_set(&timer, BOOT_GC_MS);
}

static void done(void *data, const struct pull_result *result, const struct err *e)
{
	struct reference ref = current->ref;
	char name[REFERENCE_TEXT_CAP], quoted[EVENT_TEXT_CAP];

	(void)data;
	reference_short(name, &ref);
	sys_close(take_fd(&current->layout_fd));
	current->used = false;
	current = NULL;
	if (e)
		event_err("pull-failed", e, "image=%s", event_text(quoted, name));
	else
		event("pull-done", "image=%s layers=%u fetched=%llu", event_text(quoted, name),
		      result->layers, (unsigned long long)result->fetched_bytes);
	for (struct client *c = NULL; (c = client_each(c));)
		if (waits_for(c, &ref))
			tell_client(c, result, e);
	desired_image_arrived(&ref, result, e);
	fsck_image_arrived(&ref, e);
	if (e)
		collect(e->code == -ENOSPC ? 0 : STORE_AGE_S);
	soon();
}

/* Ctrl-C of one who waits is not the end for others; of the last one it is, and what has come is kept. */
static void forget_unwanted(void)
{
	for (struct wish *w = wishes; w < wishes + CONFIG_MAX_PULLS; w++) {
		bool wanted = w->used && (desired_waits_for(&w->ref) || fsck_waits_for(&w->ref));

		for (struct client *c = NULL; !wanted && (c = client_each(c));)
			wanted = w->used && waits_for(c, &w->ref);
		if (!w->used || wanted)
			continue;
		if (w == current) {
			pull_cancel();
			continue;
		}
		sys_close(take_fd(&w->layout_fd));
		w->used = false;
	}
}

void image_client_gone(void)
{
	soon();
}

static struct wish *oldest(void)
{
	struct wish *first = NULL;

	for (struct wish *w = wishes; w < wishes + CONFIG_MAX_PULLS; w++)
		if (w->used && (!first || w->number < first->number))
			first = w;
	return first;
}

static void start_next(struct loop_timer *t)
{
	static const struct pull_callbacks callbacks = {.progress = progress, .done = done};
	struct pull_env env = {.loop = &engine.loop,
			       .store = &engine.store,
			       .config_path = engine.config,
			       .make_room = make_room,
			       .cgroup_parent = engine.cgroup_parent};
	static struct policy_keys keys;
	struct err e = {0};
	struct wish *w;
	int r;

	(void)t;
	forget_unwanted();
	w = oldest();
	if (!w || pull_active())
		return;
	current = w;
	r = policy_find(&w->ref, w->key, &keys, &e);
	if (r == 0 && w->layout_fd >= 0)
		r = pull_start_layout(&env, w->layout_fd, w->archive, w->label,
				      w->pick[0] ? w->pick : NULL, &w->ref, &keys, &callbacks, &e);
	else if (r == 0)
		r = pull_start(&env, &w->ref, &keys, &callbacks, &e);
	if (r < 0)
		done(NULL, NULL, &e);
}

bool image_is_for(const struct digest *manifest, const char *platform, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	struct image_platform want = image_host_platform();
	char mem[IMAGE_PLATFORM_CAP];
	struct store_image img;

	(void)mark;
	return (str_empty(platform) || image_platform_parse(platform, mem, &want, e) == 0) &&
	       store_image_get(&engine.store, manifest, &engine.scratch, &img, e) == 0 &&
	       image_check_config(&img.manifest, &img.config, &want, e) == 0;
}

bool image_waiting(const struct reference *ref)
{
	for (struct wish *w = wishes; w < wishes + CONFIG_MAX_PULLS; w++)
		if (w->used && reference_same(&w->ref, ref))
			return true;
	return false;
}

static int add(const struct reference *ref, int layout_fd, const char *label,
	       struct wish **ret_wish, struct err *e)
{
	struct wish *w = wishes;

	while (w < wishes + CONFIG_MAX_PULLS && w->used)
		w++;
	if (w == wishes + CONFIG_MAX_PULLS)
		return err_text(e, -ENOSPC,
				"%d images are waiting to be pulled already (CONFIG_MAX_PULLS)",
				CONFIG_MAX_PULLS);
	*w = (struct wish){
		.used = true, .ref = *ref, .layout_fd = layout_fd, .number = ++last_number};
	str_printf(w->label, sizeof(w->label), "%.250s", label);
	soon();
	*ret_wish = w;
	return 0;
}

int image_want(const struct reference *ref, const char *key, struct err *e)
{
	struct wish *w;
	int r;

	for (w = wishes; w < wishes + CONFIG_MAX_PULLS; w++)
		if (w->used && reference_same(&w->ref, ref) &&
		    (str_empty(key) || str_eq(w->key, key)))
			return 0;
	r = add(ref, -1, "", &w, e);
	if (r == 0)
		str_copy(w->key, sizeof(w->key), key ? key : "");
	return r;
}

int image_load(int layout_fd, const char *label, const char *pick, const struct reference *ref,
	       struct err *e)
{
	struct wish *w;
	struct stat st;
	int fd, r;

	if (image_waiting(ref))
		return err_text(e, -EBUSY, "an image of this name is being pulled");
	fd = sys_dup(layout_fd, 0);
	if (fd < 0)
		return err_set(e, fd, "%s", label);
	r = sys_stat(fd, &st);
	if (r < 0)
		err_set(e, r, "%s", label);
	else
		r = add(ref, fd, label, &w, e);
	if (r < 0) {
		sys_close(fd);
		return r;
	}
	w->archive = !S_ISDIR(st.st_mode);
	if (pick)
		str_printf(w->pick, sizeof(w->pick), "%.700s", pick);
	return 0;
}
