/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about images. They work in a one-shot engine too: nothing here needs a container to run. */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/plan.h"
#include "engine/server.h"
#include "sys/fd.h"

/* containers; the manifest under way, current and previous generation */
#define MAX_KEEP (CONFIG_MAX_CONTAINERS + 3 * PLAN_MAX)

static bool named_image(struct client *c, const struct ctl_request *r, struct reference *ret_ref)
{
	struct err e = {0};

	if (!r->name || reference_parse(r->name, ret_ref, &e) < 0) {
		client_error(c, 1, "%s", r->name ? e.msg : "which image?");
		return false;
	}
	return true;
}

void verb_pull(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	(void)m;
	if (!named_image(c, r, &c->image))
		return;
	if (r->n_args && str_copy(c->image.platform, sizeof(c->image.platform), r->args[0]) < 0) {
		client_error(c, 1, "\"%.64s\" is no platform", r->args[0]);
		return;
	}
	client_watch(c, CLIENT_PULL, NULL);
	if (image_want(&c->image, &e) < 0)
		client_error(c, 1, "%s", e.msg);
}

void verb_load(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	if (m->n_fds != 1 || r->n_args != 1) {
		client_error(
			c, 1,
			"load needs an image layout directory and the name that the image shall get");
		return;
	}
	if (reference_parse(r->args[0], &c->image, &e) < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	client_watch(c, CLIENT_PULL, NULL);
	if (image_load(m->fds[0], r->name ? r->name : "image layout", &c->image, &e) < 0)
		client_error(c, 1, "%s", e.msg);
}

struct listing {
	struct client *c;
	const struct ctl_request *r;
};

static int list_one(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		    void *data)
{
	auto_scratch size_t mark = scratch_mark();
	struct listing *l = data;
	char text[REFERENCE_TEXT_CAP];
	struct reference bare = *ref;
	struct store_image img;
	struct ctl_reply row = {.type = CTL_IMAGE};

	(void)mark;
	(void)set_s;
	if (store_image_get(&engine.store, manifest, &engine.scratch, &img, NULL) < 0)
		return 0; /* fsck tells */
	bare.tag[0] = '\0';
	bare.has_digest = false;
	reference_short(text, &bare);
	if (l->r->name && !str_eq(l->r->name, text))
		return 0;
	row.image = (struct ctl_image){
		.repository = text,
		.tag = ref->tag[0] ? (char *)(uintptr_t)ref->tag : NULL,
		.digest = *manifest,
		.id = img.config.digest,
		.created = img.config.created,
		.bytes = store_image_bytes(&engine.store, &img),
	};
	client_send(l->c, &row);
	return 0;
}

void verb_images(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct listing l = {.c = c, .r = r};
	struct err e = {0};

	(void)m;
	if (store_ref_each(&engine.store, list_one, &l, &e) < 0)
		client_error(c, 1, "%s", e.msg);
	else
		client_done(c);
}

static struct container *user_of(const struct digest *image)
{
	for (struct container *k = NULL; (k = container_each(k));)
		if (digest_eq(&k->image, image))
			return k;
	return NULL;
}

struct naming {
	const struct digest *image;
	size_t n;
};

static int count_name(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		      void *data)
{
	struct naming *names = data;

	(void)ref;
	(void)set_s;
	names->n += digest_eq(manifest, names->image);
	return 0;
}

/* a container holds on to an image by its content: only the last name is worth a question */
static bool last_name(const struct digest *image)
{
	struct naming names = {.image = image};

	return store_ref_each(&engine.store, count_name, &names, NULL) < 0 || names.n <= 1;
}

void verb_rmi(struct client *c, const struct ctl_request *r, struct msg *m)
{
	static struct digest keep[MAX_KEEP];
	struct digest image;
	char text[REFERENCE_TEXT_CAP + 64];
	struct reference ref;
	uint64_t freed = 0;
	size_t n = 0;
	struct container *k;
	struct err e = {0};

	(void)m;
	if (!named_image(c, r, &ref))
		return;
	if (store_ref_get(&engine.store, &ref, &image, &e) < 0) {
		client_error(c, 1, "no image \"%s\"; see: cleat images", r->name);
		return;
	}
	if (pull_active()) { /* its layers belong to no image yet and would go */
		client_error(c, 1, "an image is being pulled; remove %s when that is done",
			     r->name);
		return;
	}
	k = user_of(&image);
	if (k && !(r->flags & CTL_F_FORCE) && last_name(&image)) {
		client_error(
			c, 1,
			"image %s is used by container %s: remove that first, or: cleat rmi -f (takes the "
			"name away, the image stays as long as it is used)",
			r->name, k->name);
		return;
	}
	for (k = NULL; (k = container_each(k));)
		keep[n++] = k->image;
	n += desired_images(keep + n, MAX_KEEP - n);
	if (store_ref_delete(&engine.store, &ref, &e) < 0 ||
	    store_gc(&engine.store, keep, n, &freed, &e) < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	str_printf(text, sizeof(text), "Untagged: %s", r->name);
	client_text(c, text);
	str_printf(text, sizeof(text), "Freed: %llu bytes", (unsigned long long)freed);
	client_text(c, text);
	client_done(c);
}
