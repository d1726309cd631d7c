/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsck: is every object whole, and does every object that another one names exist? It only reports:
 * what to do about a finding (pull again, remove) needs the engine (engine/fsck.c), as does the content of
 * layers (store_layer_check(), the pack role), which takes long.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "file/durable.h"
#include "store/container.h"
#include "store/generation.h"
#include "store/image.h"
#include "store/layer.h"
#include "store/stage.h"
#include "sys/fd.h"

struct fsck {
	const struct store *s;
	store_report_fn *report;
	void *data;
	enum layout_dir dir;
	const char *name; /* of the object that is looked at */
	int n;
};

static uint8_t image_mem[CONFIG_STORE_MODEL_KIB * 1024 * 2];

static void finding(struct fsck *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void finding(struct fsck *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	f->n++;
	f->report(f->dir, f->name, text, f->data);
}

static int check_partial(const char *name, void *data)
{
	struct digest d;

	if (layout_digest(name, &d) < 0)
		finding(data, "partial/%s: not a blob's name", name);
	return 0;
}

static int check_layer(const char *name, void *data)
{
	char path[LAYOUT_PATH_CAP];
	struct fsck *f = data;
	struct err e = {0};
	struct digest d;
	uint64_t bytes;

	if (layout_digest(name, &d) < 0) {
		finding(f, "layers/%s: not a layer's name", name);
		return 0;
	}
	if (!store_is_dir(f->s, layout_object(path, LAYOUT_LAYERS, &d, "fs")))
		finding(f, "%s is missing", path);
	if (store_layer_bytes(f->s, &d, &bytes, &e) < 0)
		finding(f, "%s", e.msg);
	return 0;
}

static void check_raw(struct fsck *f, const struct digest *manifest, const char *which,
		      const struct digest *want)
{
	char path[LAYOUT_PATH_CAP];
	struct err e = {0};
	struct digest d;

	layout_object(path, LAYOUT_IMAGES, manifest, which);
	if (image_file_digest(f->s, manifest, which, &d, &e) < 0)
		finding(f, "%s", e.msg);
	else if (!digest_eq(&d, want))
		finding(f, "%s does not have its digest", path);
}

static int check_image(const char *name, void *data)
{
	char text[DIGEST_TEXT_CAP];
	struct store_image img;
	struct fsck *f = data;
	struct err e = {0};
	struct arena arena;
	struct digest d;

	if (layout_digest(name, &d) < 0) {
		finding(f, "images/%s: not an image's name", name);
		return 0;
	}
	check_raw(f, &d, "manifest", &d);
	arena_init(&arena, image_mem, sizeof(image_mem));
	if (store_image_get(f->s, &d, &arena, &img, &e) < 0) {
		finding(f, "%s", e.msg);
		return 0;
	}
	check_raw(f, &d, "config", &img.config.digest);
	for (size_t i = 0; i < img.config.n_diff_ids; i++) {
		if (!store_layer_exists(f->s, &img.layers[i]))
			finding(f, "images/%s: layer %s is missing", name,
				digest_text(text, &img.config.diff_ids[i]));
	}
	return 0;
}

static int check_ref_name(const char *name, void *data)
{
	char path[LAYOUT_PATH_CAP];
	struct fsck *f = data;
	struct digest manifest;
	struct reference ref;
	struct err e = {0};

	if (layout_ref_parse(name, &ref) < 0) {
		finding(f, "refs/%s: not a reference's name", name);
		return 0;
	}
	if (store_ref_get(f->s, &ref, &manifest, &e) < 0)
		finding(f, "%s", e.msg);
	else if (!store_is_dir(f->s, layout_object(path, LAYOUT_IMAGES, &manifest, NULL)))
		finding(f, "refs/%s: %s is missing", name, path);
	return 0;
}

static bool is_file(const struct store *s, const char *path)
{
	struct stat st;

	return sys_statat(s->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static int check_generation(const char *name, void *data)
{
	static const char *const files[] = {"manifest.yaml", "model"};
	char path[LAYOUT_PATH_CAP];
	struct fsck *f = data;
	uint64_t n;

	if (str_eq(name, GENERATION_CURRENT) || str_eq(name, GENERATION_PREVIOUS))
		return 0;
	if (layout_number_parse(name, &n) < 0) {
		finding(f, "generations/%s: not a generation's name", name);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (!is_file(f->s, layout_path(path, LAYOUT_GENERATIONS, name, files[i])))
			finding(f, "%s is missing", path);
	}
	return 0;
}

static void check_link(struct fsck *f, const char *which, int r, uint64_t number,
		       const struct err *e)
{
	char path[LAYOUT_PATH_CAP], name[LAYOUT_NAME_CAP];

	f->dir = LAYOUT_GENERATIONS;
	f->name = which;
	if (r == -ENOENT)
		return; /* none yet */
	if (r < 0)
		finding(f, "%s", e->msg);
	else if (!store_is_dir(f->s, layout_path(path, LAYOUT_GENERATIONS,
						 layout_number(name, number), NULL)))
		finding(f, "generations/%s: %s is missing", which, path);
}

static void check_links(struct fsck *f)
{
	struct err e = {0};
	uint64_t n = 0;
	int r;

	r = store_generation_current(f->s, &n, &e);
	check_link(f, GENERATION_CURRENT, r, n, &e);
	e = (struct err){0};
	r = generation_previous(f->s, &n, &e);
	check_link(f, GENERATION_PREVIOUS, r, n, &e);
}

static int check_volume(const char *name, void *data)
{
	char path[LAYOUT_PATH_CAP];
	struct fsck *f = data;

	if (layout_check_name("volume", name, NULL) < 0)
		finding(f, "volumes/%s: not a volume's name", name);
	else if (!store_is_dir(f->s, layout_path(path, LAYOUT_VOLUMES, name, "_data")))
		finding(f, "%s is missing", path);
	return 0;
}

static int check_container(const char *name, void *data)
{
	char path[LAYOUT_PATH_CAP];
	struct fsck *f = data;

	if (layout_check_name("container", name, NULL) < 0) {
		finding(f, "containers/%s: not a container's ID", name);
		return 0;
	}
	for (size_t i = 0; i < CONTAINER_N_DIRS; i++) {
		if (!store_is_dir(f->s,
				  layout_path(path, LAYOUT_CONTAINERS, name, container_dirs[i])))
			finding(f, "%s is missing", path);
	}
	return 0;
}

struct check {
	struct fsck *f;
	store_each_fn *fn;
};

static int check(const char *name, void *data)
{
	const struct check *c = data;

	c->f->name = name;
	return c->fn(name, c->f);
}

int store_discard(struct store *s, enum layout_dir d, const char *name, struct err *e)
{
	return stage_discard(s, d, name, e);
}

int store_fsck(struct store *s, store_report_fn *report, void *data, struct err *e)
{
	static const struct {
		enum layout_dir dir;
		store_each_fn *check;
	} checks[] = {
		{LAYOUT_LAYERS, check_layer},	 {LAYOUT_IMAGES, check_image},
		{LAYOUT_REFS, check_ref_name},	 {LAYOUT_GENERATIONS, check_generation},
		{LAYOUT_VOLUMES, check_volume},	 {LAYOUT_CONTAINERS, check_container},
		{LAYOUT_PARTIAL, check_partial},
	};
	struct fsck f = {.s = s, .report = report, .data = data};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		struct check c = {&f, checks[i].check};

		f.dir = checks[i].dir;
		r = store_each(s, f.dir, check, &c, e);
		if (r < 0)
			return r;
	}
	check_links(&f);
	return f.n;
}
