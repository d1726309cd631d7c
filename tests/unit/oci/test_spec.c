/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "oci/defaults.h"
#include "oci/spec.h"
#include "oci/state.h"

static _Alignas(16) char pool[1024 * 1024], memory[512 * 1024], second[512 * 1024];
static char text[256 * 1024], again[256 * 1024];
static struct arena arena;
static struct err err;

static int read_text(const char *json, struct oci_spec *s)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	return oci_spec_read(span_of(json), pool, sizeof(pool), &arena, s, &err);
}

#define SPEC(process, linux)                                                                       \
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"args\":[\"a\"],"       \
	"\"cwd\":\"/\"" process "},\"linux\":{" linux "}}"

static void reads_what_others_write(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(read_text(SPEC(",\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,"
					"\"additionalGids\":[3,4]},"
					"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_BPF\"]"
					",\"effective\":null},"
					"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,"
					"\"hard\":18446744073709551615}]",
					"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\","
					"\"path\":\"/x\"}],"
					"\"resources\":{\"memory\":{\"limit\":-1},\"pids\":{"
					"\"limit\":7},\"devices\":["
					"{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,"
					"\"type\":\"c\",\"major\":1,\"minor\":3}]}"),
				   &s),
			 0);
	assert_int_equal(s.process.uid, 1);
	assert_int_equal(s.process.umask.v, 18);
	assert_int_equal(s.process.n_groups, 2);
	assert_true(s.process.caps.bounding == (1ULL | 1ULL << 39));
	assert_int_equal(s.process.rlimits[0].resource, RLIMIT_NOFILE);
	assert_true(s.process.rlimits[0].hard == UINT64_MAX);
	assert_true(s.ns[OCI_NS_PID].set && !s.ns[OCI_NS_PID].path);
	assert_string_equal(s.ns[OCI_NS_NET].path, "/x");
	assert_false(s.ns[OCI_NS_MNT].set);
	assert_true(s.resources.mem_limit.set && s.resources.mem_limit.v == -1);
	assert_int_equal(s.resources.pids_limit.v, 7);
	assert_int_equal(s.resources.n_devices, 2);
	assert_int_equal(s.resources.devices[0].type, 'a');
	assert_int_equal(s.resources.devices[0].major, -1);
	assert_true(s.resources.devices[1].allow && s.resources.devices[1].mknod);
}

/* Each must be refused, with this in the text. */
static void refuses_by_name(void **state)
{
	static const struct {
		const char *json, *why;
	} cases[] = {
		{SPEC(",\"user\":{\"uid\":4294967295}", ""), "uid"},
		{SPEC(",\"user\":{\"uid\":-1}", ""), "uid"},
		{SPEC(",\"user\":{\"uid\":\"0\"}", ""), "uid"},
		{SPEC(",\"user\":{\"umask\":512}", ""), "umask"},
		{SPEC(",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]", ""),
		 "RLIMIT_X"},
		{SPEC(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		      "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]",
		      ""),
		 "twice"},
		{SPEC(",\"oomScoreAdj\":1001", ""), "oomScoreAdj"},
		{SPEC(",\"commandLine\":\"x\"", ""), "commandLine: is not supported"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_MOON\"}", ""),
		 "scheduler.policy: \"SCHED_MOON\" is not known"},
		{SPEC(",\"scheduler\":{\"nice\":1}", ""), "scheduler.policy"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}", ""),
		 "scheduler.nice"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}", ""),
		 "for SCHED_FIFO and SCHED_RR only"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}", ""),
		 "scheduler.priority"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"runtime\":1}", ""),
		 "for SCHED_DEADLINE only"},
		{SPEC(",\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}", ""),
		 "flags[0]: \"X\" is not known"},
		{SPEC(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_X\"}", ""), "IOPRIO_CLASS_X"},
		{SPEC(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", ""),
		 "ioPriority.priority"},
		{SPEC(",\"execCPUAffinity\":{\"initial\":\"1-\"}", ""),
		 "initial: \"1-\" is not a list of processors"},
		{SPEC(",\"execCPUAffinity\":{\"final\":\"1024\"}", ""), "final: \"1024\""},
		{SPEC("", "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
			  "\"defaultErrnoRet\":1}"),
		 "defaultErrnoRet: SCMP_ACT_ALLOW takes no errno"},
		{SPEC("", "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
			  "\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]}"),
		 "errnoRet: SCMP_ACT_KILL takes no errno"},
		{SPEC("", "\"namespaces\":[{\"type\":\"moon\"}]"), "\"moon\" is not known"},
		{SPEC("", "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"), "twice"},
		{SPEC("", "\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"), "absolute"},
		{SPEC("", "\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}"),
		 "hugepageLimits"},
		{SPEC("", "\"resources\":{\"unified\":{\"../x.y\":\"1\"}}"),
		 "not the form CONTROLLER.VALUE"},
		{SPEC("", "\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]}"),
		 "access"},
		{SPEC("",
		      "\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\",\"major\":1,\"minor\":1}]"),
		 "absolute"},
		{SPEC("", "\"devices\":[{\"path\":\"/dev/"
			  "x\",\"type\":\"cc\",\"major\":1,\"minor\":1}]"),
		 "none of c"},
		{SPEC("", "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{"
			  "\"names\":[\"a\"],"
			  "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":1,\"op\":"
			  "\"SCMP_CMP_EQ\"}]}]}"),
		 "index"},
		{"{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}", "2.0.0"},
		{"{\"ociVersion\":\"1.0.0\"}", "there is no root"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"args\":[],"
		 "\"cwd\":\"/\"}}",
		 "no command"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"args\":[\"a\"]"
		 ",\"cwd\":\"x\"}}",
		 "absolute"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"hooks\":{\"poststop\":[{"
		 "\"path\":\"x\"}]}}",
		 "absolute"},
		{"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"vm\":{\"kernel\":{}}}",
		 "vm: is not supported"},
	};
	struct oci_spec s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(read_text(cases[i].json, &s) < 0);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.msg, cases[i].why);
	}
}

/* An unknown capability is a warning, an unknown member nothing at all. */
static void tolerates_what_the_spec_wants(void **state)
{
	struct oci_spec s;

	(void)state;
	assert_int_equal(read_text(SPEC(",\"capabilities\":{\"bounding\":[\"CAP_MOON\",\"CAP_"
					"KILL\"]},\"new\":1",
					"\"newer\":{},\"intelRdt\":null,\"resources\":{\"blockIO\":"
					"{},\"network\":{}}"),
				   &s),
			 0);
	assert_string_equal(s.process.caps.unknown, "CAP_MOON");
	assert_true(s.process.caps.bounding == 1ULL << 5);
}

static void reads_lists_of_processors(void **state)
{
	static const struct {
		const char *list;
		int code;
		uint64_t first, last; /* words 0 and 15 */
	} cases[] = {
		{"0", 0, 1, 0},
		{"0-3,7", 0, 0x8f, 0},
		{" 1 , ,2,", 0, 6, 0},
		{"63,1023", 0, UINT64_C(1) << 63, UINT64_C(1) << 63},
		{"0-1023", 0, UINT64_MAX, UINT64_MAX},
		{"", -EINVAL, 0, 0},
		{",", -EINVAL, 0, 0},
		{"3-1", -EINVAL, 0, 0},
		{"-1", -EINVAL, 0, 0},
		{"1-", -EINVAL, 0, 0},
		{"0x1", -EINVAL, 0, 0},
		{"1024", -ERANGE, 0, 0},
		{"0-4294967295", -ERANGE, 0, 0},
	};
	uint64_t mask[OCI_MAX_CPUS / 64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(oci_cpus_parse(cases[i].list, mask), cases[i].code);
		if (cases[i].code)
			continue;
		assert_true(mask[0] == cases[i].first && mask[15] == cases[i].last);
	}
}

static void says_which_memory_is_too_small(void **state)
{
	struct oci_spec s;

	(void)state;
	arena_init(&arena, memory, 16);
	err = (struct err){0};
	assert_int_equal(oci_spec_read(span_of(SPEC("", "")), pool, sizeof(pool), &arena, &s, &err),
			 -EFBIG);
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	assert_int_equal(oci_spec_read(span_of(SPEC("", "")), pool, 128, &arena, &s, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "CONFIG_OCI_CONFIG_KIB"));
}

static void fill_default(struct oci_inputs *in, struct oci_spec *s)
{
	static const char *const args[] = {"/bin/app", "quote\"and\\slash", "\n"}, *const env[] = {
											   "A=b"};
	static const struct oci_bind binds[] = {{"/host/x", "/x", true}, {"/host/y", "/y", false}};
	static const struct oci_tmpfs tmpfs[] = {{"/run", 1 << 20, 0755}, {"/tmp", 0, 0}};
	static const gid_t groups[] = {10, 20};

	*in = (struct oci_inputs){
		.rootfs = "/r",
		.args = args,
		.n_args = 3,
		.env = env,
		.n_env = 1,
		.cwd = "/w",
		.uid = 1000,
		.gid = 1001,
		.groups = groups,
		.n_groups = 2,
		.hostname = "h",
		.read_only = true,
		.net_ns_path = "/proc/7/ns/net",
		.cgroups_path = "/cleat/x",
		.binds = binds,
		.n_binds = 2,
		.tmpfs = tmpfs,
		.n_tmpfs = 2,
		.mem_limit_bytes = 1 << 24,
		.cpus_milli = 1500,
		.pids_limit = 64,
	};
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(oci_spec_default(in, &arena, s, &err), 0);
}

static void default_survives_writing_and_reading(void **state)
{
	struct oci_inputs in;
	struct oci_spec s, back;
	struct arena other;
	struct buf a, b;

	(void)state;
	fill_default(&in, &s);
	buf_init(&a, text, sizeof(text));
	oci_spec_write(&a, &s);
	assert_true(buf_ok(&a));
	arena_init(&other, second, sizeof(second));
	err = (struct err){0};
	assert_int_equal(
		oci_spec_read((struct span){a.p, a.len}, pool, sizeof(pool), &other, &back, &err),
		0);
	buf_init(&b, again, sizeof(again));
	oci_spec_write(&b, &back);
	assert_string_equal(text, again);
	s.resources.pids_limit.set = false; /* the schema wants no empty object here */
	buf_init(&b, again, sizeof(again));
	oci_spec_write(&b, &s);
	assert_null(strstr(again, "\"pids\""));
	assert_string_equal(back.process.args.v[1], "quote\"and\\slash");
	assert_int_equal(back.resources.cpu_quota.v, 150000);
	assert_int_equal(back.resources.mem_swap.v, 1 << 24);
	assert_int_equal(back.n_mounts, 7 + 2 + 2);
	assert_string_equal(back.ns[OCI_NS_NET].path, "/proc/7/ns/net");
	assert_false(back.ns[OCI_NS_USER].set);
}

static void process_and_seccomp_survive_writing_and_reading(void **state)
{
	static const char process[] =
		"\"apparmorProfile\":\"p\",\"selinuxLabel\":\"l\",\"scheduler\":{\"policy\":"
		"\"SCHED_DEADLINE\",\"nice\":-5,\"priority\":0,\"flags\":["
		"\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_UTIL_CLAMP_MAX\"],\"runtime\":1,"
		"\"deadline\":2,\"period\":3},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\","
		"\"priority\":7},\"execCPUAffinity\":{\"initial\":\"0-3\",\"final\":\"1\"}";
	static const char filter[] = "\"listenerPath\":\"/s\",\"listenerMetadata\":\"m\\\"\"";
	char json[2048];
	struct oci_spec s;
	struct buf b;

	(void)state;
	snprintf(json, sizeof(json),
		 SPEC(",%s", "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",%s}"), process,
		 filter);
	assert_int_equal(read_text(json, &s), 0);
	assert_int_equal(s.process.scheduler.policy, 6);
	assert_int_equal(s.process.scheduler.nice, -5);
	assert_int_equal(s.process.scheduler.flags, 0x41);
	assert_int_equal(s.process.io_priority.v, 3 << 13 | 7);
	buf_init(&b, text, sizeof(text));
	oci_spec_write(&b, &s);
	assert_non_null(strstr(text, process));
	assert_non_null(strstr(text, filter));
}

static void capabilities_follow_docker(void **state)
{
	static const char *const all[] = {"ALL"}, *const net[] = {"net_admin"},
				 *const chown[] = {"CAP_CHOWN"}, *const bad[] = {"CAP_MOON"};
	struct oci_inputs in;
	struct oci_spec s;

	(void)state;
	fill_default(&in, &s);
	assert_true(s.process.caps.bounding ==
		    0xa80425fb); /* what /proc/self/status shows in a Docker container */
	assert_true(s.process.caps.effective == 0 && s.process.caps.inheritable == 0);
	in.uid = 0;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), 0);
	assert_true(s.process.caps.effective == 0xa80425fb);
	in.cap_drop = all;
	in.n_cap_drop = 1;
	in.cap_add = net;
	in.n_cap_add = 1;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), 0);
	assert_true(s.process.caps.bounding == 1ULL << 12);
	in.cap_drop = chown;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), 0);
	assert_true(s.process.caps.bounding == ((0xa80425fb | 1ULL << 12) & ~1ULL));
	in.cap_add = all;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), 0);
	assert_true(s.process.caps.bounding == 0x1fffffffffe);
	in.cap_add = bad;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), -EINVAL);
	in.n_cap_add = in.n_cap_drop = 0;
	in.privileged = true;
	assert_int_equal(oci_spec_default(&in, &arena, &s, &err), 0);
	assert_true(s.process.caps.effective == 0x1ffffffffff && !s.seccomp.set &&
		    !s.masked_paths.n);
}

static void state_survives_writing_and_reading(void **state)
{
	char *dirs[] = {(char *)"/sys/fs/cgroup/a", NULL};
	struct oci_kv note[] = {{(char *)"k\"", (char *)"v"}};
	struct oci_state s = {.id = (char *)"x",
			      .bundle = (char *)"/b",
			      .rootfs = (char *)"/b/r",
			      .created = (char *)"2026-01-01T00:00:00Z",
			      .pid = 7,
			      .start_ticks = 99,
			      .own_pid_ns = true,
			      .cgroups = {dirs, 1},
			      .annotations = {note, 1}},
			 back;
	struct buf b;

	(void)state;
	buf_init(&b, text, sizeof(text));
	oci_state_write(&b, &s);
	arena_init(&arena, memory, sizeof(memory));
	assert_int_equal(
		oci_state_read((struct span){b.p, b.len}, pool, sizeof(pool), &arena, &back, &err),
		0);
	assert_int_equal(back.pid, 7);
	assert_true(back.start_ticks == 99 && back.own_pid_ns);
	assert_string_equal(back.cgroups.v[0], "/sys/fs/cgroup/a");
	assert_string_equal(back.annotations.v[0].key, "k\"");
	buf_init(&b, text, sizeof(text));
	oci_state_print(&b, &back, OCI_STOPPED);
	assert_null(strstr(text, "\"pid\""));
	assert_non_null(strstr(text, "\"status\":\"stopped\""));
}

static void ids_are_plain_words(void **state)
{
	static const char *const good[] = {"a", "A-1_b.c+d", "0"}, *const bad[] = {
									   "",	  ".",	 "..", ".x",
									   "a/b", "a b", "\n", "é"};
	char too_long[OCI_ID_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(oci_id_check(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(oci_id_check(bad[i], NULL), -EINVAL);
	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(oci_id_check(too_long, NULL), -EINVAL);
	assert_int_equal(oci_id_check(too_long + 1, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_others_write),
		cmocka_unit_test(refuses_by_name),
		cmocka_unit_test(tolerates_what_the_spec_wants),
		cmocka_unit_test(reads_lists_of_processors),
		cmocka_unit_test(says_which_memory_is_too_small),
		cmocka_unit_test(default_survives_writing_and_reading),
		cmocka_unit_test(process_and_seccomp_survive_writing_and_reading),
		cmocka_unit_test(capabilities_follow_docker),
		cmocka_unit_test(state_survives_writing_and_reading),
		cmocka_unit_test(ids_are_plain_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
