/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about containers: run and what happens to them afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/engine.h"
#include "engine/event.h"
#include "engine/policy.h"
#include "engine/server.h"
#include "store/layout.h"
#include "sys/fd.h"

#define EXIT_ENGINE 125 /* Docker's: the container was not even created */

static struct container *named(struct client *c, const struct ctl_request *r)
{
	struct err e = {0};
	struct container *k;

	if (!r->name) {
		client_error(c, 1, "which container? see: cleat ps");
		return NULL;
	}
	k = container_find(r->name, &e);
	if (!k)
		client_error(c, 1, "%s", e.msg);
	return k;
}

static void take_stdio(int dst[3], const struct ctl_request *r, struct msg *m)
{
	static const uint32_t bits[3] = {CTL_STDIN, CTL_STDOUT, CTL_STDERR};
	size_t n = 0;

	for (size_t i = 0; i < 3; i++)
		if ((r->stdio & bits[i]) && n < m->n_fds)
			dst[i] = take_fd(&m->fds[n++]);
}

static void give_stdio(struct container *k, int fds[3], bool with_stdin)
{
	static uint32_t last_attach;

	for (size_t i = 0; i < 3; i++)
		k->attach_fds[i] = take_fd(&fds[i]);
	k->attach_stdin = with_stdin;
	k->attach_client = ++last_attach;
}

/* run ------------------------------------------------------------------------------------------- */

static void run_hash(const struct client *c, struct digest *ret_hash)
{
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, c->service, c->service_len);
	sha256_final(&h, ret_hash);
}

static void run_create(struct client *c, const struct digest *image)
{
	auto_scratch size_t mark = scratch_mark();
	struct manifest_service s;
	struct container *k = NULL;
	uint32_t flags = c->flags;
	struct err e = {0};
	struct digest hash;
	struct dec d;

	(void)mark;
	dec_init(&d, c->service, c->service_len, &engine.scratch);
	manifest_service_decode(&d, &s);
	if (dec_done(&d) < 0) {
		client_error(c, EXIT_ENGINE, "the description of the container is malformed");
		return;
	}
	s.stdin_open |= (flags & CTL_F_STDIN) != 0;
	s.tty |= (flags & CTL_F_TTY) != 0;
	run_hash(c, &hash);
	if (container_new(&s, c->name[0] ? c->name : NULL, NULL, image, &hash, flags & CTL_F_RM, &k,
			  &e) < 0) {
		client_error(c, EXIT_ENGINE, "%s", e.msg);
		return;
	}
	if (flags & CTL_F_CREATE) {
		client_started(c, k);
		client_done(c);
		return;
	}
	if (!(flags & CTL_F_DETACH))
		give_stdio(k, c->fds, flags & CTL_F_STDIN);
	client_watch(c, flags & CTL_F_DETACH ? CLIENT_START : CLIENT_RUN, k);
	container_start(k, &e); /* a failure reaches the client by client_container_failed() */
}

void run_image_arrived(struct client *c, const struct err *e)
{
	struct digest image;
	struct err why = {0};

	if (e || store_ref_get(&engine.store, &c->image, &image, &why) < 0 ||
	    policy_admits(&c->image, NULL, &image, &why) < 0) {
		client_error(c, EXIT_ENGINE, "%s", e ? e->msg : why.msg);
		return;
	}
	run_create(c, &image);
}

/* By its ID an image has no name: only a rule for all images is about it. Return: as policy_admits() */
static int run_admits(const char *image, const struct digest *found, bool *ret_named, struct err *e)
{
	struct reference ref;
	struct digest same;

	*ret_named = reference_parse(image, &ref, NULL) == 0 &&
		     store_ref_get(&engine.store, &ref, &same, NULL) == 0;
	if (!*ret_named)
		ref = (struct reference){0};
	return policy_admits(&ref, NULL, found, e);
}

/* Return: 1 the image is here; 0 c->image is to be pulled; -errno */
static int run_find(struct client *c, const char *image, struct digest *ret_image, struct err *e)
{
	char platform[REFERENCE_PLATFORM_CAP];
	bool named;
	int r;

	str_copy(platform, sizeof(platform), c->image.platform);
	if (store_find(&engine.store, image, ret_image, NULL) == 0) {
		r = run_admits(image, ret_image, &named, e);
		if (r == 0 && image_is_for(ret_image, platform, e))
			return 1;
		/* another platform's is behind the name, or one that was not checked; an ID has only the one */
		if (c->flags & CTL_F_NO_PULL || !named || (r < 0 && r != -EKEYREJECTED))
			return err_wrap(e, "image %s", image);
		*e = (struct err){0};
	}
	r = reference_parse(image, &c->image, e);
	str_copy(c->image.platform, sizeof(c->image.platform), platform);
	return r;
}

static int run_prepare(struct client *c, const struct ctl_request *r, struct msg *m,
		       struct digest *ret_image, struct err *e)
{
	struct manifest_service s;
	struct dec d;

	if (r->service.len > sizeof(c->service))
		return err_text(e, -E2BIG,
				"the description of the container is longer than %d KiB "
				"(CONFIG_CLIENT_SERVICE_KIB)",
				CONFIG_CLIENT_SERVICE_KIB);
	memcpy(c->service, r->service.p, r->service.len);
	c->service_len = r->service.len;
	dec_init(&d, c->service, c->service_len, &engine.scratch);
	manifest_service_decode(&d, &s);
	if (dec_done(&d) < 0 || str_empty(s.image))
		return err_text(e, -EBADMSG, "the description of the container is malformed");
	if (str_copy(c->name, sizeof(c->name), s.name ? s.name : "") < 0)
		return err_text(e, -ENAMETOOLONG,
				"the container's name is longer than %d characters",
				CONTAINER_NAME_CAP - 1);
	take_stdio(c->fds, r, m);
	if (str_copy(c->image.platform, sizeof(c->image.platform), s.platform ? s.platform : "") <
	    0)
		return err_text(e, -ENAMETOOLONG, "\"%.64s\" is no platform", s.platform);
	return run_find(c, s.image, ret_image, e);
}

void verb_run(struct client *c, const struct ctl_request *r, struct msg *m)
{
	char text[REFERENCE_TEXT_CAP];
	struct digest image;
	struct err e = {0};
	int found = run_prepare(c, r, m, &image, &e);

	if (found < 0) {
		client_error(c, EXIT_ENGINE, "%s", e.msg);
		return;
	}
	if (found) {
		run_create(c, &image);
		return;
	}
	if (c->flags & CTL_F_NO_PULL) {
		client_error(c, EXIT_ENGINE, "image %s is not here, and --pull never was given",
			     reference_format(text, &c->image));
		return;
	}
	client_watch(c, CLIENT_PULL, NULL);
	if (image_want(&c->image, NULL, &e) < 0)
		client_error(c, EXIT_ENGINE, "%s", e.msg);
}

/* start, stop, ... ------------------------------------------------------------------------------ */

void verb_start(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);
	struct err e = {0};

	if (!k)
		return;
	if (container_alive(k)) {
		client_error(c, 1, "container %s runs already", k->name);
		return;
	}
	container_set_held(k, false);
	k->restarts = 0;
	k->backoff_ms = 0;
	if (c->flags & CTL_F_ATTACH) {
		take_stdio(c->fds, r, m);
		give_stdio(k, c->fds, c->flags & CTL_F_STDIN);
	}
	client_watch(c, c->flags & CTL_F_ATTACH ? CLIENT_RUN : CLIENT_START, k);
	container_start(k, &e);
}

void verb_stop(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);

	(void)m;
	if (!k)
		return;
	container_set_held(k, true);
	if (!container_alive(k) && k->state != CONTAINER_BACKOFF) {
		client_done(c);
		return;
	}
	client_watch(c, CLIENT_END, k);
	container_stop(k, r->timeout_ms);
}

void verb_restart(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);
	struct err e = {0};

	(void)m;
	if (!k)
		return;
	container_set_held(k, false);
	k->restarts = 0;
	k->backoff_ms = 0;
	client_watch(c, CLIENT_RESTART, k);
	if (container_alive(k)) {
		k->restart_asked = true;
		container_stop(k, r->timeout_ms);
	} else {
		container_start(k, &e);
	}
}

void verb_kill(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);
	struct err e = {0};

	(void)m;
	if (!k)
		return;
	if (container_kill(k, r->signal ? r->signal : SIGKILL, &e) < 0)
		client_error(c, 1, "%s", e.msg);
	else
		client_done(c);
}

void verb_rm(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);

	(void)m;
	if (!k)
		return;
	if (container_alive(k) && !(c->flags & CTL_F_FORCE)) {
		client_error(c, 1,
			     "container %s runs: stop it first (cleat stop %s), or: cleat rm -f %s",
			     k->name, k->name, k->name);
		return;
	}
	k->drop_volumes |= (c->flags & CTL_F_VOLUMES) != 0;
	client_watch(c, CLIENT_REMOVED, k);
	if (k->state == CONTAINER_RUNNING || k->state == CONTAINER_STOPPING)
		container_kill(k, SIGKILL, NULL);
	container_remove(k);
}

void verb_wait(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);

	(void)m;
	if (!k)
		return;
	c->tell_exit = true;
	if (!container_alive(k)) {
		client_exit(c, k->exit_code);
		client_done(c);
		return;
	}
	client_watch(c, CLIENT_END, k);
}

void verb_attach(struct client *c, const struct ctl_request *r, struct msg *m)
{
	static const uint32_t bits[] = {MON_ATTACH_STDIN, MON_ATTACH_STDOUT, MON_ATTACH_STDERR};
	struct container *k = named(c, r);
	int fds[3];
	uint32_t stdio = 0;
	size_t n = 0;

	if (!k)
		return;
	if (k->state != CONTAINER_RUNNING) {
		client_error(c, 1, "container %s does not run", k->name);
		return;
	}
	take_stdio(c->fds, r, m);
	for (size_t i = 0; i < 3; i++) {
		if (c->fds[i] < 0 || (i == 0 && !(c->flags & CTL_F_STDIN)))
			continue;
		stdio |= bits[i];
		fds[n++] = c->fds[i];
	}
	monitor_send_attach(k->monitor_fd, c->serial, stdio, fds, n);
	for (size_t i = 0; i < 3; i++)
		sys_close(take_fd(&c->fds[i]));
	c->tell_exit = true;
	client_watch(c, CLIENT_END, k);
}

void verb_resize(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);

	(void)m;
	if (!k)
		return;
	if (k->state == CONTAINER_RUNNING)
		monitor_send_resize(k->monitor_fd, r->rows, r->columns);
	client_done(c);
}

/* ps and logs ----------------------------------------------------------------------------------- */

static char *command_of(const struct container_record *rec, const struct store_image *img)
{
	const struct manifest_service *s = &rec->spec;
	char **lists[] = {s->entrypoint ? s->entrypoint
			  : img		? img->config.entrypoint
					: NULL,
			  s->command		  ? s->command
			  : img && !s->entrypoint ? img->config.cmd
						  : NULL};
	size_t n[] = {s->entrypoint ? s->n_entrypoint
		      : img	    ? img->config.n_entrypoint
				    : 0,
		      s->command	      ? s->n_command
		      : img && !s->entrypoint ? img->config.n_cmd
					      : 0};
	char text[256];
	struct buf b;

	buf_init(&b, text, sizeof(text));
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < n[l] && buf_ok(&b); i++)
			buf_printf(&b, "%s%s", b.len ? " " : "", lists[l][i]);
	return arena_printf(&engine.scratch, "%s%s", text, buf_ok(&b) ? "" : "...");
}

static void send_row(struct client *c, struct container *k)
{
	auto_scratch size_t mark = scratch_mark();
	char ports[512], ip[16] = "";
	struct container_record rec = {0};
	struct store_image img;
	bool have_image;
	struct err e = {0};
	struct ctl_reply row = {.type = CTL_CONTAINER};

	(void)mark;
	have_image = container_record_image(k, &rec, &img, &e) == 0;
	network_print_ports(k, ports, sizeof(ports));
	if (k->n_nets)
		net_format_ip4(ip, k->nets[0].ip);
	row.container = (struct ctl_container){
		.id = k->id,
		.name = k->name,
		.image = rec.image_name ? rec.image_name : "?",
		.command = rec.id ? command_of(&rec, have_image ? &img : NULL) : "?",
		.state = (char *)(uintptr_t)container_state_name(k),
		.ports = ports,
		.ip = ip,
		.service = k->service[0] ? k->service : NULL,
		.error = k->error[0] ? k->error : NULL,
		.created_s = k->created_s,
		.started_s = k->started_s,
		.finished_s = k->finished_s,
		.exit_code = k->exit_code,
		.restarts = k->restarts,
		.pid = (uint32_t)k->pid,
		.oom = k->oom,
	};
	client_send(c, &row);
}

void verb_ps(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *only = NULL;

	(void)m;
	if (r->name) {
		only = named(c, r);
		if (!only)
			return;
	}
	for (struct container *k = NULL; (k = container_each(k));) {
		bool shown = container_alive(k) || k->state == CONTAINER_BACKOFF;

		if (only ? k == only : shown || (r->flags & CTL_F_ALL))
			send_row(c, k);
	}
	client_done(c);
}

void verb_logs(struct client *c, const struct ctl_request *r, struct msg *m)
{
	struct container *k = named(c, r);
	struct ctl_reply reply = {.type = CTL_FD, .n_fds = 1};
	auto_close int dir_fd = -1;
	auto_close int fd = -1;
	struct err e = {0};

	(void)m;
	if (!k)
		return;
	dir_fd = store_container_open(&engine.store, k->id, &e);
	fd = dir_fd < 0 ? dir_fd : sys_open(dir_fd, "log", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0) {
		client_error(c, 1, "log of container %s: %s", k->name, err_name(fd));
		return;
	}
	reply.fds[0] = fd;
	client_send(c, &reply);
	if ((c->flags & CTL_F_FOLLOW) && (container_alive(k) || k->state == CONTAINER_BACKOFF))
		client_watch(c, CLIENT_END, k);
	else
		client_done(c);
}
