/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/session.h"
#include "sys/fd.h"
#include "sys/tty.h"

#define LINE_CAP 1026 /* the longest password, a new line and a NUL */

static const char *user, *password;
static bool from_stdin;

static const struct opt options[] = {
	{'u', "username", "USER", "user name", .text = &user},
	{'p', "password", "PASSWORD", "refused: others would see it; use --password-stdin",
	 .text = &password},
	{0, "password-stdin", NULL, "read the password from standard input", .flag = &from_stdin},
};

/* One line. Keys come one by one while nothing is echoed. Return: length; -EINTR Ctrl-C; -ENODATA; -errno */
static int read_line(char *line, bool raw)
{
	size_t n = 0;
	char c = 0;

	for (;;) {
		ssize_t r = sys_read(0, &c, 1);

		if (r < 0)
			return (int)r;
		if (raw && c == 3)
			return -EINTR;
		if (r == 0 || (raw && c == 4 && !n))
			return n ? (int)n : -ENODATA;
		if (c == '\n' || c == '\r')
			break;
		if (raw && (c == 127 || c == '\b'))
			n -= n > 0;
		else if (raw && c == 21) /* Ctrl-U */
			n = 0;
		else if (n < LINE_CAP - 1)
			line[n++] = c;
		else
			return -EMSGSIZE;
	}
	line[n] = '\0';
	return (int)n;
}

static int ask(const char *what, char *line, bool secret)
{
	struct sys_tty tty = {.fd = -1};
	int r = 0;

	fprintf(stderr, "%s: ", what);
	if (secret)
		r = sys_tty_raw(&tty, 0, true);
	if (r == 0)
		r = read_line(line, secret);
	sys_tty_restore(&tty);
	if (secret)
		fputc('\n', stderr);
	return r;
}

/* docker takes all of standard input but a last new line */
static int take_stdin(char *line)
{
	ssize_t n = sys_read_full(0, line, LINE_CAP);

	if (n >= LINE_CAP)
		return -EMSGSIZE;
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (n >= 0)
		line[n] = '\0';
	return (int)n;
}

static int refused(int r, const char *what)
{
	if (r == -EINTR)
		return 130;
	cmd_error("%s: %s", what,
		  r == 0 || r == -ENODATA ? "it is empty"
		  : r == -EMSGSIZE	  ? "it is longer than 1024 bytes"
					  : err_name(r));
	return 1;
}

/* The password goes by a descriptor: it is in no argument, no environment and no frame. */
static int send_login(const char *registry, char *secret, size_t len)
{
	auto_close int fd = sys_memfd("password", 0);
	struct ctl_request r = {.verb = CTL_LOGIN,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = (char *)(uintptr_t)registry,
				.user = (char *)(uintptr_t)user,
				.working_dir = session_config()};
	struct ctl_reply reply;
	int rc = fd < 0 ? fd : sys_write_all(fd, secret, len);

	explicit_bzero(secret, LINE_CAP);
	if (rc < 0) {
		cmd_error("memory for the password: %s", err_name(rc));
		return 1;
	}
	rc = session_begin(&r, &fd, 1);
	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		;
	if (rc == 0)
		puts("Login Succeeded");
	return -rc;
}

static int run(int argc, char **argv)
{
	static char name[LINE_CAP], secret[LINE_CAP];
	bool terminal = sys_tty_is(0);
	int r;

	if (password)
		return cmd_usage(&cmd_login, "-p would show the password to every process of this "
					     "machine: use --password-stdin, or type it");
	if (from_stdin && !user)
		return cmd_usage(&cmd_login, "--password-stdin needs -u USER");
	if (!from_stdin && !terminal)
		return cmd_usage(&cmd_login, "standard input is no terminal: use --password-stdin");
	if (!user) {
		r = ask("Username", name, false);
		if (r <= 0)
			return refused(r, "user name");
		user = name;
	}
	r = from_stdin ? take_stdin(secret) : ask("Password", secret, true);
	if (r <= 0)
		return refused(r, "password");
	return send_login(argc ? argv[0] : NULL, secret, (size_t)r);
}

const struct cmd cmd_login = {
	.name = "login",
	.summary = "log in to a registry",
	.usage = "[OPTIONS] [REGISTRY]",
	.example = "  cleat login -u me registry.example.com\n",
	.options = OPT_TABLE(options),
	.max_args = 1,
	.run = run,
};

static int run_logout(int argc, char **argv)
{
	const char *registry = argc ? argv[0] : "docker.io";
	struct ctl_request r = {.verb = CTL_LOGOUT,
				.timeout_ms = CTL_TIMEOUT_UNSET,
				.name = (char *)(uintptr_t)registry,
				.working_dir = session_config()};
	struct ctl_reply reply;
	int rc = session_begin(&r, NULL, 0);

	if (rc)
		return rc;
	while ((rc = session_next(&reply)) > 0)
		if (reply.type == CTL_PAIR)
			printf(str_eq(reply.pair.value, "yes")
				       ? "Removed login credentials for %s\n"
				       : "Not logged in to %s\n",
			       registry);
	return -rc;
}

const struct cmd cmd_logout = {
	.name = "logout",
	.summary = "forget the login of a registry",
	.usage = "[REGISTRY]",
	.example = "  cleat logout registry.example.com\n",
	.max_args = 1,
	.run = run_logout,
};
