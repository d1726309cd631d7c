/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1's main loop: two children are kept alive (the engine and the console program), everything
 * else is reaped. PID 1 never ends on its own: whatever fails is said on the console.
 */
#include "init/init.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "sys/boot.h"
#include "sys/fd.h"
#include "sys/watch.h"

#define BACKOFF_FIRST_MS 200
#define BACKOFF_MAX_MS	 30000
#define BACKOFF_RESET_MS 10000 /* a child that ran this long was healthy */

/** struct keeper - a child that is started again whenever it ends */
struct keeper {
	const char *name;
	const char *const *argv;
	struct loop *loop;
	struct loop_child child;
	struct loop_timer again;
	pid_t pid; /* 0 = not running */
	int64_t started_ms, backoff_ms;
};

static const char *const engine_argv[] = {"cleat", "engine", NULL};
static const char *console_argv[] = {"cleat", "@console", NULL, NULL};
static const char *const child_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
	"TERM=linux", NULL};
static struct keeper engine = {.name = "engine", .argv = engine_argv};
static struct keeper console = {.name = "console", .argv = console_argv};

void init_say(const char *fmt, ...)
{
	char line[512];
	int64_t ms = sys_now_ms();
	va_list ap;
	int n;

	n = snprintf(line, sizeof(line), "cleat init [%5lld.%02d] ", (long long)(ms / 1000),
		     (int)(ms % 1000 / 10));
	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	sys_write_all(2, line, (size_t)n);
}

static void keep(struct loop_timer *t);

static void ended(struct loop_child *c, struct sys_exit x)
{
	struct keeper *k = c->data;

	k->pid = 0;
	if (init_power_pending()) {
		if (k == &engine)
			init_power_engine_gone();
		return;
	}
	if (sys_now_ms() - k->started_ms >= BACKOFF_RESET_MS)
		k->backoff_ms = BACKOFF_FIRST_MS;
	if (k == &engine)
		init_say("engine ended (%s %d), again in %lld ms", x.signaled ? "signal" : "status",
			 x.code, (long long)k->backoff_ms);
	loop_timer_set(&k->again, k->backoff_ms);
	k->backoff_ms = k->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : k->backoff_ms * 2;
}

static void keep(struct loop_timer *t)
{
	struct keeper *k = t->data;
	const int fds[] = {k == &console ? 0 : -1, 2, 2};
	const struct sys_spawn spawn = {.path = "/proc/self/exe",
					.argv = k->argv,
					.envp = child_env,
					.fds = fds,
					.n_fds = 3,
					.cgroup_fd = -1};
	auto_close int pidfd = -1;
	pid_t pid;

	if (init_power_pending())
		return;
	pid = sys_spawn(&spawn, &pidfd);
	k->started_ms = sys_now_ms();
	if (pid < 0) {
		init_say("%s did not start: %s", k->name, err_name((int)pid));
		loop_timer_set(&k->again, BACKOFF_MAX_MS);
		return;
	}
	k->pid = pid;
	loop_child_init(&k->child, k->loop, pid, ended, k);
}

static void keeper_start(struct keeper *k, struct loop *l)
{
	k->loop = l;
	k->backoff_ms = BACKOFF_FIRST_MS;
	loop_timer_init(&k->again, l, keep, k);
	keep(&k->again);
}

static void on_signal(struct loop *l, int sig, void *data)
{
	(void)data;
	init_power_begin(l, sig == SIGUSR2 || sig == SIGPWR ? INIT_POWER_OFF : INIT_POWER_REBOOT,
			 engine.pid);
}

/* The kernel opened /dev/console for us if the root had one; after devtmpfs there is one. */
static void reopen_console(void)
{
	int fd = sys_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		sys_dup_to(fd, i);
	if (fd > 2)
		sys_close(fd);
}

static void save_clock_again(struct loop_timer *t)
{
	init_clock_save();
	loop_timer_set(t, CONFIG_INIT_CLOCK_SAVE_H * 3600000LL);
}

static void start_console(const struct init_settings *s, struct loop *l)
{
	struct stat st;

	if (str_empty(s->console) || sys_statat(AT_FDCWD, s->console, &st, 0) < 0)
		return;
	console_argv[2] = s->console;
	keeper_start(&console, l);
}

int init_main(int argc, char **argv)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR2, SIGPWR};
	static struct init_settings settings;
	static struct loop_timer clock_timer;
	static struct loop loop;
	struct err e = {0};
	int r;

	(void)argc;
	(void)argv;
	if (sys_getpid() != 1) {
		fprintf(stderr,
			"cleat init: runs as process 1 of a machine; to start the engine under "
			"another init: cleat engine\n");
		return 2;
	}
	init_leave_initramfs();
	init_mount_early();
	reopen_console();
	init_say("cleat %s", CLEAT_VERSION);
	init_settings_load(&settings);
	sys_cad_as_signal();
	init_hostname(&settings);
	init_modules();
	init_cgroups();
	if (init_data(&settings, &e) < 0) {
		init_say("%s; restarting in 10 s", e.msg);
		sys_sleep_ms(10000);
		init_power_now(INIT_POWER_REBOOT);
	}
	init_clock_floor();
	init_address(&settings);
	r = loop_init(&loop, signals, ARRAY_LEN(signals), on_signal, NULL);
	if (r < 0) {
		init_say("event loop: %s; restarting in 10 s", err_name(r));
		sys_sleep_ms(10000);
		init_power_now(INIT_POWER_REBOOT);
	}
	loop.reap_all = true;
	init_watchdog_start(&loop);
	loop_timer_init(&clock_timer, &loop, save_clock_again, NULL);
	loop_timer_set(&clock_timer, CONFIG_INIT_CLOCK_SAVE_H * 3600000LL);
	keeper_start(&engine, &loop);
	start_console(&settings, &loop);
	for (;;) { /* PID 1 stays, whatever the loop says */
		r = loop_run(&loop);
		init_say("event loop: %s", err_name(r));
		sys_sleep_ms(1000);
	}
}
