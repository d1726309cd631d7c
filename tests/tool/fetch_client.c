/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the engine's side of the fetch role: one or more objects of one repository, bodies to files.
 *
 *	fetch_client [OPTION=VALUE]... HOST REPOSITORY OBJECT...
 *
 * OBJECT is TAG, manifest@DIGEST, head@TAG, blob@DIGEST or ping, with ">FILE" behind it (default: dropped). Options: ca= bundle
 * file, registry-ca= file, user=, secret=, kind= (enum remote_kind), https-proxy=, http-proxy=, no-proxy=, plain=1, floor= seconds, stall= ms, max= bytes, expect= bytes, resolv=, hosts=
 * files, close-after= bytes (of a body; then the reader goes away), peak=1 (print the role's VmHWM), ns= host (of
 * a mirror), rate= bytes a second, cert= and key= files (our own), partial= file, wake=1 (tell the role at each wait that the network has changed).
 *
 * Prints "done BYTES TYPE DIGEST" or "error CLASS CODE TEXT" for each object; exits 0 if all are done.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/str.h"
#include "msg/msg.h"
#include "registry/fetch.h"
#include "role/role.h"
#include "sys/fd.h"

static const char *const class_names[] = {"network",   "tls",  "clock", "auth",
					  "not-found", "http", "limit", "sink"};

static struct {
	const char *ca, *registry_ca, *user, *secret, *resolv, *hosts, *plain, *floor, *stall, *max,
		*expect, *close_after, *peak, *kind, *https_proxy, *http_proxy, *no_proxy, *ns,
		*rate, *partial, *wake, *cert, *key;
} opt = {
	.ca = "/dev/null",
	.registry_ca = "/dev/null",
	.resolv = "/etc/resolv.conf",
	.hosts = "/etc/hosts",
	.plain = "0",
	.floor = "0",
	.stall = "0",
	.max = "1099511627776",
	.expect = "0",
	.close_after = "0",
	.peak = "0",
	.rate = "0",
	.wake = "0",
};

static const struct {
	const char *name;
	const char **slot;
} options[] = {
	{"ca", &opt.ca},
	{"registry-ca", &opt.registry_ca},
	{"user", &opt.user},
	{"secret", &opt.secret},
	{"resolv", &opt.resolv},
	{"hosts", &opt.hosts},
	{"plain", &opt.plain},
	{"floor", &opt.floor},
	{"stall", &opt.stall},
	{"max", &opt.max},
	{"expect", &opt.expect},
	{"close-after", &opt.close_after},
	{"peak", &opt.peak},
	{"kind", &opt.kind},
	{"https-proxy", &opt.https_proxy},
	{"http-proxy", &opt.http_proxy},
	{"no-proxy", &opt.no_proxy},
	{"ns", &opt.ns},
	{"rate", &opt.rate},
	{"partial", &opt.partial},
	{"wake", &opt.wake},
	{"cert", &opt.cert},
	{"key", &opt.key},
};

static struct role_proc role;
static uint8_t frame[MSG_MAX];
static _Alignas(16) char arena_mem[2 * MSG_MAX];

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "fetch_client: %s: %s\n", what, why);
	exit(2);
}

static uint64_t number(const char *text)
{
	uint64_t v = 0;

	if (num_u64(span_of(text), UINT64_MAX, &v) < 0)
		die(text, "not a number");
	return v;
}

static bool take_option(const char *arg)
{
	const char *eq = strchr(arg, '=');

	for (size_t i = 0; eq && i < ARRAY_LEN(options); i++) {
		if (strlen(options[i].name) == (size_t)(eq - arg) &&
		    str_starts(arg, options[i].name)) {
			*options[i].slot = eq + 1;
			return true;
		}
	}
	return false;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path, "cannot open");
	return fd;
}

static void send_frame(struct msg_out *o)
{
	if (msg_send(role.peer_fd, o) < 0)
		die("role", "cannot send");
}

static void send_open(const char *host, const char *repository)
{
	struct msg_out o;

	msg_begin(&o, frame, sizeof(frame), FETCH_OPEN);
	enc_str(&o.enc, host);
	enc_str(&o.enc, repository);
	enc_u32(&o.enc, (uint32_t)number(opt.kind ? opt.kind : opt.user ? "1" : "0"));
	enc_str(&o.enc, opt.user);
	enc_str(&o.enc, opt.secret);
	enc_bool(&o.enc, number(opt.plain));
	enc_i64(&o.enc, (int64_t)number(opt.floor));
	enc_u32(&o.enc, (uint32_t)number(opt.stall));
	enc_str(&o.enc, opt.https_proxy);
	enc_str(&o.enc, opt.http_proxy);
	enc_str(&o.enc, opt.no_proxy);
	enc_str(&o.enc, opt.ns);
	enc_u64(&o.enc, number(opt.rate));
	enc_bool(&o.enc, opt.cert);
	enc_bool(&o.enc, false); /* to pull */
	enc_str(&o.enc, NULL);
	send_frame(&o);
}

static void send_get(uint32_t id, const char *object, int fd)
{
	const char *what = object, *at = strchr(object, '@');
	int partial_fd = -1;
	struct msg_out o;

	if (at)
		what = at + 1;
	if (opt.partial)
		partial_fd = open(opt.partial, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	msg_begin(&o, frame, sizeof(frame), FETCH_GET);
	enc_u32(&o.enc, id);
	enc_u32(&o.enc, str_eq(object, "ping")	      ? FETCH_PING
			: str_starts(object, "blob@") ? FETCH_BLOB
			: str_starts(object, "head@") ? FETCH_HEAD
						      : FETCH_MANIFEST);
	enc_str(&o.enc, str_eq(object, "ping") ? "" : what);
	enc_u64(&o.enc, number(opt.max));
	enc_u64(&o.enc, number(opt.expect));
	if (!str_starts(object, "head@"))
		msg_add_fd(&o, fd);
	if (opt.partial)
		msg_add_fd(&o, partial_fd);
	send_frame(&o);
	if (opt.partial)
		close(partial_fd);
}

/* Return: 1 done; 0 error; -1 neither yet */
static int take_reply(uint32_t id)
{
	struct msg m = {0};
	struct arena arena;
	struct dec d;
	int r = role_recv(&role, frame, sizeof(frame), &m, 0);

	if (r <= 0)
		die("role", r ? "sent what it must not" : "went away");
	arena_init(&arena, arena_mem, sizeof(arena_mem));
	dec_init(&d, m.payload, m.len, &arena);
	if (dec_u32(&d) != id)
		die("role", "answers for another object");
	if (m.type == FETCH_PROGRESS)
		return -1;
	if (m.type == FETCH_WAIT) {
		uint32_t ms = dec_u32(&d);

		printf("wait %u %s\n", ms, dec_str_req(&d));
		if (number(opt.wake) && msg_send_simple(role.peer_fd, FETCH_WAKE) < 0)
			die("role", "cannot be woken");
		return -1;
	}
	if (m.type == FETCH_DONE) {
		uint64_t bytes = dec_u64(&d);
		const char *type = dec_str_req(&d), *digest = dec_str(&d);
		uint64_t kept = dec_u64(&d);
		uint32_t limit = dec_u32(&d), remaining = dec_u32(&d), window_s = dec_u32(&d);

		printf("done %llu %s %s", (unsigned long long)bytes, type, digest ? digest : "-");
		if (kept)
			printf(" kept %llu", (unsigned long long)kept);
		if (limit)
			printf(" limit %u remaining %u window %u", limit, remaining, window_s);
		putchar('\n');
	} else {
		int64_t code = dec_i64(&d);
		const char *text = dec_str_req(&d);
		uint32_t class = dec_u32(&d);

		if (class >= ARRAY_LEN(class_names))
			die("role", "unknown class");
		printf("error %s %lld %s\n", class_names[class], (long long)code, text);
	}
	if (dec_done(&d) < 0)
		die("role", "malformed frame");
	return m.type == FETCH_DONE;
}

/* the pipe's other end: what unpack does, without hashing; waits are answered beside it. Return: as take_reply() */
static int drain(int pipe_fd, const char *path, uint32_t id)
{
	struct pollfd fds[2] = {{.fd = pipe_fd, .events = POLLIN},
				{.fd = role.peer_fd, .events = POLLIN}};
	uint64_t close_after = number(opt.close_after), total = 0;
	static char buf[65536];
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), result = -1;
	ssize_t n;

	if (out < 0)
		die(path, "cannot create");
	for (;;) {
		if (poll(fds, result < 0 ? 2 : 1, -1) < 0)
			die("poll", "failed");
		if (result < 0 && fds[1].revents)
			result = take_reply(id);
		if (!fds[0].revents)
			continue;
		n = read(pipe_fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		if (write(out, buf, (size_t)n) != n)
			die(path, "cannot write");
		total += (uint64_t)n;
		if (close_after && total >= close_after)
			break;
	}
	close(out);
	close(pipe_fd);
	return result;
}

static void print_peak(void)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)role.pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (str_starts(line, "VmHWM") || str_starts(line, "RssAnon") ||
		    str_starts(line, "RssFile") || str_starts(line, "VmPeak"))
			fputs(line, stdout);
	if (f)
		fclose(f);
}

static bool get(uint32_t id, char *object)
{
	char *file = strchr(object, '>');
	int fds[2], r;

	if (file)
		*file++ = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe", "cannot make");
	send_get(id, object, fds[1]);
	close(fds[1]);
	r = drain(fds[0], file ? file : "/dev/null", id);
	while (r < 0)
		r = take_reply(id);
	return r;
}

int main(int argc, char **argv)
{
	struct err e = {0};
	bool ok = true;
	int i = 1, fds[6];

	if (argc == 2 && argv[1][0] == '@')
		return role_main(argv[1]);
	while (i < argc && take_option(argv[i]))
		i++;
	if (argc - i < 3)
		die("usage", "fetch_client [OPTION=VALUE]... HOST REPOSITORY OBJECT...");
	fds[0] = open_file(opt.ca);
	fds[1] = open_file(opt.registry_ca);
	fds[2] = open_file(opt.resolv);
	fds[3] = open_file(opt.hosts);
	fds[4] = open_file(opt.cert ? opt.cert : "/dev/null");
	fds[5] = open_file(opt.key ? opt.key : "/dev/null");
	if (role_spawn(ROLE_FETCH, fds, ARRAY_LEN(fds), NULL, &role, &e) < 0)
		die("role", e.msg);
	send_open(argv[i], argv[i + 1]);
	for (int k = i + 2; k < argc; k++)
		ok &= get((uint32_t)k, argv[k]);
	if (number(opt.peak))
		print_peak();
	role_end(&role, NULL);
	return ok ? 0 : 1;
}
