/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources: what a container may use. Read from config.json. */
#include "oci/spec_read.h"

#include <errno.h>
#include <string.h>

static void read_device_rules(const struct json *v, struct oci_resources *r)
{
	struct json_iter it = {0};
	struct json c;

	r->devices = oci_json_array(v, OCI_MAX_RULES, sizeof(*r->devices), &r->n_devices);
	for (size_t i = 0; i < r->n_devices && json_next(v, &it, &c); i++) {
		struct json allow = json_get(&c, "allow"), type = json_get(&c, "type");
		struct json major = json_get(&c, "major"), minor = json_get(&c, "minor");
		struct json access = json_get(&c, "access");
		const char *t = json_str_opt(&type), *rwm = json_str_opt(&access);
		struct oci_device_rule *d = &r->devices[i];

		if (str_empty(t))
			t = "a";
		if (strlen(t) != 1 || !strchr("abc", *t))
			json_fail(&type, -EINVAL, "\"%.16s\" is none of a, b, c", t);
		if (str_empty(rwm))
			rwm = "rwm";
		if (strspn(rwm, "rwm") != strlen(rwm))
			json_fail(&access, -EINVAL, "\"%.16s\" holds more than r, w, m", rwm);
		d->allow = json_bool_opt(&allow, false);
		d->type = *t;
		d->major = json_i64_opt(&major, -1, UINT32_MAX, -1);
		d->minor = json_i64_opt(&minor, -1, UINT32_MAX, -1);
		d->read = strchr(rwm, 'r');
		d->write = strchr(rwm, 'w');
		d->mknod = strchr(rwm, 'm');
	}
}

static void read_memory(const struct json *v, struct oci_resources *r)
{
	static const char *const not_here[] = {"kernel", "kernelTCP"};
	struct json limit = json_get(v, "limit"), reservation = json_get(v, "reservation");
	struct json swap = json_get(v, "swap"), swappiness = json_get(v, "swappiness");
	struct json no_oom = json_get(v, "disableOOMKiller");
	struct json check = json_get(v, "checkBeforeUpdate");

	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	r->mem_limit = oci_json_num(&limit, -1, INT64_MAX);
	r->mem_reservation = oci_json_num(&reservation, -1, INT64_MAX);
	r->mem_swap = oci_json_num(&swap, -1, INT64_MAX);
	r->mem_swappiness = oci_json_num(&swappiness, 0, 200);
	r->mem_disable_oom = json_bool_opt(&no_oom, false);
	r->mem_check_before_update = json_bool_opt(&check, false);
	if (r->mem_swap.set && r->mem_swap.v > 0 && r->mem_limit.set && r->mem_limit.v > 0 &&
	    r->mem_swap.v < r->mem_limit.v)
		json_fail(&swap, -EINVAL, "memory and swap together are less than memory alone");
}

static void read_cpu(const struct json *v, struct oci_resources *r)
{
	static const char *const not_here[] = {"realtimeRuntime", "realtimePeriod"};
	struct json shares = json_get(v, "shares"), quota = json_get(v, "quota");
	struct json period = json_get(v, "period"), burst = json_get(v, "burst");
	struct json idle = json_get(v, "idle"), cpus = json_get(v, "cpus"),
		    mems = json_get(v, "mems");

	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	r->cpu_shares = oci_json_num(&shares, 0, 262144);
	r->cpu_quota = oci_json_num(&quota, -1, INT64_MAX);
	r->cpu_period = oci_json_num(&period, 0, 1000000);
	r->cpu_burst = oci_json_num(&burst, 0, INT64_MAX);
	r->cpu_idle = oci_json_num(&idle, 0, 1);
	r->cpu_cpus = json_str_opt(&cpus);
	r->cpu_mems = json_str_opt(&mems);
}

void oci_read_resources(const struct json *v, struct oci_resources *r)
{
	static const char *const not_here[] = {"blockIO", "hugepageLimits", "network", "rdma"};
	struct json devices = json_get(v, "devices"), memory = json_get(v, "memory");
	struct json cpu = json_get(v, "cpu"), pids = json_get(v, "pids");
	struct json limit = json_get(&pids, "limit"), unified = json_get(v, "unified");

	oci_json_refuse(v, not_here, ARRAY_LEN(not_here));
	read_device_rules(&devices, r);
	read_memory(&memory, r);
	read_cpu(&cpu, r);
	r->pids_limit = oci_json_num(&limit, -1, INT64_MAX);
	r->unified = oci_json_kvs(&unified, 128);
	for (size_t i = 0; i < r->unified.n; i++)
		if (strchr(r->unified.v[i].key, '/') || !strchr(r->unified.v[i].key, '.'))
			json_fail(&unified, -EINVAL, "\"%.64s\" is not the name of a cgroup file",
				  r->unified.v[i].key);
}
