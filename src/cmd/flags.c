/* SPDX-License-Identifier: Apache-2.0 */
/* Options of run and create. Values follow the manifest's rules, with the option's name in front. */
#include "cmd/flags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/signame.h"
#include "image/image.h"
#include "msg/ctl.h"

struct flags flags;

#define COMMON_OPTIONS                                                                             \
	{'e', "env", "NAME=VALUE", "set a variable; NAME alone takes it from here",                \
	 .list = &flags.env},                                                                      \
		{'p', "publish", "[IP:]HOST:PORT[/udp]", "publish a port", .list = &flags.ports},  \
		{'v', "volume", "SOURCE:TARGET[:ro]", "mount a volume or a host path",             \
		 .list = &flags.mounts},                                                           \
		{0, "tmpfs", "TARGET[:size=64m]", "mount memory", .list = &flags.tmpfs},           \
		{0, "name", "NAME", "name of the container", .text = &flags.name},                 \
		{0, "network", "NAME", "network, or none, host, bridge", .text = &flags.network},  \
		{'m', "memory", "SIZE", "limit memory, for instance 64m", .text = &flags.memory},  \
		{0, "cpus", "NUMBER", "limit processor time, for instance 0.5",                    \
		 .text = &flags.cpus},                                                             \
		{0, "pids-limit", "NUMBER", "limit processes", .text = &flags.pids},               \
		{'i', "interactive", NULL, "connect standard input", .flag = &flags.interactive},  \
		{'t', "tty", NULL, "give it a terminal", .flag = &flags.tty},                      \
		{'u', "user", "USER[:GROUP]", "run as this user", .text = &flags.user},            \
		{'w', "workdir", "DIR", "working directory", .text = &flags.working_dir},          \
		{'h', "hostname", "NAME", "host name in the container", .text = &flags.hostname},  \
		{'l', "label", "NAME=VALUE", "add a label", .list = &flags.labels},                \
		{0, "entrypoint", "PROGRAM", "instead of the image's entrypoint",                  \
		 .text = &flags.entrypoint},                                                       \
		{0, "restart", "POLICY", "no, always, unless-stopped, on-failure[:N]",             \
		 .text = &flags.restart},                                                          \
		{0, "read-only", NULL, "the container's root is read-only",                        \
		 .flag = &flags.read_only},                                                        \
		{0, "init", NULL, "not supported yet", .flag = &flags.init},                       \
		{0, "privileged", NULL, "give it every right of the machine",                      \
		 .flag = &flags.privileged},                                                       \
		{0, "cap-add", "CAP", "add a capability", .list = &flags.cap_add},                 \
		{0, "cap-drop", "CAP", "take a capability away", .list = &flags.cap_drop},         \
		{0, "security-opt", "no-new-privileges:false",                                     \
		 "let set-user-ID programs and file capabilities count", .list = &flags.security}, \
		{0, "stop-signal", "SIGNAL", "signal that asks it to end",                         \
		 .text = &flags.stop_signal},                                                      \
		{0, "stop-timeout", "SECONDS", "then it is killed", .text = &flags.stop_timeout},  \
		{0, "platform", "OS/ARCH[/VARIANT]", "of the image, for instance linux/arm64",     \
		 .text = &flags.platform},                                                         \
	{                                                                                          \
		0, "pull", "missing|never", "pull the image if it is missing", .text = &flags.pull \
	}

const struct opt flags_run_options[FLAGS_RUN_OPTIONS] = {
	{'d', "detach", NULL, "print the ID and return", .flag = &flags.detach},
	{0, "rm", NULL, "remove the container when it ends", .flag = &flags.rm},
	COMMON_OPTIONS,
};

const struct opt flags_create_options[FLAGS_CREATE_OPTIONS] = {COMMON_OPTIONS};

struct builder {
	struct arena *a;
	struct manifest_service *s;
	struct err *e;
};

static int bad(struct builder *b, const char *option, const char *value, const char *want)
{
	return err_text(b->e, -EINVAL, "--%s \"%.80s\": expected %s", option, value, want);
}

static char *copy(const char *text)
{
	return (char *)(uintptr_t)text; /* arguments live as long as the program */
}

static int set_env(struct builder *b)
{
	struct manifest_env *list = arena_array(b->a, flags.env.n + 1, sizeof(*list));

	if (!list)
		return err_text(b->e, -ENOMEM, "too many variables");
	b->s->env = list;
	for (size_t i = 0; i < flags.env.n; i++) {
		const char *text = flags.env.v[i], *eq = strchr(text, '=');
		size_t len = eq ? (size_t)(eq - text) : strlen(text);
		const char *value = eq ? eq + 1 : getenv(text);
		size_t at = 0;

		if (!len)
			return bad(b, "env", text, "NAME=VALUE");
		if (!value)
			continue; /* not set here: left out, as docker does */
		/* the last one counts */
		while (at < b->s->n_env &&
		       (strlen(list[at].name) != len || memcmp(list[at].name, text, len) != 0))
			at++;
		list[at].name = arena_strndup(b->a, text, len);
		list[at].value = copy(value);
		if (!list[at].name)
			return err_text(b->e, -ENOMEM, "too many variables");
		if (at == b->s->n_env)
			b->s->n_env++;
	}
	return 0;
}

static int set_ports(struct builder *b)
{
	struct manifest_port *list = arena_array(b->a, flags.ports.n + 1, sizeof(*list));

	if (!list)
		return err_text(b->e, -ENOMEM, "too many ports");
	b->s->ports = list;
	for (; b->s->n_ports < flags.ports.n; b->s->n_ports++) {
		const char *text = flags.ports.v[b->s->n_ports];

		if (manifest_parse_port(span_of(text), b->a, &list[b->s->n_ports], b->e) < 0)
			return err_wrap(b->e, "-p %.80s", text);
	}
	return 0;
}

static int set_mounts(struct builder *b)
{
	size_t n = flags.mounts.n + flags.tmpfs.n;
	struct manifest_mount *list = arena_array(b->a, n + 1, sizeof(*list));

	if (!list || n > MANIFEST_MAX_LIST)
		return err_text(b->e, -ENOMEM, "too many mounts");
	b->s->mounts = list;
	for (size_t i = 0; i < flags.mounts.n; i++, b->s->n_mounts++)
		if (manifest_parse_mount(span_of(flags.mounts.v[i]), b->a, &list[b->s->n_mounts],
					 b->e) < 0)
			return err_wrap(b->e, "-v %.80s", flags.mounts.v[i]);
	for (size_t i = 0; i < flags.tmpfs.n; i++, b->s->n_mounts++)
		if (manifest_parse_tmpfs(span_of(flags.tmpfs.v[i]), b->a, &list[b->s->n_mounts],
					 b->e) < 0)
			return err_wrap(b->e, "--tmpfs %.80s", flags.tmpfs.v[i]);
	return 0;
}

static int set_labels(struct builder *b)
{
	char **list = arena_array(b->a, flags.labels.n + 1, sizeof(*list));

	for (size_t i = 0; list && i < flags.labels.n; i++) {
		const char *text = flags.labels.v[i];

		if (!text[0] || text[0] == '=')
			return bad(b, "label", text, "NAME=VALUE");
		list[i] = strchr(text, '=') ? copy(text) : arena_printf(b->a, "%s=", text);
		if (!list[i])
			list = NULL;
	}
	b->s->labels = list;
	b->s->n_labels = flags.labels.n;
	return list ? 0 : err_text(b->e, -ENOMEM, "too many labels");
}

static int set_limits(struct builder *b)
{
	if (flags.memory && num_bytes(span_of(flags.memory), &b->s->mem_limit_bytes) < 0)
		return bad(b, "memory", flags.memory, "a size such as 64m");
	if (flags.memory && b->s->mem_limit_bytes < 1024 * 1024)
		return bad(b, "memory", flags.memory, "at least 1m: is a unit missing?");
	if (flags.cpus && num_milli(span_of(flags.cpus), 1024000, &b->s->cpus_milli) < 0)
		return bad(b, "cpus", flags.cpus, "a number such as 0.5");
	if (flags.pids &&
	    (num_u64(span_of(flags.pids), 4194304, &b->s->pids_limit) < 0 || !b->s->pids_limit))
		return bad(b, "pids-limit", flags.pids, "a number from 1 to 4194304");
	return 0;
}

static int set_stop(struct builder *b)
{
	uint64_t seconds = 10;

	if (flags.stop_timeout && num_u64(span_of(flags.stop_timeout), 86400, &seconds) < 0)
		return bad(b, "stop-timeout", flags.stop_timeout, "seconds, at most 86400");
	b->s->stop_grace_ms = seconds * 1000;
	if (!flags.stop_signal)
		return 0;
	b->s->stop_signal = signame_parse(span_of(flags.stop_signal));
	return b->s->stop_signal < 0
		       ? bad(b, "stop-signal", flags.stop_signal, "a signal such as SIGTERM")
		       : 0;
}

static int set_restart(struct builder *b)
{
	const char *policy = flags.restart ? flags.restart : "no";
	struct span count, name;
	bool counted;

	name = span_cut(span_of(policy), ':', &count, &counted);
	if (span_eq(name, "always"))
		b->s->restart = RESTART_ALWAYS;
	else if (span_eq(name, "unless-stopped"))
		b->s->restart = RESTART_UNLESS_STOPPED;
	else if (span_eq(name, "on-failure"))
		b->s->restart = RESTART_ON_FAILURE;
	else if (!span_eq(name, "no"))
		return bad(b, "restart", policy, "no, always, unless-stopped or on-failure[:N]");
	if (counted && (b->s->restart != RESTART_ON_FAILURE ||
			num_u32(count, UINT32_MAX, &b->s->restart_max) < 0))
		return bad(b, "restart", policy, "on-failure:N with a number");
	if (flags.rm && b->s->restart != RESTART_NO)
		return err_text(b->e, -EINVAL, "--rm and --restart exclude each other");
	return 0;
}

static int set_network(struct builder *b)
{
	struct manifest_network_use *use;

	if (!flags.network)
		return 0;
	if (str_eq(flags.network, "none") || str_eq(flags.network, "host") ||
	    str_eq(flags.network, "bridge")) {
		b->s->network_mode = copy(flags.network);
		if (b->s->n_ports && !str_eq(flags.network, "bridge"))
			return err_text(b->e, -EINVAL, "-p and --network %s exclude each other",
					flags.network);
		return 0;
	}
	use = arena_array(b->a, 1, sizeof(*use));
	if (!use || !flags.network[0])
		return bad(b, "network", flags.network, "a name, none, host or bridge");
	use->network = copy(flags.network);
	b->s->networks = use;
	b->s->n_networks = 1;
	return 0;
}

static int set_command(struct builder *b, int argc, char **argv)
{
	b->s->image = argv[0];
	if (argc - 1 > CTL_MAX_ARGS)
		return err_text(b->e, -EINVAL, "the command has more than %d words", CTL_MAX_ARGS);
	if (argc > 1) {
		b->s->command = argv + 1;
		b->s->n_command = (size_t)argc - 1;
	}
	if (flags.entrypoint) {
		b->s->entrypoint = arena_array(b->a, 2, sizeof(char *));
		if (!b->s->entrypoint)
			return err_text(b->e, -ENOMEM, "entrypoint");
		/* "" is an empty entrypoint, as in docker */
		b->s->entrypoint[0] = flags.entrypoint[0] ? copy(flags.entrypoint) : NULL;
		b->s->n_entrypoint = flags.entrypoint[0] ? 1 : 0;
		/* and the image's command belongs to the image's entrypoint */
		if (!b->s->command)
			b->s->command = arena_array(b->a, 1, sizeof(char *));
	}
	return 0;
}

int flags_service(int argc, char **argv, struct arena *a, struct manifest_service *ret_service,
		  struct err *e)
{
	struct manifest_service s = {
		.name = copy(flags.name),
		.platform = copy(flags.platform),
		.user = copy(flags.user),
		.working_dir = copy(flags.working_dir),
		.hostname = copy(flags.hostname),
		.read_only = flags.read_only,
		.privileged = flags.privileged,
		.init = flags.init,
		.tty = flags.tty,
		.stdin_open = flags.interactive,
		.cap_add = (char **)(uintptr_t)flags.cap_add.v,
		.cap_drop = (char **)(uintptr_t)flags.cap_drop.v,
		.n_cap_add = flags.cap_add.n,
		.n_cap_drop = flags.cap_drop.n,
	};
	struct builder b = {.a = a, .s = &s, .e = e};
	int r = set_command(&b, argc, argv);
	char mem[IMAGE_PLATFORM_CAP];
	struct image_platform p;

	if (r == 0 && s.platform)
		r = image_platform_parse(s.platform, mem, &p, e);
	if (r == 0 && s.init)
		r = err_text(
			e, -ENOTSUP,
			"--init is not supported yet: put an init such as tini into the image");
	if (r == 0 && s.working_dir && s.working_dir[0] != '/')
		r = bad(&b, "workdir", s.working_dir, "an absolute path");
	if (r == 0)
		r = set_env(&b);
	if (r == 0)
		r = set_ports(&b);
	if (r == 0)
		r = set_mounts(&b);
	for (size_t i = 0; r == 0 && i < flags.security.n; i++)
		r = manifest_parse_security(flags.security.v[i], &s.new_privileges, e);
	if (r == 0)
		r = set_labels(&b);
	if (r == 0)
		r = set_limits(&b);
	if (r == 0)
		r = set_stop(&b);
	if (r == 0)
		r = set_restart(&b);
	if (r == 0)
		r = set_network(&b);
	if (r == 0)
		*ret_service = s;
	return r;
}
