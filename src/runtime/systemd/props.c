/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as properties. Not all: what systemd does not know it does not write over, so the files of cgroup/ are enough. Those
 * of linux.resources.unified win, as they do there.
 */
#include "runtime/systemd/props.h"

#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "runtime/cgroup/cgroup.h"

#define PERIOD_US 100000 /* systemd's, and the kernel's */
#define NOWHERE	  UINT16_MAX

void props_begin(struct buf *b, const char *name, const char *signature)
{
	dbus_align(b, 8);
	dbus_put_str(b, name);
	dbus_put_sig(b, signature);
}

void props_bool(struct buf *b, const char *name, bool v)
{
	props_begin(b, name, "b");
	dbus_put_u32(b, v);
}

void props_u64(struct buf *b, const char *name, uint64_t v)
{
	props_begin(b, name, "t");
	dbus_put_u64(b, v);
}

void props_str(struct buf *b, const char *name, const char *v)
{
	props_begin(b, name, "s");
	dbus_put_str(b, v);
}

/* Per second, in steps of a hundredth as systemd keeps it, up. */
static void put_quota(struct buf *b, int64_t quota, int64_t period)
{
	uint64_t us = UINT64_MAX;

	if (period <= 0)
		period = PERIOD_US;
	if (quota > 0)
		us = ((uint64_t)quota * 100 + (uint64_t)period - 1) / (uint64_t)period * 10000;
	props_u64(b, "CPUQuotaPerSecUSec", us);
	if (period != PERIOD_US)
		props_u64(b, "CPUQuotaPeriodUSec", (uint64_t)period);
}

/* "0-3,7" as bytes, the lowest number in the lowest bit */
static void put_set(struct buf *b, const char *name, const char *list)
{
	uint64_t mask[OCI_MAX_CPUS / 64];
	size_t at, n = sizeof(mask);

	if (str_empty(list) || oci_cpus_parse(list, mask) < 0)
		return;
	while (!(mask[(n - 1) / 8] >> ((n - 1) % 8 * 8) & 0xff))
		n--;
	props_begin(b, name, "ay");
	at = dbus_open(b, 1);
	for (size_t i = 0; i < n; i++)
		buf_putc(b, (char)(mask[i / 8] >> (i % 8 * 8)));
	dbus_close(b, at, 1);
}

static const struct number {
	const char *file, *property;
	uint16_t at; /* in struct oci_resources */
} numbers[] = {
	{"memory.max", "MemoryMax", offsetof(struct oci_resources, mem_limit)},
	{"memory.low", "MemoryLow", offsetof(struct oci_resources, mem_reservation)},
	{"pids.max", "TasksMax", offsetof(struct oci_resources, pids_limit)},
	{"memory.high", "MemoryHigh", NOWHERE},
	{"memory.min", "MemoryMin", NOWHERE},
	{"memory.swap.max", "MemorySwapMax", NOWHERE},
	{"cpu.weight", "CPUWeight", NOWHERE},
	{"io.weight", "IOWeight", NOWHERE},
};

/* A number or "max". Return: false: neither */
static bool get_number(struct span s, uint64_t *ret)
{
	*ret = UINT64_MAX;
	return span_eq(s, "max") || num_u64(s, INT64_MAX, ret) == 0;
}

static void put_file(struct buf *b, const char *file, const char *value)
{
	uint64_t v, period = 0;
	struct span rest;
	bool two;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (str_eq(file, numbers[i].file) && get_number(span_of(value), &v))
			props_u64(b, numbers[i].property, v);
	if (str_eq(file, "cpuset.cpus"))
		put_set(b, "AllowedCPUs", value);
	if (str_eq(file, "cpuset.mems"))
		put_set(b, "AllowedMemoryNodes", value);
	if (!str_eq(file, "cpu.max") ||
	    !get_number(span_cut(span_of(value), ' ', &rest, &two), &v) ||
	    (two && num_u64(rest, INT32_MAX, &period) < 0))
		return;
	put_quota(b, v == UINT64_MAX ? 0 : (int64_t)v, (int64_t)period);
}

void props_resources(struct buf *b, const struct oci_resources *r)
{
	struct oci_num both = cgroup_memsw(r);

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const struct oci_num *n = (const void *)((const char *)r + numbers[i].at);

		if (numbers[i].at != NOWHERE && n->set && n->v)
			props_u64(b, numbers[i].property, n->v < 0 ? UINT64_MAX : (uint64_t)n->v);
	}
	if (both.set && both.v < 0)
		props_u64(b, "MemorySwapMax", UINT64_MAX);
	else if (both.set && r->mem_limit.v > 0 && both.v >= r->mem_limit.v)
		props_u64(b, "MemorySwapMax", (uint64_t)(both.v - r->mem_limit.v));
	if (r->cpu_shares.set && r->cpu_shares.v > 0)
		props_u64(b, "CPUWeight", (uint64_t)cgroup_weight(r->cpu_shares.v));
	if ((r->cpu_quota.set && r->cpu_quota.v) || (r->cpu_period.set && r->cpu_period.v))
		put_quota(b, r->cpu_quota.v, r->cpu_period.v);
	put_set(b, "AllowedCPUs", r->cpu_cpus);
	put_set(b, "AllowedMemoryNodes", r->cpu_mems);
	if (r->io_weight.set && r->io_weight.v)
		props_u64(b, "IOWeight", (uint64_t)cgroup_io_weight(r->io_weight.v));
	for (size_t i = 0; i < r->unified.n; i++)
		put_file(b, r->unified.v[i].key, r->unified.v[i].value);
}
