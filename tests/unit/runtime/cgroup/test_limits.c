/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which file gets what, for limits of both versions: written into a folder of plain files, which takes
 * what controllers of the machine may not have. What the kernel makes of it is for the stories.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cgroup/cgroup.h"

static _Alignas(16) char pool[256 * 1024], memory[64 * 1024];
static char folder[] = "/tmp/cleat-limits-XXXXXX";
static char controllers[] = "cpu,cpuset,memory,pids,blkio,hugetlb,rdma,net_cls,net_prio,devices";
static struct err err;

static int limit(bool v2, const char *json)
{
	struct cgroup_hierarchy h = {
		.mount = folder, .path = folder, .controllers = controllers, .v2 = v2};
	struct cgroup c = {.ops = v2 ? &cgroup_v2_ops : &cgroup_v1_ops, .n = 1};
	struct oci_resources res;
	struct arena arena;
	int r;

	err = (struct err){0};
	arena_init(&arena, memory, sizeof(memory));
	r = oci_resources_read(span_of(json), pool, sizeof(pool), &arena, &res, &err);
	if (r < 0)
		return r;
	h.fd = open(folder, O_PATH | O_DIRECTORY);
	c.h[0] = h;
	c.devices = strstr(json, "devices");
	r = c.ops->limit(&c, &res, &err);
	close(h.fd);
	return r;
}

/* @files: names of files that there are, separated by blanks */
static void make_files(const char *files)
{
	char name[64];

	while (*files) {
		size_t len = strcspn(files, " ");

		snprintf(name, sizeof(name), "%.*s", (int)len, files);
		close(open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600));
		files += len;
		files += strspn(files, " ");
	}
}

static void remove_files(void)
{
	assert_int_equal(system("rm -f ./*"), 0);
}

static const char *content(const char *file)
{
	static char text[128];
	int fd = open(file, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void writes_what_is_asked_for(void **state)
{
	static const struct {
		bool v2;
		const char *json;
		struct {
			const char *file, *want;
		} out[2];
	} cases[] = {
		/* memory */
		{false, "{\"memory\":{\"limit\":1000}}", {{"memory.limit_in_bytes", "1000"}}},
		{false,
		 "{\"memory\":{\"limit\":1000,\"swap\":3000}}",
		 {{"memory.memsw.limit_in_bytes", "3000"}, {"memory.limit_in_bytes", "1000"}}},
		{false,
		 "{\"memory\":{\"limit\":-1}}",
		 {{"memory.memsw.limit_in_bytes", "-1"}, {"memory.limit_in_bytes", "-1"}}},
		{false, "{\"memory\":{\"limit\":-1}}", {{"memory.limit_in_bytes", "-1"}}},
		{false, "{\"memory\":{\"reservation\":5}}", {{"memory.soft_limit_in_bytes", "5"}}},
		{false, "{\"memory\":{\"swappiness\":0}}", {{"memory.swappiness", "0"}}},
		{false, "{\"memory\":{\"disableOOMKiller\":true}}", {{"memory.oom_control", "1"}}},
		{false, "{\"memory\":{\"useHierarchy\":false}}", {{"memory.use_hierarchy", "0"}}},
		{true, "{\"memory\":{\"limit\":1000}}", {{"memory.max", "1000"}}},
		{true,
		 "{\"memory\":{\"limit\":1000,\"swap\":3000}}",
		 {{"memory.swap.max", "2000"}, {"memory.max", "1000"}}},
		{true,
		 "{\"memory\":{\"limit\":1000,\"swap\":1000}}",
		 {{"memory.swap.max", "0"}, {"memory.max", "1000"}}},
		{true,
		 "{\"memory\":{\"limit\":1000,\"swap\":-1}}",
		 {{"memory.swap.max", "max"}, {"memory.max", "1000"}}},
		{true,
		 "{\"memory\":{\"limit\":-1}}",
		 {{"memory.swap.max", "max"}, {"memory.max", "max"}}},
		{true, "{\"memory\":{\"limit\":-1}}", {{"memory.max", "max"}}},
		{true, "{\"memory\":{\"reservation\":5}}", {{"memory.low", "5"}}},
		{true, "{\"memory\":{\"useHierarchy\":true,\"limit\":9}}", {{"memory.max", "9"}}},
		{true, "{\"memory\":{\"swap\":0}}", {{"memory.swap.max", "0"}}},
		/* devices: those that every container may use come last */
		{false,
		 "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}",
		 {{"devices.allow", "c 136:* rwm"}}},
		{false,
		 "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]}",
		 {{"devices.deny", "a"}, {"devices.allow", "c 136:* rwm"}}},
		{false,
		 "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"major\":9,\"access\":\"w\"}]}",
		 {{"devices.deny", "c 9:* w"}, {"devices.allow", "c 136:* rwm"}}},
		{false,
		 "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"type\":\"b\",\"major\":8,\"access\":\"rm\"}]}",
		 {{"devices.deny", "b 8:* rm"}, {"devices.allow", "c 136:* rwm"}}},
		/* cpu */
		{false, "{\"cpu\":{\"shares\":512}}", {{"cpu.shares", "512"}}},
		{false, "{\"cpu\":{\"quota\":20000}}", {{"cpu.cfs_quota_us", "20000"}}},
		{false,
		 "{\"cpu\":{\"quota\":-1,\"period\":5000}}",
		 {{"cpu.cfs_quota_us", "-1"}, {"cpu.cfs_period_us", "5000"}}},
		{false, "{\"cpu\":{\"burst\":0}}", {{"cpu.cfs_burst_us", "0"}}},
		{false, "{\"cpu\":{\"idle\":1}}", {{"cpu.idle", "1"}}},
		{false, "{\"cpu\":{\"idle\":0}}", {{"cpu.idle", "0"}}},
		{false,
		 "{\"cpu\":{\"realtimeRuntime\":9,\"realtimePeriod\":10}}",
		 {{"cpu.rt_runtime_us", "9"}, {"cpu.rt_period_us", "10"}}},
		{false,
		 "{\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}}",
		 {{"cpuset.cpus", "0-1"}, {"cpuset.mems", "0"}}},
		{true, "{\"cpu\":{\"shares\":1024}}", {{"cpu.weight", "100"}}},
		{true, "{\"cpu\":{\"shares\":2}}", {{"cpu.weight", "1"}}},
		{true, "{\"cpu\":{\"shares\":262144}}", {{"cpu.weight", "10000"}}},
		{true, "{\"cpu\":{\"quota\":20000}}", {{"cpu.max", "20000 100000"}}},
		{true, "{\"cpu\":{\"period\":50000}}", {{"cpu.max", "max 50000"}}},
		{true, "{\"cpu\":{\"quota\":-1,\"period\":50000}}", {{"cpu.max", "max 50000"}}},
		{true, "{\"cpu\":{\"burst\":7}}", {{"cpu.max.burst", "7"}}},
		{true,
		 "{\"cpu\":{\"shares\":100,\"idle\":1}}",
		 {{"cpu.idle", "1"}, {"cpu.weight", "17"}}},
		{true,
		 "{\"cpu\":{\"cpus\":\"1\",\"mems\":\"0\"}}",
		 {{"cpuset.cpus", "1"}, {"cpuset.mems", "0"}}},
		/* pids */
		{false, "{\"pids\":{\"limit\":7}}", {{"pids.max", "7"}}},
		{false, "{\"pids\":{\"limit\":-1}}", {{"pids.max", "max"}}},
		{true, "{\"pids\":{\"limit\":-1}}", {{"pids.max", "max"}}},
		/* block I/O: which file the scheduler left there decides */
		{false, "{\"blockIO\":{\"weight\":300}}", {{"blkio.weight", "300"}}},
		{false, "{\"blockIO\":{\"weight\":300}}", {{"blkio.bfq.weight", "300"}}},
		{false, "{\"blockIO\":{\"leafWeight\":20}}", {{"blkio.leaf_weight", "20"}}},
		{false,
		 "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":16,\"weight\":40}]}}",
		 {{"blkio.bfq.weight_device", "8:16 40"}}},
		{false,
		 "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":40,\"leafWeight\":50}]}}",
		 {{"blkio.leaf_weight_device", "8:0 50"}, {"blkio.bfq.weight_device", "8:0 40"}}},
		{false,
		 "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":99}]}}",
		 {{"blkio.throttle.read_bps_device", "8:0 99"}}},
		{false,
		 "{\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}}",
		 {{"blkio.throttle.write_iops_device", "8:0 0"}}},
		{true, "{\"blockIO\":{\"weight\":750}}", {{"io.weight", "7475"}}},
		{true, "{\"blockIO\":{\"weight\":10}}", {{"io.weight", "1"}}},
		{true, "{\"blockIO\":{\"weight\":1000}}", {{"io.weight", "10000"}}},
		{true, "{\"blockIO\":{\"weight\":750}}", {{"io.bfq.weight", "750"}}},
		{true,
		 "{\"blockIO\":{\"weightDevice\":[{\"major\":7,\"minor\":1,\"weight\":444}]}}",
		 {{"io.bfq.weight", "7:1 444"}}},
		{true,
		 "{\"blockIO\":{\"weightDevice\":[{\"major\":7,\"minor\":1,\"weight\":10}]}}",
		 {{"io.weight", "7:1 1"}}},
		{true,
		 "{\"blockIO\":{\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":99}]}}",
		 {{"io.max", "8:0 wbps=99"}}},
		{true,
		 "{\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":0}]}}",
		 {{"io.max", "8:0 riops=max"}}},
		/* huge pages, network, RDMA, whatever */
		{false,
		 "{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}]}",
		 {{"hugetlb.2MB.limit_in_bytes", "4194304"}}},
		{true,
		 "{\"hugepageLimits\":[{\"pageSize\":\"1GB\",\"limit\":0}]}",
		 {{"hugetlb.1GB.max", "0"}, {"hugetlb.1GB.rsvd.max", "0"}}},
		{false, "{\"network\":{\"classID\":1048577}}", {{"net_cls.classid", "1048577"}}},
		{false,
		 "{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]}}",
		 {{"net_prio.ifpriomap", "eth0 5"}}},
		{false,
		 "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}",
		 {{"rdma.max", "mlx5_1 hca_handle=3 hca_object=10000"}}},
		{true,
		 "{\"rdma\":{\"mlx4_0\":{\"hcaObjects\":1000}}}",
		 {{"rdma.max", "mlx4_0 hca_object=1000"}}},
		{true,
		 "{\"memory\":{\"limit\":5},\"unified\":{\"memory.max\":\"9\",\"memory.high\":\"8\"}}",
		 {{"memory.max", "9"}, {"memory.high", "8"}}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t k = 0; k < 2 && cases[i].out[k].file; k++)
			make_files(cases[i].out[k].file);
		if (limit(cases[i].v2, cases[i].json) < 0)
			fail_msg("%s: %s", cases[i].json, err.msg);
		for (size_t k = 0; k < 2 && cases[i].out[k].file; k++) {
			const char *file = cases[i].out[k].file;

			if (!str_eq(content(file), cases[i].out[k].want))
				fail_msg("%s: %s holds \"%s\"", cases[i].json, file, content(file));
		}
		remove_files();
	}
}

/* What asks for nothing writes nothing: there is no file to write to. */
static void leaves_alone_what_is_not_set(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0,\"disableOOMKiller\":false}}",
		"{\"cpu\":{\"shares\":0,\"quota\":0,\"period\":0,\"cpus\":\"\",\"mems\":\"\"}}",
		"{\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":0,\"weightDevice\":[]}}",
		"{\"memory\":{\"kernel\":5000,\"kernelTCP\":5000,\"checkBeforeUpdate\":true}}",
		"{\"network\":{\"classID\":0},\"rdma\":{},\"hugepageLimits\":[]}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases) * 2; i++)
		if (limit(i % 2, cases[i / 2]) < 0)
			fail_msg("v%zu %s: %s", i % 2 + 1, cases[i / 2], err.msg);
}

/* Each is an error that says which file or member, and of which version. */
static void refuses_by_name(void **state)
{
	static const struct {
		bool v2;
		const char *json, *files, *why;
	} cases[] = {
		{false, "{\"memory\":{\"swappiness\":5}}", "", "cgroup v1: write \"5\" to "},
		{true, "{\"pids\":{\"limit\":5}}", "", "/pids.max: No such file"},
		{true, "{\"pids\":{\"limit\":5}}", "", "cgroup v2"},
		{true, "{\"memory\":{\"swappiness\":5}}", "",
		 "linux.resources.memory.swappiness does not exist in cgroup v2"},
		{true, "{\"memory\":{\"disableOOMKiller\":true}}", "",
		 "disableOOMKiller does not exist"},
		{true, "{\"memory\":{\"useHierarchy\":false}}", "", "hierarchically"},
		{true, "{\"cpu\":{\"realtimeRuntime\":5}}", "",
		 "cpu.realtimeRuntime does not exist"},
		{true, "{\"blockIO\":{\"leafWeight\":5}}", "", "blockIO.leafWeight does not exist"},
		{true,
		 "{\"blockIO\":{\"weightDevice\":[{\"major\":7,\"minor\":1,\"leafWeight\":5}]}}",
		 "", "leafWeight does not exist in cgroup v2"},
		{true, "{\"network\":{\"classID\":5}}", "", "network.classID does not exist"},
		{true, "{\"network\":{\"priorities\":[{\"name\":\"x\",\"priority\":5}]}}", "",
		 "network.priorities does not exist"},
		{false, "{\"unified\":{\"memory.high\":\"5\"}}", "", "unified needs cgroup v2"},
		{true, "{\"memory\":{\"swap\":5}}", "memory.swap.max", "needs one of memory"},
		{true, "{\"unified\":{\"foo.bar\":\"5\"}}", "cgroup.controllers",
		 "the requested cgroup controller `foo` is not available"},
		{true, "{\"unified\":{\"cgroup.nosuch\":\"5\"}}", "cgroup.controllers",
		 "cgroup.nosuch: No such file"},
		{true, "{\"memory\":{\"checkBeforeUpdate\":true,\"limit\":4}}",
		 "memory.max memory.current", "rejecting memory limit 4 <= usage 4096"},
		{true, "{\"memory\":{\"checkBeforeUpdate\":true,\"limit\":4,\"swap\":5}}",
		 "memory.max memory.current", "rejecting memory+swap limit 5 <= usage 4096"},
		/* what the kernel of v1 would pass over without a word */
		{false,
		 "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"b\",\"major\":8,\"access\":\"rw\"},"
		 "{\"allow\":false,\"type\":\"b\",\"major\":8,\"minor\":1,\"access\":\"w\"}]}",
		 "devices.allow devices.deny",
		 "\"b 8:1 w\" cannot be written to devices.deny: it would take a part out"},
		{false,
		 "{\"devices\":[{\"allow\":true,\"access\":\"rwm\"},{\"allow\":false,\"access\":\"w\"}]}",
		 "devices.allow devices.deny", "\"c 1:3 rwm\" cannot be written to devices.allow"},
		/* refused while reading */
		{false, "{\"hugepageLimits\":[{\"pageSize\":\"2M/\",\"limit\":1}]}", "",
		 "not a size"},
		{false, "{\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]}", "",
		 "not a size"},
		{false, "{\"network\":{\"priorities\":[{\"name\":\"a 1\\nb\",\"priority\":1}]}}",
		 "", "not a name"},
		{false, "{\"rdma\":{\"a b\":{\"hcaHandles\":1}}}", "", "not a name"},
		{false, "{\"blockIO\":{\"weight\":1001}}", "", "blockIO.weight"},
		{false, "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"rate\":1}]}}", "",
		 "minor"},
		{false, "{\"cpu\":{\"idle\":2}}", "", "cpu.idle"},
		{false, "{\"cpu\":{\"shares\":-1}}", "", "cpu.shares"},
		{false, "{\"unified\":{\"x/y.z\":\"1\"}}", "",
		 "not the form CONTROLLER.VALUE `x/y.z`"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		make_files(cases[i].files);
		if (strstr(cases[i].files, "memory.current")) {
			int fd = open("memory.current", O_WRONLY);

			assert_int_equal(write(fd, "4096\n", 5), 5);
			close(fd);
		}
		if (limit(cases[i].v2, cases[i].json) >= 0)
			fail_msg("%s is taken", cases[i].json);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("%s: \"%s\"", cases[i].json, err.msg);
		remove_files();
	}
	controllers[0] = 'x';
	assert_int_equal(limit(false, "{\"cpu\":{\"shares\":5}}"), -EOPNOTSUPP);
	assert_string_equal(err.msg, "cgroup v1: no cpu controller here, cpu.shares is asked for");
	controllers[0] = 'c';
}

/* The curve, for every number of shares, against libm. */
static void converts_shares_as_the_others(void **state)
{
	(void)state;
	assert_int_equal(cgroup_weight(0), 1);
	assert_int_equal(cgroup_weight(1), 1);
	assert_int_equal(cgroup_weight(1024), 100);
	assert_int_equal(cgroup_weight(1 << 20), 10000);
	for (int shares = 3; shares < 262144; shares++) {
		double l = log2(shares), w = pow(10, (l * l + 125 * l) / 612 - 7.0 / 34);
		int64_t want = (int64_t)ceil(w - 1e-7);

		if (cgroup_weight(shares) != want)
			fail_msg("%d shares: %d, not %d", shares, (int)cgroup_weight(shares),
				 (int)want);
	}
}

/* What is read is written, and read again the same; an update changes what it names. */
static void merges(void **state)
{
	static const char all[] =
		"{\"devices\":[{\"allow\":true,\"type\":\"c\",\"major\":1,\"access\":\"rw\"}],"
		"\"memory\":{\"limit\":1,\"reservation\":2,\"swap\":3,\"kernel\":4,\"kernelTCP\":5,"
		"\"swappiness\":6,\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":true},"
		"\"cpu\":{\"shares\":7,\"quota\":8,\"period\":9,\"burst\":10,\"idle\":1,\"realtimeRuntime\":11,"
		"\"realtimePeriod\":12,\"cpus\":\"0\",\"mems\":\"1\"},\"pids\":{\"limit\":13},"
		"\"blockIO\":{\"weight\":14,\"leafWeight\":15,\"weightDevice\":[{\"major\":8,\"minor\":1,"
		"\"weight\":16,\"leafWeight\":17}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":18}],"
		"\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":3,\"rate\":19}],"
		"\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":4,\"rate\":20}],"
		"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":5,\"rate\":21}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":22}],"
		"\"network\":{\"classID\":23,\"priorities\":[{\"name\":\"a\",\"priority\":24}]},"
		"\"rdma\":{\"m\":{\"hcaHandles\":25,\"hcaObjects\":26}},\"unified\":{\"a.b\":\"c\"}}";
	static const char more[] =
		"{\"memory\":{\"limit\":100},\"cpu\":{\"cpus\":\"3\",\"idle\":0},\"blockIO\":{\"weightDevice\":["
		"{\"major\":8,\"minor\":1,\"weight\":160},{\"major\":9,\"minor\":1,\"weight\":30}],"
		"\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":2,\"rate\":180},"
		"{\"major\":9,\"minor\":9,\"rate\":1}]}}";
	static char text[4096];
	struct oci_resources r, m;
	struct arena arena;
	struct buf b;

	(void)state;
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(oci_resources_read(span_of(all), pool, sizeof(pool), &arena, &r, &err), 0);
	buf_init(&b, text, sizeof(text));
	oci_resources_write(&b, &r);
	assert_true(buf_ok(&b));
	assert_string_equal(text, all);
	assert_int_equal(oci_resources_read(span_of(more), pool, sizeof(pool), &arena, &m, &err),
			 0);
	assert_int_equal(oci_resources_merge(&r, &m, &arena), 0);
	assert_int_equal(r.mem_limit.v, 100);
	assert_int_equal(r.mem_swap.v, 3);
	assert_int_equal(r.cpu_idle.v, 0);
	assert_string_equal(r.cpu_cpus, "3");
	assert_string_equal(r.cpu_mems, "1");
	assert_int_equal(r.n_io_weights, 2);
	assert_int_equal(r.io_weights[0].weight.v, 160);
	assert_int_equal(r.io_weights[0].leaf_weight.v, 17);
	assert_int_equal(r.io_weights[1].weight.v, 30);
	assert_int_equal(r.io_rates[OCI_READ_BPS].n, 2);
	assert_int_equal(r.io_rates[OCI_READ_BPS].v[0].rate, 180);
	assert_int_equal(r.io_rates[OCI_WRITE_BPS].v[0].rate, 19);
	assert_int_equal(r.n_devices, 1);
	assert_int_equal(r.unified.n, 1);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_is_asked_for),
		cmocka_unit_test(leaves_alone_what_is_not_set),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(converts_shares_as_the_others),
		cmocka_unit_test(merges),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
