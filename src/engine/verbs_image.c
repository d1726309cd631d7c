/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about images. They work in a one-shot engine too: nothing here needs a container to run. */
#include <errno.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/plan.h"
#include "engine/server.h"
#include "engine/volume.h"
#include "sys/fd.h"

/* containers; the manifest under way, current and previous generation */
#define MAX_KEEP (CONFIG_MAX_CONTAINERS + 3 * PLAN_MAX + 1)

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
	if (image_want(&c->image, NULL, &e) < 0)
		client_error(c, 1, "%s", e.msg);
}

void verb_load(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct err e = {0};

	if (m->n_fds != 1 || r->n_args < 1 || r->n_args > 2) {
		client_error(
			c, 1,
			"load needs an archive or an image layout directory, and the name that the image shall get: -t NAME");
		return;
	}
	if (reference_parse(r->args[0], &c->image, &e) < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	client_watch(c, CLIENT_PULL, NULL);
	if (image_load(m->fds[0], r->name ? r->name : "archive", r->n_args > 1 ? r->args[1] : NULL,
		       &c->image, &e) < 0)
		client_error(c, 1, "%s", e.msg);
}

/* Listing ----------------------------------------------------------------------------------------- */

struct listing {
	struct client *c;
	bool filtered, tagged; /* only this repository, and tag */
	struct reference wanted;
};

static void list_row(struct listing *l, const char *repository, const char *tag,
		     const struct digest *manifest)
{
	auto_scratch size_t mark = scratch_mark();
	struct ctl_reply row = {.type = CTL_IMAGE};
	struct store_image img;

	(void)mark;
	if (store_image_get(&engine.store, manifest, &engine.scratch, &img, NULL) < 0)
		return; /* fsck tells */
	row.image = (struct ctl_image){
		.repository = (char *)(uintptr_t)repository,
		.tag = (char *)(uintptr_t)tag,
		.digest = *manifest,
		.id = img.config.digest,
		.created = img.config.created,
		.bytes = store_image_bytes(&engine.store, &img),
	};
	client_send(l->c, &row);
}

static bool listed(const struct listing *l, const struct reference *ref)
{
	return !l->filtered ||
	       (str_eq(l->wanted.host, ref->host) && str_eq(l->wanted.repo, ref->repo) &&
		(!l->tagged || str_eq(l->wanted.tag, ref->tag)));
}

static int list_name(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		     void *data)
{
	struct listing *l = data;
	char text[REFERENCE_TEXT_CAP];
	struct reference bare = *ref;

	(void)set_s;
	bare.tag[0] = '\0';
	bare.has_digest = false;
	if (listed(l, ref))
		list_row(l, reference_short(text, &bare), ref->tag[0] ? ref->tag : NULL, manifest);
	return 0;
}

struct naming {
	const struct digest *image;
	size_t n;
	struct reference first;
};

static int count_name(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		      void *data)
{
	struct naming *names = data;

	(void)set_s;
	if (digest_eq(manifest, names->image) && names->n++ == 0)
		names->first = *ref;
	return 0;
}

/* Return: how many names it has, the first in @ret_first; -errno */
static int names_of(const struct digest *image, struct reference *ret_first, struct err *e)
{
	struct naming names = {.image = image};
	int r = store_ref_each(&engine.store, count_name, &names, e);

	if (r < 0)
		return r;
	*ret_first = names.first;
	return (int)names.n;
}

/* what a container or a generation needs, or the next collection takes */
static int list_nameless(const struct digest *manifest, void *data)
{
	struct reference first;

	if (names_of(manifest, &first, NULL) == 0)
		list_row(data, "<none>", NULL, manifest);
	return 0;
}

void verb_images(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct listing l = {.c = c, .filtered = r->name};
	struct err e = {0};
	int code = 0;

	(void)m;
	if (r->name) {
		const char *slash = strrchr(r->name, '/');

		code = reference_parse(r->name, &l.wanted, &e);
		l.tagged = strchr(slash ? slash : r->name, ':');
	}
	if (code == 0)
		code = store_ref_each(&engine.store, list_name, &l, &e);
	if (code == 0 && !r->name)
		code = store_image_each(&engine.store, list_nameless, &l, &e);
	if (code < 0)
		client_error(c, 1, "%s", e.msg);
	else
		client_done(c);
}

/* Names and garbage ------------------------------------------------------------------------------- */

int images_needed(struct store_keep *ret_keep, struct err *e)
{
	static struct digest images[MAX_KEEP];
	size_t n = 0;
	int r;

	for (struct container *k = NULL; (k = container_each(k));)
		images[n++] = k->image;
	if (push_image())
		images[n++] = *push_image();
	r = desired_images(images + n, MAX_KEEP - n, e);
	*ret_keep = (struct store_keep){.images = images, .n_images = n + (size_t)(r < 0 ? 0 : r)};
	ret_keep->n_layers = pull_layers(&ret_keep->layers);
	return r < 0 ? err_wrap(e, "nothing is removed: it is not known what is needed") : 0;
}

int images_collect(int64_t layer_age_s, int64_t partial_age_s, uint64_t *ret_freed_bytes,
		   struct err *e)
{
	struct store_keep keep;
	int r = images_needed(&keep, e);

	keep.layer_age_s = layer_age_s;
	keep.partial_age_s = partial_age_s;
	if (r == 0)
		r = store_gc(&engine.store, &keep, ret_freed_bytes, e);
	engine_changed(); /* sweeps */
	return r;
}

static int collect(struct client *c, int64_t partial_age_s, struct err *e)
{
	uint64_t freed = 0;
	int r = images_collect(0, partial_age_s, &freed, e);

	if (r == 0)
		client_pair(c, "freed", "%llu", (unsigned long long)freed);
	return r;
}

static struct container *user_of(const struct digest *image)
{
	for (struct container *k = NULL; (k = container_each(k));)
		if (digest_eq(&k->image, image))
			return k;
	return NULL;
}

static int untag(struct client *c, const struct reference *ref, struct err *e)
{
	char text[REFERENCE_TEXT_CAP + 16], name[REFERENCE_TEXT_CAP];
	int r = store_ref_delete(&engine.store, ref, e);

	str_printf(text, sizeof(text), "Untagged: %s", reference_short(name, ref));
	if (r == 0)
		client_text(c, text);
	return r;
}

/* all its names, as by ID and -f */
static int untag_all(struct client *c, const struct digest *image, struct err *e)
{
	struct reference ref;
	int r;

	while ((r = names_of(image, &ref, e)) > 0) {
		r = untag(c, &ref, e);
		if (r < 0)
			return r;
	}
	return r;
}

/* a container holds on to an image by its content: only the last name is worth a question */
static bool may_remove(struct client *c, const struct ctl_request *r, const struct digest *image,
		       bool by_name)
{
	struct reference first;
	int n = names_of(image, &first, NULL);
	struct container *k = user_of(image);

	if (r->flags & CTL_F_FORCE)
		return true;
	if (!by_name && n > 1)
		client_error(
			c, 1,
			"image %s has %d names: name the one to take away, or: cleat rmi -f %s",
			r->name, n, r->name);
	else if (k && n <= 1)
		client_error(
			c, 1,
			"image %s is used by container %s: remove that first, or: cleat rmi -f (takes the "
			"name away, the image stays as long as it is used)",
			r->name, k->name);
	else
		return true;
	return false;
}

void verb_rmi(struct client *c, const struct ctl_request *r, struct msg *m)
{
	char text[DIGEST_TEXT_CAP], line[DIGEST_TEXT_CAP + 16];
	struct reference ref;
	struct digest image;
	struct err e = {0};
	bool by_name;
	int code;

	(void)m;
	by_name = r->name && reference_parse(r->name, &ref, NULL) == 0 &&
		  store_ref_get(&engine.store, &ref, &image, NULL) == 0;
	if (!by_name && store_find(&engine.store, r->name ? r->name : "", &image, &e) < 0) {
		client_error(c, 1, "%s; see: cleat images", e.msg);
		return;
	}
	if (!may_remove(c, r, &image, by_name))
		return;
	code = by_name ? untag(c, &ref, &e) : untag_all(c, &image, &e);
	if (code == 0)
		code = collect(c, STORE_AGE_S, &e);
	if (code < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	str_printf(line, sizeof(line), "Deleted: %s", digest_text(text, &image));
	if (!store_image_exists(&engine.store, &image))
		client_text(c, line);
	client_done(c);
}

void verb_tag(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct reference ref;
	struct digest image;
	struct err e = {0};

	(void)m;
	if (!r->name || r->n_args != 1)
		err_text(&e, -EINVAL, "which image, and which name?");
	else if (store_find(&engine.store, r->name, &image, &e) == 0 &&
		 reference_parse(r->args[0], &ref, &e) == 0) {
		if (ref.has_digest)
			err_text(&e, -EINVAL, "%s: a new name has no digest", r->args[0]);
		else
			store_ref_set(&engine.store, &ref, &image, &e);
	}
	if (e.code)
		client_error(c, 1, "%s", e.msg);
	else
		client_done(c);
}

/* Prune ------------------------------------------------------------------------------------------- */

/* those of the manifest are its own affair, whether they run or have done their work */
static void prune_containers(struct client *c)
{
	char text[CONTAINER_NAME_CAP + 16];

	for (struct container *k = NULL; (k = container_each(k));) {
		if (k->service[0] ||
		    (k->state != CONTAINER_EXITED && k->state != CONTAINER_CREATED))
			continue;
		str_printf(text, sizeof(text), "Deleted: %s", k->name);
		container_remove(k);
		client_text(c, text);
	}
}

struct prune {
	struct client *c;
	struct store_keep keep;
	char volume[VOLUME_NAME_CAP];
	struct reference ref;
};

/* "anon-...": nobody has given them a name. Return: 1 one was found */
static int unused_volume(const char *name, void *data)
{
	struct prune *p = data;

	return str_starts(name, "anon-") && !volume_used(name) &&
	       str_copy(p->volume, sizeof(p->volume), name) > 0;
}

static int prune_volumes(struct prune *p, struct err *e)
{
	char text[VOLUME_NAME_CAP + 16];
	int r;

	while ((r = store_volume_each(&engine.store, unused_volume, p, e)) > 0) {
		r = store_volume_remove(&engine.store, p->volume, e);
		if (r < 0)
			return r;
		str_printf(text, sizeof(text), "Deleted: %s", p->volume);
		client_text(p->c, text);
	}
	return r;
}

static int unused_name(const struct reference *ref, const struct digest *manifest, int64_t set_s,
		       void *data)
{
	struct prune *p = data;

	(void)set_s;
	for (size_t i = 0; i < p->keep.n_images; i++)
		if (digest_eq(&p->keep.images[i], manifest))
			return 0;
	p->ref = *ref;
	return 1;
}

static int prune_names(struct prune *p, struct err *e)
{
	int r;

	r = images_needed(&p->keep, e);
	while (r == 0 && (r = store_ref_each(&engine.store, unused_name, p, e)) > 0) {
		r = untag(p->c, &p->ref, e);
		if (r < 0)
			return r;
	}
	return r;
}

void verb_prune(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct prune p = {.c = c};
	struct err e = {0};
	int code = 0;

	(void)m;
	if (r->flags & CTL_F_CONTAINERS)
		prune_containers(c);
	if (r->flags & CTL_F_VOLUMES)
		code = prune_volumes(&p, &e);
	if (code == 0 && (r->flags & CTL_F_IMAGES) && (r->flags & CTL_F_ALL))
		code = prune_names(&p, &e);
	if (code == 0 && (r->flags & CTL_F_IMAGES))
		code = collect(c, 0, &e);
	engine_changed(); /* sweeps */
	if (code < 0)
		client_error(c, 1, "%s", e.msg);
	else
		client_done(c);
}
