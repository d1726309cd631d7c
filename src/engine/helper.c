/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/ns.h"

#define PREFIX	     "docker-credential-"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NOT_FOUND    "credentials not found in native keychain"
#define TEXT_SHOWN   120
#define LAST_CAP     63

void helper_cancel(struct helper *h)
{
	if (!h->pid)
		return;
	loop_child_fini(&h->child);
	loop_io_fini(&h->io);
	loop_timer_fini(&h->timer);
	if (!h->ended) {
		sys_kill_group(h->pid, SIGKILL);
		sys_wait(h->pid, 0, &h->exit);
	}
	h->pid = 0;
	sys_close(take_fd(&h->out_fd));
	sys_close(take_fd(&h->answer_fd));
}

static void finish(struct helper *h, const struct err *e)
{
	auto_close int answer_fd = take_fd(&h->answer_fd);

	helper_cancel(h);
	h->done(h->data, answer_fd, e);
}

/* what a helper prints on failure is a sentence; shown is what a terminal can bear */
static void failed(struct helper *h, struct err *e)
{
	char text[TEXT_SHOWN + 1];
	ssize_t n = sys_pread(h->answer_fd, text, TEXT_SHOWN, 0);
	struct span said;

	text[n > 0 ? n : 0] = '\0';
	for (char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = ' ';
	said = span_trim(span_of(text));
	if (span_eq(said, NOT_FOUND))
		err_text(e, -ENOENT, "%s", NOT_FOUND);
	else
		err_text(e, -EREMOTEIO, PREFIX "%s failed (exit status %d)%s%.*s", h->name,
			 sys_exit_code(h->exit), said.len ? ": " : "", (int)said.len, said.p);
}

static void step(struct helper *h)
{
	struct err e = {0};

	if (!h->ended || !h->closed)
		return;
	if (sys_exit_code(h->exit))
		failed(h, &e);
	finish(h, e.code ? &e : NULL);
}

static void ended(struct loop_child *c, struct sys_exit x)
{
	struct helper *h = c->data;

	h->ended = true;
	h->exit = x;
	step(h);
}

static void on_output(struct loop_io *io, uint32_t events)
{
	struct helper *h = io->data;
	struct err e = {0};
	char buf[1024];
	ssize_t n = sys_read(h->out_fd, buf, sizeof(buf));

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n > 0 && h->len + (size_t)n > HELPER_OUTPUT_MAX)
		err_text(&e, -EFBIG, PREFIX "%s prints more than %d bytes", h->name,
			 HELPER_OUTPUT_MAX);
	else if (n > 0)
		n = sys_write_all(h->answer_fd, buf, (size_t)n) < 0 ? -EIO : n;
	explicit_bzero(buf, sizeof(buf));
	if (n < 0)
		err_set(&e, (int)n, "read from " PREFIX "%s", h->name);
	if (e.code) {
		finish(h, &e);
		return;
	}
	h->len += (size_t)n;
	if (n > 0)
		return;
	loop_io_fini(&h->io);
	h->closed = true;
	step(h);
}

static void late(struct loop_timer *t)
{
	struct helper *h = t->data;
	struct err e = {0};

	err_text(&e, -ETIMEDOUT, PREFIX "%s did not end within %d s (CONFIG_HELPER_S)", h->name,
		 CONFIG_HELPER_S);
	finish(h, &e);
}

static int spawn(struct helper *h, const char *verb, int in_fd, int to_fd, struct err *e)
{
	const char *const argv[] = {"cleat", "@helper", h->name, verb, NULL};
	const int fds[] = {in_fd, to_fd, -1};
	const struct sys_spawn s = {.path = "/proc/self/exe",
				    .argv = argv,
				    .envp = (const char *const *)environ,
				    .fds = fds,
				    .n_fds = ARRAY_LEN(fds),
				    .cgroup_fd = -1,
				    .new_session = true,
				    .parent_death_signal = SIGKILL};
	int pidfd = -1;
	pid_t pid = sys_spawn(&s, &pidfd);

	sys_close(pidfd);
	if (pid < 0)
		return err_set(e, (int)pid, "start " PREFIX "%s", h->name);
	h->pid = pid;
	return 0;
}

int helper_start(struct helper *h, struct loop *loop, const char *name, const char *verb,
		 struct span input, struct err *e)
{
	auto_close int in_fd = -1, to_fd = -1;
	int in[2], out[2], r;

	h->pid = 0;
	h->len = 0;
	h->ended = h->closed = false;
	h->out_fd = h->answer_fd = -1;
	str_copy(h->name, sizeof(h->name), name);
	r = sys_pipe(in, 0);
	if (r < 0)
		return err_set(e, r, "make a pipe");
	in_fd = in[0];
	r = sys_write_all(in[1], input.p, input.len); /* less than a pipe holds: does not block */
	sys_close(in[1]);
	if (r == 0)
		r = sys_pipe(out, 0);
	if (r < 0)
		return err_set(e, r, "make a pipe");
	h->out_fd = out[0];
	to_fd = out[1];
	h->answer_fd = sys_memfd("answer", 0);
	r = h->answer_fd < 0 ? err_set(e, h->answer_fd, "make a memory file")
			     : spawn(h, verb, in_fd, to_fd, e);
	if (r == 0) {
		loop_child_init(&h->child, loop, h->pid, ended, h);
		loop_timer_init(&h->timer, loop, late, h);
		loop_timer_set(&h->timer, CONFIG_HELPER_S * 1000);
		sys_set_nonblock(h->out_fd, 1);
		r = loop_io_init(&h->io, loop, h->out_fd, EPOLLIN, on_output, h);
		if (r == 0)
			return 0;
		err_set(e, r, "watch " PREFIX "%s", h->name);
	}
	helper_cancel(h);
	sys_close(take_fd(&h->out_fd));
	sys_close(take_fd(&h->answer_fd));
	return r;
}

/* The process ---------------------------------------------------------------------------------- */

static int give_up_rights(void)
{
	const struct sys_caps none = {0};
	int r = sys_ambient_clear();

	for (unsigned int cap = 0; r == 0 && cap <= LAST_CAP; cap++) {
		r = sys_drop_bounding(cap);
		if (r == -EINVAL)
			break; /* behind the kernel's last */
	}
	r = sys_set_caps(&none);
	return r < 0 ? r : sys_set_no_new_privs();
}

int helper_main(int argc, char **argv)
{
	struct span rest = span_of(DEFAULT_PATH);
	const char *path = getenv("PATH");
	char text[512], program[64 + sizeof(PREFIX)];
	char *args[] = {program, argc == 2 ? argv[1] : NULL, NULL};
	bool more = argc == 2;
	int r = more ? give_up_rights() : -EINVAL;

	if (r < 0 || str_printf(program, sizeof(program), PREFIX "%s", argv[0]) < 0)
		return 1;
	if (!str_empty(path))
		rest = span_of(path);
	r = -ENOENT;
	while (more && r == -ENOENT) {
		struct span dir = span_cut(rest, ':', &rest, &more);

		if (dir.len && dir.p[0] == '/' &&
		    str_printf(text, sizeof(text), "%.*s/%s", (int)dir.len, dir.p, program) > 0)
			r = sys_exec(text, args, environ);
	}
	str_printf(text, sizeof(text), "cannot execute %s: %s", program,
		   r == -ENOENT ? "it is in no folder of PATH" : err_name(r));
	sys_write(1, text, strlen(text));
	return 127;
}
