/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest on its way to become the wish: parse, find or pull each image, make the generation. One at
 * a time. From `cleat apply` the first failure ends it and nothing has changed. At boot nobody is there
 * to read an error, so what failed is tried again with growing pauses; meanwhile the generation that was
 * current runs, or, before there is one, each service whose image has come.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "engine/desired.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/link.h"
#include "engine/policy.h"
#include "sys/fd.h"
#include "sys/mem.h"

#define BOOT_MANIFEST  "manifest.yaml"
#define PARSE_MS       10000
#define PAUSE_FIRST_MS 5000
#define PAUSE_MAX_MS   300000
#define NONE	       SIZE_MAX

#define APPLY_STATES(X)                                                                            \
	X(IDLE)                                                                                    \
	X(PARSING)                                                                                 \
	X(PULLING)  /* `current` waits for its image */                                            \
	X(PAUSING)  /* boot: some image could not be pulled */                                     \
	X(SETTLING) /* it is the wish; its client waits for the services */

enum apply_state {
#define X(id) APPLY_##id,
	APPLY_STATES(X)
#undef X
};

static struct {
	enum apply_state state;
	bool boot;
	bool partial; /* boot without a generation: services start one by one */
	bool failed;  /* boot: some service was passed over in this round */
	struct client *client;
	uint32_t client_serial;
	char name[256];
	int document_fd;
	struct parse_call call;
	struct loop_io io;
	struct loop_timer timer;
	struct link_watch link;
	int64_t pause_ms;
	size_t current; /* service whose image is being pulled */
	struct reference ref;
	char key[VERIFY_PATH_CAP]; /* that the manifest asks for, "" = none */
} apply = {.document_fd = -1, .current = NONE};

static struct wish candidate;

static void resolve_from(size_t index);

static struct client *client(void)
{
	struct client *c = apply.client;

	return c && c->fd >= 0 && c->serial == apply.client_serial && c->wait == CLIENT_APPLY
		       ? c
		       : NULL;
}

static void end(void)
{
	loop_io_fini(&apply.io);
	loop_timer_fini(&apply.timer);
	link_watch_stop(&apply.link);
	if (apply.state == APPLY_PARSING)
		parse_cancel(&apply.call);
	sys_close(take_fd(&apply.document_fd));
	apply.state = APPLY_IDLE;
	sys_release(&candidate, sizeof(candidate));
}

static void fail(const struct err *e)
{
	struct client *c = client();

	event_err("apply-failed", e, "%s", "");
	end();
	if (c)
		client_error(c, 1, "%s", e->msg);
}

/* The document ------------------------------------------------------------------------------------ */

static int copy(int from_fd, int to_fd, struct sha256 *h, size_t max)
{
	uint8_t chunk[2048];
	size_t total = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = sys_pread(from_fd, chunk, sizeof(chunk), (off_t)total)) > 0) {
		total += (size_t)n;
		if (total > max)
			return -EFBIG;
		sha256_update(h, chunk, (size_t)n);
		r = sys_write_all(to_fd, chunk, (size_t)n);
	}
	return r < 0 ? r : n < 0 ? (int)n : 0;
}

int desired_document(int fd, const char *name, struct digest *ret_digest, struct err *e)
{
	auto_close int copy_fd = -1;
	struct sha256 h;
	struct stat st;
	int r = sys_stat(fd, &st);

	if (r < 0)
		return err_set(e, r, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s is not a regular file", name);
	copy_fd = sys_memfd("manifest", MFD_ALLOW_SEALING);
	if (copy_fd < 0)
		return err_set(e, copy_fd, "memory for %s", name);
	sha256_init(&h);
	r = copy(fd, copy_fd, &h, CONFIG_MANIFEST_KIB * 1024);
	if (r == -EFBIG)
		return err_text(e, r, "%s is larger than CONFIG_MANIFEST_KIB=%d", name,
				CONFIG_MANIFEST_KIB);
	if (r == 0)
		r = sys_seal(copy_fd);
	if (r < 0)
		return err_set(e, r, "copy %s", name);
	sha256_final(&h, ret_digest);
	return take_fd(&copy_fd);
}

static int boot_manifest(struct digest *ret_digest, struct err *e)
{
	auto_close int dir_fd = sys_open(AT_FDCWD, engine.config, O_PATH | O_DIRECTORY, 0);
	auto_close int fd =
		dir_fd < 0 ? dir_fd : sys_open(dir_fd, BOOT_MANIFEST, O_RDONLY | O_NONBLOCK, 0);
	char path[sizeof(engine.config) + 32];

	str_printf(path, sizeof(path), "%s/" BOOT_MANIFEST, engine.config);
	if (fd < 0)
		return err_set(e, fd, "%s", path);
	return desired_document(fd, path, ret_digest, e);
}

/* Images ------------------------------------------------------------------------------------------ */

/* the reference as it is written, and parsed into apply.ref */
static int service_image(size_t index, char *ret_text, size_t cap, struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	const char *key = NULL;
	struct manifest m;
	int r = wish_manifest(&candidate, &m, e);

	(void)mark;
	if (r < 0)
		return r;
	if (str_copy(ret_text, cap, m.services[index].image) < 0)
		return err_text(e, -ENAMETOOLONG,
				"service %s: image reference longer than %zu bytes",
				candidate.services[index].name, cap - 1);
	r = reference_parse(ret_text, &apply.ref, e);
	if (r == 0 && m.services[index].platform)
		r = str_copy(apply.ref.platform, sizeof(apply.ref.platform),
			     m.services[index].platform);
	if (r >= 0)
		r = policy_own(&m.verify, &apply.ref, &key, e);
	str_copy(apply.key, sizeof(apply.key), key ? key : "");
	return r < 0 ? err_wrap(e, "service %s", candidate.services[index].name) : 0;
}

static int use_image(size_t index, const struct digest *image, struct err *e)
{
	int r = wish_set_image(&candidate, index, image, e);

	if (r == 0 && apply.partial) {
		r = wish_set_image(&wish, index, image, e);
		engine_changed();
	}
	return r;
}

/* Return: 1 the image is here; 0 it is being pulled; -errno */
static int resolve(size_t index, struct err *e)
{
	struct wish_service *s = &candidate.services[index];
	char text[REFERENCE_TEXT_CAP];
	struct digest image;
	int r = service_image(index, text, sizeof(text), e);

	if (r < 0)
		return r;
	if (candidate.number) { /* a generation that lost an image wants exactly that one back */
		apply.ref.has_digest = true;
		apply.ref.digest = s->image;
	}
	if ((store_ref_get(&engine.store, &apply.ref, &image, NULL) == 0 ||
	     (!candidate.number && store_find(&engine.store, text, &image, NULL) == 0)) &&
	    image_is_for(&image, apply.ref.platform, NULL)) {
		r = policy_admits(&apply.ref, apply.key, &image, e);
		if (r == 0)
			r = use_image(index, &image, e);
		if (r != -EKEYREJECTED)
			return r < 0 ? r : 1;
		*e = (struct err){0};
	}
	r = image_want(&apply.ref, apply.key, e);
	return r < 0 ? err_wrap(e, "service %s", s->name) : 0;
}

static void pass_over(size_t index, const struct err *e)
{
	struct err why = *e;

	err_wrap(&why, "service %s", candidate.services[index].name);
	if (!apply.boot) {
		fail(&why);
		return;
	}
	event_err("service-waits", &why, "%s", "");
	apply.failed = true;
	resolve_from(index + 1);
}

static void pause_over(struct loop_timer *t)
{
	(void)t;
	link_watch_stop(&apply.link);
	resolve_from(0);
}

static void link_changed(void *data)
{
	loop_timer_fini(&apply.timer);
	pause_over(data);
}

static void activate(void)
{
	auto_unmap struct sys_map yaml = {0};
	struct err e = {0};
	int r = apply.document_fd < 0 ? 0 : sys_map_file(apply.document_fd, &yaml);

	if (r < 0)
		err_set(&e, r, "read %s", apply.name);
	else if (!candidate.number)
		r = wish_put(&candidate, (struct span){yaml.p, yaml.len}, &e);
	if (r < 0) {
		fail(&e);
		return;
	}
	wish_copy(&wish, &candidate);
	for (size_t i = 0; !apply.boot && i < wish.n_services; i++)
		wish.services[i].again = true;
	apply.state = APPLY_SETTLING;
	engine_changed();
	if (!client())
		end();
}

/* Find every image from service @index on; with the last one the manifest becomes the wish. */
static void resolve_from(size_t index)
{
	struct err e = {0};
	int r;

	if (index == 0)
		apply.failed = false;
	apply.state = APPLY_PULLING;
	for (; index < candidate.n_services; index++) {
		if (candidate.services[index].ready)
			continue;
		apply.current = index;
		r = resolve(index, &e);
		if (r == 0)
			return;
		if (r < 0) {
			apply.current = NONE;
			pass_over(index, &e);
			return;
		}
	}
	apply.current = NONE;
	if (!apply.failed) {
		activate();
		return;
	}
	apply.pause_ms = apply.pause_ms ? apply.pause_ms * 2 : PAUSE_FIRST_MS;
	if (apply.pause_ms > PAUSE_MAX_MS)
		apply.pause_ms = PAUSE_MAX_MS;
	apply.state = APPLY_PAUSING;
	loop_timer_init(&apply.timer, &engine.loop, pause_over, NULL);
	loop_timer_set(&apply.timer, apply.pause_ms);
	link_watch_start(&apply.link, &engine.loop, link_changed, NULL);
}

bool desired_waits_for(const struct reference *ref)
{
	return apply.state == APPLY_PULLING && apply.current != NONE &&
	       reference_same(&apply.ref, ref);
}

void desired_image_arrived(const struct reference *ref, const struct pull_result *result,
			   const struct err *e)
{
	size_t index = apply.current;
	struct err why = {0};
	int r;

	if (!desired_waits_for(ref))
		return;
	apply.current = NONE;
	if (e) {
		pass_over(index, e);
		return;
	}
	/* whoever has asked for it may have asked for another signature */
	r = policy_admits(ref, apply.key, &result->manifest, &why);
	if (r == -EKEYREJECTED)
		resolve_from(index);
	else if (r < 0 || use_image(index, &result->manifest, &why) < 0)
		pass_over(index, &why);
	else
		resolve_from(index + 1);
}

void desired_image_progress(const struct reference *ref, const char *what, const char *text,
			    uint64_t done, uint64_t total)
{
	char line[CONTAINER_NAME_CAP + 64];
	struct client *c = client();

	if (!c || c->flags & CTL_F_QUIET || !desired_waits_for(ref))
		return;
	str_printf(line, sizeof(line), "%s %.60s", candidate.services[apply.current].name, what);
	client_progress(c, line, text, done, total);
}

/* Parsing ----------------------------------------------------------------------------------------- */

/* what a manifest can get wrong on this machine is found before anything changes */
static int check_machine(const struct manifest *m, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < m->n_services; i++) {
		const struct manifest_service *s = &m->services[i];

		for (size_t k = 0; k < s->n_mounts; k++)
			if (s->mounts[k].kind == MOUNT_BIND &&
			    sys_statat(AT_FDCWD, s->mounts[k].source, &st, 0) < 0)
				return err_text(e, -ENOENT,
						"service %s: bind mount source %s does not exist "
						"on this machine",
						s->name, s->mounts[k].source);
	}
	return 0;
}

static int take_manifest(struct err *e)
{
	auto_scratch size_t mark = scratch_mark();
	struct manifest m;
	int r = parse_finish_manifest(&apply.call, &engine.scratch, &m, e);

	(void)mark;
	apply.state = APPLY_PULLING;
	if (r == 0 && !apply.boot)
		r = check_machine(&m, e);
	return r < 0 ? r : wish_set(&candidate, &m, e);
}

static void parsed(struct loop_io *io, uint32_t events)
{
	struct err e = {0};

	(void)io;
	(void)events;
	loop_io_fini(&apply.io);
	loop_timer_fini(&apply.timer);
	if (take_manifest(&e) < 0) {
		fail(&e);
		return;
	}
	if (apply.boot && !wish.valid && wish.number == 0) {
		apply.partial = true;
		wish_copy(&wish, &candidate);
		wish.valid = true;
	}
	apply.current = NONE;
	resolve_from(0);
}

static void parse_late(struct loop_timer *t)
{
	struct err e = {0};

	(void)t;
	err_text(&e, -ETIMEDOUT, "reading %s took longer than %d s", apply.name, PARSE_MS / 1000);
	fail(&e);
}

static int begin(int document_fd, const char *name, const struct digest *seen, bool boot,
		 struct err *e)
{
	int r;

	apply.boot = boot;
	apply.partial = apply.failed = false;
	apply.client = NULL;
	apply.pause_ms = 0;
	apply.current = NONE;
	apply.document_fd = document_fd;
	candidate.number = 0;
	candidate.valid = false;
	candidate.seen = *seen;
	str_printf(apply.name, sizeof(apply.name), "%.250s", name);
	r = parse_start(&apply.call, PARSE_MANIFEST, apply.name, NULL, document_fd, -1, NULL, e);
	if (r < 0) {
		end();
		return r;
	}
	apply.state = APPLY_PARSING;
	loop_timer_init(&apply.timer, &engine.loop, parse_late, NULL);
	loop_timer_set(&apply.timer, PARSE_MS);
	r = loop_io_init(&apply.io, &engine.loop, apply.call.proc.peer_fd, EPOLLIN, parsed, NULL);
	if (r < 0) {
		end();
		return err_set(e, r, "watch the parse role");
	}
	return 0;
}

/* Who asks ---------------------------------------------------------------------------------------- */

void apply_boot(void)
{
	struct digest seen = {0};
	struct err e = {0};
	int fd = boot_manifest(&seen, &e);

	if (fd >= 0 && (!wish.valid || !digest_eq(&seen, &wish.seen))) {
		if (begin(fd, BOOT_MANIFEST, &seen, true, &e) < 0)
			event_err("boot-manifest", &e, "%s", "");
		return;
	}
	sys_close(fd);
	if (fd < 0 && fd != -ENOENT)
		event_err("boot-manifest", &e, "%s", "");
	if (wish.valid && !wish_ready(&wish)) {
		wish_copy(&candidate, &wish);
		apply.boot = apply.partial = true;
		apply.client = NULL;
		apply.pause_ms = 0;
		resolve_from(0);
	}
}

void verb_apply(struct client *c, const struct ctl_request *r, struct msg *m)
{
	const char *name = r->name ? r->name : "manifest";
	struct digest digest, boot_digest, seen = wish.seen;
	struct err e = {0};
	int fd, boot_fd;

	if (m->n_fds != 1) {
		client_error(c, 2, "apply: no manifest came with the request");
		return;
	}
	if (apply.state != APPLY_IDLE && !apply.boot) {
		client_error(c, 1, "another manifest is being applied; wait for it");
		return;
	}
	fd = desired_document(m->fds[0], name, &digest, &e);
	if (fd < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	if (apply.state !=
	    APPLY_IDLE) /* what the user says now is worth more than what boot has found */
		end();
	boot_fd = boot_manifest(&boot_digest, NULL);
	if (boot_fd >= 0 && digest_eq(&boot_digest, &digest))
		seen = digest;
	sys_close(boot_fd);
	if (begin(fd, name, &seen, false, &e) < 0) {
		client_error(c, 1, "%s", e.msg);
		return;
	}
	apply.client = c;
	apply.client_serial = c->serial;
	client_watch(c, CLIENT_APPLY, NULL);
}

void apply_settled(void)
{
	char text[256], line[CONTAINER_NAME_CAP + 300];
	struct client *c = client();
	size_t n_failed = 0;

	if (apply.state != APPLY_SETTLING)
		return;
	for (size_t i = 0; c && i < wish.n_services; i++) {
		const struct container *k = container_by_service(wish.services[i].name);

		wish_service_error(i, text, sizeof(text));
		n_failed += text[0] != '\0';
		str_printf(line, sizeof(line), "%s: %s\n", wish.services[i].name,
			   text[0] ? text
			   : k	   ? container_state_name(k)
				   : "?");
		client_text(c, line);
	}
	end();
	if (!c)
		return;
	if (n_failed)
		client_error(c, 1, "generation %llu is current, but %zu of %zu services do not run",
			     (unsigned long long)wish.number, n_failed, wish.n_services);
	else
		client_done(c);
}

void apply_client_gone(const struct client *c)
{
	if (apply.client == c && apply.client_serial == c->serial)
		apply.client = NULL;
	if (apply.state == APPLY_SETTLING && !client())
		end();
}

size_t apply_images(struct digest *dst, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; apply.state != APPLY_IDLE && i < candidate.n_services && n < cap; i++)
		if (candidate.services[i].ready)
			dst[n++] = candidate.services[i].image;
	return n;
}
