/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container has used, as the document of runc's events that containerd and others read: the names are
 * those of cgroup v1, figures of v2 are put where they belong. Files that the kernel does not have are 0
 * or left out, as there. Nothing of it is trusted: only digits get from a file into the document.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "oci/spec_write.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/fd.h"

#define TEXT_CAP                                                                                   \
	(64 * 1024) /* memory.stat has 4 KiB, percpu lists 20 bytes a CPU, io.stat 100 a device */
#define DIR_TYPE 4  /* DT_DIR */

static char text[TEXT_CAP];

/* the whole file in text[]; "" if there is none */
static const char *load(int dir_fd, const char *file)
{
	if (dir_fd < 0 || cgroup_read(dir_fd, file, text, sizeof(text)) < 0)
		*text = '\0';
	return text;
}

static uint64_t to_number(struct span s)
{
	uint64_t n;

	if (span_eq(s, "max"))
		return UINT64_MAX;
	return num_u64(s, UINT64_MAX, &n) < 0 ? 0 : n;
}

static uint64_t number(int dir_fd, const char *file)
{
	load(dir_fd, file);
	return to_number((struct span){text, strcspn(text, "\n")});
}

static struct span next_line(struct span *rest)
{
	bool more;

	return span_cut(*rest, '\n', rest, &more);
}

static struct span next_word(struct span *rest)
{
	bool more;

	return span_cut(*rest, ' ', rest, &more);
}

/* the number behind "key " in text[] */
static uint64_t keyed(const char *key)
{
	struct span rest = span_of(text);

	while (rest.len) {
		struct span line = next_line(&rest);

		if (span_eq(next_word(&line), key))
			return to_number(line);
	}
	return 0;
}

static void put_list(struct buf *b, const char *key, int dir_fd, const char *file)
{
	struct span rest = span_of(load(dir_fd, file));

	rest = next_line(&rest);
	if (!rest.len)
		return;
	put_open(b, key, '[');
	while (rest.len) {
		struct span word = next_word(&rest);

		if (word.len)
			put_u64(b, NULL, to_number(word));
	}
	buf_putc(b, ']');
}

/* "0-2,5" → [0,1,2,5] */
static void put_ranges(struct buf *b, const char *key, int dir_fd, const char *file)
{
	struct span rest = span_of(load(dir_fd, file));
	bool more = rest.len > 1, range;

	rest = next_line(&rest);
	put_open(b, key, '[');
	while (more) {
		struct span last, first = span_cut(rest, ',', &rest, &more);
		uint64_t from, to;

		first = span_cut(first, '-', &last, &range);
		from = to_number(first);
		to = range ? to_number(last) : from;
		for (; from <= to && to < 65536; from++)
			put_u64(b, NULL, from);
	}
	buf_putc(b, ']');
}

/* "some avg10=0.12 avg60=0.00 avg300=0.00 total=12345" */
static void put_pressure(struct buf *b, int dir_fd, const char *file)
{
	static const char *const names[] = {"avg10", "avg60", "avg300", "total"};
	struct span rest = span_of(load(dir_fd, file));

	if (!rest.len)
		return;
	put_open(b, "psi", '{');
	while (rest.len) {
		struct span line = next_line(&rest), kind = next_word(&line);

		if (!span_eq(kind, "some") && !span_eq(kind, "full"))
			continue;
		put_open(b, span_eq(kind, "some") ? "some" : "full", '{');
		for (size_t i = 0; line.len && i < ARRAY_LEN(names); i++) {
			struct span word = next_word(&line), value;
			bool has;

			span_cut(word, '=', &value, &has);
			put_key(b, names[i]);
			if (value.len && strspn(value.p, "0123456789.") >= value.len)
				buf_put(b, value.p, value.len);
			else
				buf_putc(b, '0');
		}
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static int dir_of(const struct cgroup *c, const char *controller)
{
	const struct cgroup_hierarchy *h =
		c->n && c->h[0].v2 ? &c->h[0] : cgroup_with(c, controller);

	return h ? h->fd : -1;
}

static void put_cpu(struct buf *b, const struct cgroup *c, bool v2)
{
	int cpu = dir_of(c, "cpu"), acct = dir_of(c, "cpuacct");
	uint64_t user, kernel;

	put_open(b, "cpu", '{');
	put_open(b, "usage", '{');
	put_u64(b, "total",
		v2 ? (load(cpu, "cpu.stat"), keyed("usage_usec") * 1000)
		   : number(acct, "cpuacct.usage"));
	if (!v2) {
		put_list(b, "percpu", acct, "cpuacct.usage_percpu");
		put_list(b, "percpu_kernel", acct, "cpuacct.usage_percpu_sys");
		put_list(b, "percpu_user", acct, "cpuacct.usage_percpu_user");
		load(acct, "cpuacct.stat"); /* in hundredths of a second */
		user = keyed("user") * 10000000;
		kernel = keyed("system") * 10000000;
		load(cpu, "cpu.stat");
	} else {
		user = keyed("user_usec") * 1000;
		kernel = keyed("system_usec") * 1000;
	}
	put_u64(b, "kernel", kernel);
	put_u64(b, "user", user);
	buf_putc(b, '}');
	put_open(b, "throttling", '{');
	put_u64(b, "periods", keyed("nr_periods"));
	put_u64(b, "throttledPeriods", keyed("nr_throttled"));
	put_u64(b, "throttledTime", v2 ? keyed("throttled_usec") * 1000 : keyed("throttled_time"));
	buf_putc(b, '}');
	if (v2)
		put_pressure(b, cpu, "cpu.pressure");
	buf_putc(b, '}');
}

static void put_cpuset(struct buf *b, int fd)
{
	static const char *const names[] = {"cpu_exclusive",	  "mem_hardwall",
					    "mem_exclusive",	  "memory_migrate",
					    "memory_spread_page", "memory_spread_slab",
					    "memory_pressure",	  "sched_load_balance"};
	char file[48];
	int64_t level;

	put_open(b, "cpuset", '{');
	if (fd >= 0) {
		put_ranges(b, "cpus", fd, "cpuset.cpus");
		put_ranges(b, "mems", fd, "cpuset.mems");
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(file, sizeof(file), "cpuset.%s", names[i]);
		put_u64(b, names[i], number(fd, file));
	}
	load(fd, "cpuset.sched_relax_domain_level");
	if (num_i64((struct span){text, strcspn(text, "\n")}, -1, INT32_MAX, &level) < 0)
		level = 0;
	put_i64(b, "sched_relax_domain_level", level);
	buf_putc(b, '}');
}

struct memory {
	uint64_t limit, usage, max, failcnt;
};

static void put_memory_entry(struct buf *b, const char *key, struct memory m)
{
	put_open(b, key, '{');
	put_u64(b, "limit", m.limit);
	put_u64(b, "usage", m.usage);
	put_u64(b, "max", m.max);
	put_u64(b, "failcnt", m.failcnt);
	buf_putc(b, '}');
}

static struct memory memory_v1(int fd, const char *kind)
{
	static const char *const ends[] = {"limit_in_bytes", "usage_in_bytes", "max_usage_in_bytes",
					   "failcnt"};
	uint64_t v[4];
	char file[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(file, sizeof(file), "memory.%s%s", kind, ends[i]);
		v[i] = number(fd, file);
	}
	return (struct memory){v[0], v[1], v[2], v[3]};
}

static void put_memory_v2(struct buf *b, int fd)
{
	struct memory m = {number(fd, "memory.max"), number(fd, "memory.current"),
			   number(fd, "memory.peak"), 0};
	struct memory s = {number(fd, "memory.swap.max"), number(fd, "memory.swap.current"), 0, 0};

	put_memory_entry(b, "usage", m);
	/* v1 counts memory and swap together */
	s.limit = m.limit > UINT64_MAX - s.limit ? UINT64_MAX : s.limit + m.limit;
	s.usage += m.usage;
	put_memory_entry(b, "swap", s);
	put_memory_entry(b, "kernel", (struct memory){0});
	put_memory_entry(b, "kernelTCP", (struct memory){0});
}

static void put_memory(struct buf *b, int fd, bool v2)
{
	struct span rest;

	put_open(b, "memory", '{');
	load(fd, "memory.stat");
	put_u64(b, "cache", keyed(v2 ? "file" : "cache"));
	put_open(b, "raw", '{');
	for (rest = span_of(text); rest.len;) {
		struct span line = next_line(&rest), key = next_word(&line);
		char name[64];

		if (key.len && str_copy_n(name, sizeof(name), key.p, key.len) > 0)
			put_u64(b, name, to_number(line));
	}
	buf_putc(b, '}');
	if (v2) {
		put_memory_v2(b, fd);
		put_pressure(b, fd, "memory.pressure");
	} else {
		put_memory_entry(b, "usage", memory_v1(fd, ""));
		put_memory_entry(b, "swap", memory_v1(fd, "memsw."));
		put_memory_entry(b, "kernel", memory_v1(fd, "kmem."));
		put_memory_entry(b, "kernelTCP", memory_v1(fd, "kmem.tcp."));
	}
	buf_putc(b, '}');
}

static void put_io_entry(struct buf *b, struct span device, const char *op, uint64_t value)
{
	struct span minor, major;
	bool has;

	major = span_cut(device, ':', &minor, &has);
	put_open(b, NULL, '{');
	put_u64(b, "major", to_number(major));
	put_u64(b, "minor", to_number(minor));
	put_str(b, "op", op);
	put_u64(b, "value", value);
	buf_putc(b, '}');
}

/* Lines "8:0 Read 123" or "8:0 123", and a sum without a device. Return: number of entries */
static size_t put_io_v1(struct buf *b, const char *key, int fd, const char *file)
{
	struct span rest = span_of(load(fd, file));
	size_t n = 0;

	while (rest.len) {
		struct span line = next_line(&rest), device = next_word(&line);
		char op[16] = "";

		if (!memchr(device.p, ':', device.len))
			continue;
		if (!n++)
			put_open(b, key, '[');
		if (memchr(line.p, ' ', line.len)) {
			struct span word = next_word(&line);

			str_copy_n(op, sizeof(op), word.p, word.len);
		}
		put_io_entry(b, device, *op ? op : NULL, to_number(line));
	}
	if (n)
		buf_putc(b, ']');
	return n;
}

static void put_io_v2(struct buf *b, const char *key, const char *read, const char *write)
{
	struct span rest = span_of(text);

	put_open(b, key, '[');
	while (rest.len) {
		struct span line = next_line(&rest), device = next_word(&line);

		while (line.len) {
			struct span value,
				name = span_cut(next_word(&line), '=', &value, &(bool){0});

			if (span_eq(name, read) || span_eq(name, write))
				put_io_entry(b, device, span_eq(name, read) ? "Read" : "Write",
					     to_number(value));
		}
	}
	buf_putc(b, ']');
}

static void put_io(struct buf *b, int fd, bool v2)
{
	static const char *const tables[][2] = {
		{"ioServiceBytesRecursive", "io_service_bytes_recursive"},
		{"ioServicedRecursive", "io_serviced_recursive"},
		{"ioQueueRecursive", "io_queued_recursive"},
		{"ioServiceTimeRecursive", "io_service_time_recursive"},
		{"ioWaitTimeRecursive", "io_wait_time_recursive"},
		{"ioMergedRecursive", "io_merged_recursive"},
		{"ioTimeRecursive", "time_recursive"},
		{"sectorsRecursive", "sectors_recursive"},
	};
	/* who counts depends on the scheduler: the first that has seen anything */
	static const char *const sources[] = {"blkio.bfq.", "blkio.", "blkio.throttle."};
	char file[64];

	put_open(b, "blkio", '{');
	if (v2) {
		load(fd, "io.stat");
		put_io_v2(b, tables[0][0], "rbytes", "wbytes");
		put_io_v2(b, tables[1][0], "rios", "wios");
		put_pressure(b, fd, "io.pressure");
	}
	for (size_t i = 0; i < ARRAY_LEN(tables) && !v2; i++) {
		for (size_t k = 0; k < ARRAY_LEN(sources); k++) {
			snprintf(file, sizeof(file), "%s%s", sources[k], tables[i][1]);
			if (put_io_v1(b, tables[i][0], fd, file))
				break;
		}
	}
	buf_putc(b, '}');
}

static void put_huge_size(struct buf *b, int fd, uint64_t kib, bool v2)
{
	static const char *const units[] = {"KB", "MB", "GB"};
	static const char *const v1_keys[] = {"usage", "max", "failcnt"};
	static const char *const v1_files[] = {"usage_in_bytes", "max_usage_in_bytes", "failcnt"};
	struct cgroup_hierarchy h = {.fd = fd};
	char size[32], file[80];
	size_t unit = 0;
	const char *rsvd = ".rsvd";

	for (; kib >= 1024 && unit < 2; unit++)
		kib /= 1024;
	snprintf(size, sizeof(size), "%" PRIu64 "%s", kib, units[unit]);
	snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", size, v2 ? "current" : v1_files[0]);
	if (!cgroup_has(&h, file))
		rsvd = "";
	put_open(b, size, '{');
	if (v2) {
		snprintf(file, sizeof(file), "hugetlb.%s%s.current", size, rsvd);
		put_u64(b, "usage", number(fd, file));
		snprintf(file, sizeof(file), "hugetlb.%s.events", size);
		load(fd, file);
		put_u64(b, "failcnt", keyed("max"));
	}
	for (size_t i = 0; i < ARRAY_LEN(v1_files) && !v2; i++) {
		snprintf(file, sizeof(file), "hugetlb.%s%s.%s", size, rsvd, v1_files[i]);
		put_u64(b, v1_keys[i], number(fd, file));
	}
	buf_putc(b, '}');
}

/* Sizes that the machine has: /sys/kernel/mm/hugepages/hugepages-2048kB */
static void put_huge(struct buf *b, int fd, bool v2)
{
	auto_close int dir =
		sys_open(AT_FDCWD, "/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY, 0);
	struct sys_dir d;
	unsigned char type;
	const char *name;

	put_open(b, "hugetlb", '{');
	sys_dir_init(&d, dir);
	while (dir >= 0 && fd >= 0 && sys_dir_next(&d, &name, &type) == 1) {
		size_t digits =
			strspn(str_starts(name, "hugepages-") ? name + 10 : "", "0123456789");
		uint64_t kib;

		if (type == DIR_TYPE && digits &&
		    num_u64((struct span){name + 10, digits}, UINT32_MAX, &kib) == 0)
			put_huge_size(b, fd, kib, v2);
	}
	buf_putc(b, '}');
}

void cgroup_stats(struct buf *b, const struct cgroup *c)
{
	bool v2 = c->n && c->h[0].v2;
	int pids = dir_of(c, "pids");
	uint64_t limit = number(pids, "pids.max");

	buf_putc(b, '{');
	put_cpu(b, c, v2);
	put_cpuset(b, v2 ? -1 : dir_of(c, "cpuset"));
	put_memory(b, dir_of(c, "memory"), v2);
	put_open(b, "pids", '{');
	put_u64(b, "current", number(pids, "pids.current"));
	put_u64(b, "limit", limit == UINT64_MAX ? 0 : limit);
	buf_putc(b, '}');
	put_io(b, dir_of(c, v2 ? "" : "blkio"), v2);
	put_huge(b, dir_of(c, "hugetlb"), v2);
	buf_puts(b, ",\"intel_rdt\":{},\"network_interfaces\":null}");
}
