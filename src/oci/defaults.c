/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's default container. The lists are those of moby 28 (daemon/pkg/oci/defaults.go) and runc
 * 1.3; a test compares the effect inside a container with what Debian's runtimes give.
 */
#include "oci/defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "sys/fd.h"

#define CPUS	 "/sys/devices/system/cpu"
#define MAX_CPUS 512

#define STRS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct default_mount {
	const char *destination, *type, *source;
	const char *const *options;
};

static const struct default_mount mounts[] = {
	{"/proc", "proc", "proc", STRS("nosuid", "noexec", "nodev")},
	{"/dev", "tmpfs", "tmpfs", STRS("nosuid", "strictatime", "mode=755", "size=65536k")},
	{"/dev/pts", "devpts", "devpts",
	 STRS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")},
	{"/sys", "sysfs", "sysfs", STRS("nosuid", "noexec", "nodev", "ro")},
	{"/sys/fs/cgroup", "cgroup", "cgroup", STRS("ro", "nosuid", "noexec", "nodev")},
	{"/dev/mqueue", "mqueue", "mqueue", STRS("nosuid", "noexec", "nodev")},
	{"/dev/shm", "tmpfs", "shm", STRS("nosuid", "noexec", "nodev", "mode=1777")},
};

static const char *const masked[] = {
	"/proc/acpi",	    "/proc/asound",	 "/proc/interrupts",
	"/proc/kcore",	    "/proc/keys",	 "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",	    "/sys/firmware",	 "/sys/devices/virtual/powercap",
};

static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					"/proc/sysrq-trigger"};

/* Order matters: the first rule forbids everything. Pseudo terminals and the console come with the runtime. */
static const struct oci_device_rule device_rules[] = {
	{false, 'a', -1, -1, true, true, true},	 {true, 'c', -1, -1, false, false, true},
	{true, 'b', -1, -1, false, false, true}, {true, 'c', 1, 3, true, true, true}, /* null */
	{true, 'c', 1, 5, true, true, true},					      /* zero */
	{true, 'c', 1, 7, true, true, true},					      /* full */
	{true, 'c', 1, 8, true, true, true},					      /* random */
	{true, 'c', 1, 9, true, true, true},					      /* urandom */
	{true, 'c', 5, 0, true, true, true},					      /* tty */
	{true, 'c', 5, 1, true, true, true},					      /* console */
	{true, 'c', 5, 2, true, true, true},					      /* ptmx */
	{true, 'c', 136, -1, true, true, true},					      /* pts */
};

static const struct oci_device_rule every_device = {true, 'a', -1, -1, true, true, true};

/* char ** of the model; the model never writes through it when it came from here */
static char *borrow(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int strs_of(struct arena *a, const char *const *v, size_t n, struct oci_strs *ret)
{
	ret->v = arena_array(a, n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ret->v[i] = borrow(v[i]);
	ret->n = n;
	return 0;
}

/* Each processor tells how hot it gets: so does what others compute on it. */
size_t oci_throttled_cpus(const char *cpus_path)
{
	char path[96];
	struct stat st;
	size_t n = 0;

	while (n < MAX_CPUS &&
	       str_printf(path, sizeof(path), "%s/cpu%zu/thermal_throttle", cpus_path, n) > 0 &&
	       sys_statat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		n++;
	return n;
}

static int mask(struct arena *a, struct oci_strs *ret)
{
	size_t fixed = ARRAY_LEN(masked), n = fixed + oci_throttled_cpus(CPUS);

	ret->v = arena_array(a, n + 1, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		ret->v[i] = i < fixed ? borrow(masked[i])
				      : arena_printf(a, CPUS "/cpu%zu/thermal_throttle", i - fixed);
		if (!ret->v[i])
			return -ENOMEM;
	}
	ret->n = n;
	return 0;
}

static size_t count(const char *const *v)
{
	size_t n = 0;

	while (v[n])
		n++;
	return n;
}

static int add_mount(struct arena *a, struct oci_spec *s, const struct default_mount *m,
		     const char *extra, bool writable)
{
	size_t n = count(m->options), kept = 0;
	struct oci_mount *d = &s->mounts[s->n_mounts];

	d->destination = borrow(m->destination);
	d->type = borrow(m->type);
	d->source = borrow(m->source);
	d->options.v = arena_array(a, n + 2, sizeof(*d->options.v));
	if (!d->options.v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!writable || strcmp(m->options[i], "ro") != 0)
			d->options.v[kept++] = borrow(m->options[i]);
	if (extra)
		d->options.v[kept++] = borrow(extra);
	d->options.n = kept;
	s->n_mounts++;
	return 0;
}

static int fill_mounts(const struct oci_inputs *in, struct arena *a, struct oci_spec *s)
{
	size_t max = ARRAY_LEN(mounts) + in->n_tmpfs + in->n_binds;
	unsigned long long shm = in->shm_bytes ? in->shm_bytes : 64ULL << 20;
	int r = 0;

	s->mounts = arena_array(a, max, sizeof(*s->mounts));
	if (!s->mounts)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(mounts) && !r; i++) {
		const char *extra = NULL;

		if (!strcmp(mounts[i].destination, "/dev/shm")) {
			extra = arena_printf(a, "size=%llu", shm);
			if (!extra)
				return -ENOMEM;
		}
		r = add_mount(a, s, &mounts[i], extra, in->privileged);
	}
	for (size_t i = 0; i < in->n_tmpfs && !r; i++) {
		const struct oci_tmpfs *t = &in->tmpfs[i];
		const char *extra =
			arena_printf(a, "mode=%o%s%.0llu", t->mode ? t->mode : 01777,
				     t->bytes ? ",size=" : "", (unsigned long long)t->bytes);
		struct default_mount m = {t->destination, "tmpfs", "tmpfs",
					  STRS("nosuid", "nodev", "noexec")};

		r = extra ? add_mount(a, s, &m, extra, false) : -ENOMEM;
	}
	for (size_t i = 0; i < in->n_binds && !r; i++) {
		struct default_mount m = {in->binds[i].destination, "bind", in->binds[i].source,
					  STRS("rbind", "rprivate")};

		r = add_mount(a, s, &m, in->binds[i].read_only ? "ro" : NULL, false);
	}
	return r;
}

static int cap_list(const char *const *names, size_t n, uint64_t *ret_set, struct err *e)
{
	*ret_set = 0;
	for (size_t i = 0; i < n; i++) {
		int cap = oci_cap_number(names[i]);

		if (!strcasecmp(names[i], "ALL"))
			*ret_set = ~UINT64_C(0);
		else if (cap < 0)
			return err_text(e, -EINVAL, "capability \"%.64s\" is not known", names[i]);
		else
			*ret_set |= UINT64_C(1) << cap;
	}
	return 0;
}

static uint64_t known_caps(void)
{
	unsigned int n = 0;

	while (oci_cap_name(n))
		n++;
	return (UINT64_C(1) << n) - 1;
}

/* As Docker: ALL in one list is the base that the other list changes. */
static int fill_caps(const struct oci_inputs *in, struct oci_process *p, struct err *e)
{
	uint64_t add, drop, set = OCI_DEFAULT_CAPS;
	int r;

	r = cap_list(in->cap_add, in->n_cap_add, &add, e);
	if (!r)
		r = cap_list(in->cap_drop, in->n_cap_drop, &drop, e);
	if (r)
		return r;
	if (in->privileged)
		set = known_caps();
	else if (~drop == 0)
		set = add;
	else
		set = (set | add) & ~drop;
	set &= known_caps();
	p->caps =
		(struct oci_caps){.set = true, .bounding = set, .effective = set, .permitted = set};
	/* CVE-2022-29162: inheritable stays empty. A user other than root starts without any. */
	if (in->uid != 0)
		p->caps.effective = p->caps.permitted = 0;
	return 0;
}

static int fill_process(const struct oci_inputs *in, struct arena *a, struct oci_spec *s,
			struct err *e)
{
	struct oci_process *p = &s->process;
	int r;

	p->set = true;
	p->terminal = in->tty;
	p->uid = in->uid;
	p->gid = in->gid;
	p->n_groups = in->n_groups;
	p->cwd = borrow(in->cwd ? in->cwd : "/");
	p->no_new_privs = in->no_new_privs;
	if (in->n_groups) {
		p->groups = arena_array(a, in->n_groups, sizeof(*p->groups));
		if (!p->groups)
			return -ENOMEM;
		memcpy(p->groups, in->groups, in->n_groups * sizeof(*p->groups));
	}
	r = strs_of(a, in->args, in->n_args, &p->args);
	if (!r)
		r = strs_of(a, in->env, in->n_env, &p->env);
	return r ? r : fill_caps(in, p, e);
}

static int fill_resources(const struct oci_inputs *in, struct arena *a, struct oci_spec *s)
{
	struct oci_resources *r = &s->resources;
	size_t n = in->privileged ? 1 : ARRAY_LEN(device_rules);

	r->devices = arena_array(a, n, sizeof(*r->devices));
	if (!r->devices)
		return -ENOMEM;
	memcpy(r->devices, in->privileged ? &every_device : device_rules, n * sizeof(*r->devices));
	r->n_devices = n;
	if (in->mem_limit_bytes)
		r->mem_limit = r->mem_swap = (struct oci_num){true, (int64_t)in->mem_limit_bytes};
	if (in->cpus_milli) {
		r->cpu_period = (struct oci_num){true, 100000};
		r->cpu_quota = (struct oci_num){true, (int64_t)in->cpus_milli * 100};
	}
	if (in->pids_limit)
		r->pids_limit = (struct oci_num){true, (int64_t)in->pids_limit};
	return 0;
}

int oci_spec_default(const struct oci_inputs *in, struct arena *a, struct oci_spec *ret_spec,
		     struct err *e)
{
	struct oci_spec s = {.version = borrow(OCI_VERSION)};
	int r;

	s.root_path = borrow(in->rootfs);
	s.root_readonly = in->read_only;
	s.hostname = borrow(in->hostname);
	s.cgroups_path = borrow(in->cgroups_path);
	for (size_t k = 0; k < OCI_NS_COUNT; k++)
		s.ns[k].set = k != OCI_NS_USER && k != OCI_NS_TIME;
	s.ns[OCI_NS_NET].set = !in->host_network;
	s.ns[OCI_NS_NET].path = in->host_network ? NULL : borrow(in->net_ns_path);
	s.annotations.v = arena_array(a, in->n_annotations + 1, sizeof(*s.annotations.v));
	if (!s.annotations.v)
		return err_set(e, -ENOMEM, "default configuration");
	for (size_t i = 0; i < in->n_annotations; i++)
		s.annotations.v[i] = in->annotations[i];
	s.annotations.n = in->n_annotations;
	r = fill_process(in, a, &s, e);
	if (r == -EINVAL)
		return r;
	if (!r)
		r = fill_mounts(in, a, &s);
	if (!r)
		r = fill_resources(in, a, &s);
	if (!r && !in->privileged)
		r = mask(a, &s.masked_paths);
	if (!r && !in->privileged)
		r = strs_of(a, read_only, ARRAY_LEN(read_only), &s.readonly_paths);
	if (!r && !in->privileged)
		r = oci_seccomp_default(s.process.caps.bounding, a, &s.seccomp);
	if (r)
		return err_set(e, r, "default configuration");
	*ret_spec = s;
	return 0;
}
