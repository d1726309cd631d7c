/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sys/fd.h"

#define STDIN_MAX (16 * 1024 * 1024)

struct ctl_client session_client;
int session_failure = 1;

char *session_config(void)
{
	const char *config = cmd_globals.paths.config;

	return str_eq(config, CTL_DEFAULT_CONFIG) ? NULL : (char *)(uintptr_t)config;
}

int session_begin(const struct ctl_request *r, const int *fds, size_t n_fds)
{
	struct err e = {0};
	int rc = ctl_open(&session_client, &cmd_globals.paths, r->verb, &e);

	if (rc == 0) {
		rc = ctl_call(&session_client, r, fds, n_fds, &e);
		if (rc < 0)
			ctl_close(&session_client);
	}
	if (rc == 0)
		return 0;
	cmd_fail(&e);
	return session_failure;
}

void session_end(void)
{
	progress_end();
	ctl_close(&session_client);
}

void session_receive(struct ctl_reply *ret_reply)
{
	static struct err e;

	e = (struct err){0};
	if (ctl_next(&session_client, ret_reply, &e) < 0)
		*ret_reply =
			(struct ctl_reply){.type = CTL_ERROR, .error = {session_failure, e.msg}};
}

int session_show(struct ctl_reply *reply)
{
	int code;

	if (reply->type == CTL_PROGRESS) {
		progress_show(&reply->progress);
		return 1;
	}
	progress_end();
	if (reply->type != CTL_ERROR && reply->type != CTL_DONE)
		return 1;
	code = reply->type == CTL_DONE ? 0 : reply->error.exit_code;
	if (reply->type == CTL_ERROR) {
		cmd_error("%s", reply->error.text);
		code = code > 0 && code < 256 ? code : 1;
	}
	session_end();
	return -code;
}

int session_next(struct ctl_reply *ret_reply)
{
	int r;

	do {
		session_receive(ret_reply);
		r = session_show(ret_reply);
	} while (r > 0 && ret_reply->type == CTL_PROGRESS);
	return r;
}

static void drop_fds(const struct ctl_reply *reply)
{
	for (size_t i = 0; i < reply->n_fds; i++)
		sys_close(reply->fds[i]);
}

int session_run(const struct ctl_request *r)
{
	struct ctl_reply reply;
	int rc = session_begin(r, NULL, 0);

	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		drop_fds(&reply);
	return -rc;
}

int session_texts(const struct ctl_request *r, const int *fds, size_t n_fds, bool lines)
{
	struct ctl_reply reply;
	int rc = session_begin(r, fds, n_fds);

	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0) {
		if (reply.type == CTL_TEXT)
			fputs(reply.text, stdout);
		if (reply.type == CTL_TEXT && lines && !str_ends(reply.text, "\n"))
			putchar('\n');
		drop_fds(&reply);
	}
	return -rc;
}

int session_each(struct ctl_request *r, int argc, char **argv)
{
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		int rc;

		r->name = argv[i];
		rc = session_run(r);
		if (rc)
			worst = rc;
		else
			printf("%s\n", argv[i]);
		fflush(stdout);
	}
	return worst;
}

/* Standard input may be a pipe: the parse role wants a file that it can read from the start. */
static int copy_stdin(struct err *e)
{
	auto_close int fd = sys_memfd("stdin", 0);
	size_t total = 0;
	char buf[4000];
	ssize_t n;
	int r;

	if (fd < 0)
		return err_set(e, fd, "memory for standard input");
	while ((n = sys_read(0, buf, sizeof(buf))) > 0) {
		total += (size_t)n;
		if (total > STDIN_MAX)
			return err_text(e, -EFBIG, "standard input has more than %d bytes",
					STDIN_MAX);
		r = sys_write_all(fd, buf, (size_t)n);
		if (r < 0)
			return err_set(e, r, "keep standard input");
	}
	return n < 0 ? err_set(e, (int)n, "read standard input") : take_fd(&fd);
}

int session_file(const char *path, struct err *e)
{
	auto_close int fd = -1;
	struct stat st;
	int r;

	if (str_eq(path, "-"))
		return copy_stdin(e);
	fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, fd, "%s", path);
	r = sys_stat(fd, &st);
	if (r < 0)
		return err_set(e, r, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_text(e, -EINVAL, "%s: not a regular file", path);
	return take_fd(&fd);
}
