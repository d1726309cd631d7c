/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device rules. v1: lines for devices.allow and devices.deny, in order. v2: a BPF program that the
 * kernel asks at every open and mknod of a device. It holds the rules last first, and the first that
 * fits decides, which gives the spec's "later rules win".
 *
 * A v2 rule fits when it covers all that is asked for (allow) or any of it (deny).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "runtime/cgroup/cgroup.h"
#include "sys/bpf.h"
#include "sys/fd.h"

#define INSNS_PER_RULE 24 /* twice 12: type a with numbers is two rules */
#define MAJOR_BITS     24 /* the kernel has 12 */
#define ALL_ACCESS     (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define MAX_INSNS      4096 /* BPF_MAXINSNS */

static const struct oci_device_rule deny_all = {false, 'a', -1, -1, true, true, true};

static void number(char *dst, size_t cap, int64_t n)
{
	if (n < 0)
		snprintf(dst, cap, "*");
	else
		snprintf(dst, cap, "%" PRId64, n);
}

static bool fits_everything(const struct oci_device_rule *d)
{
	return d->type == 'a' && d->read && d->write && d->mknod && d->major < 0 && d->minor < 0;
}

/*
 * What the kernel of v1 keeps: one answer for all devices and a list of exceptions to it. A rule against the
 * answer is added, one that repeats it takes exceptions away, but only those that are written just like
 * it: a part of a wider exception stays in force without a word. The list here is to notice that.
 */
static struct {
	bool allow;
	struct oci_device_rule v[OCI_MAX_RULES * 2 + CGROUP_MAX_DEFAULT_DEVICES];
	size_t n;
} v1;

static bool covers(int64_t wide, int64_t narrow)
{
	return wide < 0 || wide == narrow;
}

static bool overlap(const struct oci_device_rule *a, const struct oci_device_rule *b)
{
	return a->type == b->type && (covers(a->major, b->major) || covers(b->major, a->major)) &&
	       (covers(a->minor, b->minor) || covers(b->minor, a->minor)) &&
	       ((a->read && b->read) || (a->write && b->write) || (a->mknod && b->mknod));
}

static bool v1_can(const struct oci_device_rule *d)
{
	if (d->allow != v1.allow) {
		if (v1.n == ARRAY_LEN(v1.v))
			return false;
		v1.v[v1.n++] = *d;
		return true;
	}
	for (size_t i = 0; i < v1.n; i++) {
		struct oci_device_rule *x = &v1.v[i];

		if (x->type == d->type && x->major == d->major && x->minor == d->minor) {
			x->read &= !d->read;
			x->write &= !d->write;
			x->mknod &= !d->mknod;
		}
	}
	for (size_t i = 0; i < v1.n; i++)
		if (overlap(&v1.v[i], d))
			return false;
	return true;
}

static int v1_rule(const struct cgroup_hierarchy *h, const struct oci_device_rule *d, struct err *e)
{
	const char *file = d->allow ? "devices.allow" : "devices.deny";
	char line[64], major[24], minor[24];

	if (fits_everything(d)) {
		v1.allow = d->allow;
		v1.n = 0;
		return cgroup_write(h, file, "a", e);
	}
	if (d->type == 'a') {
		/* to the kernel "a" is every access to every device, whatever stands behind it */
		struct oci_device_rule one = *d;
		int r;

		one.type = 'b';
		r = v1_rule(h, &one, e);
		one.type = 'c';
		return r < 0 ? r : v1_rule(h, &one, e);
	}
	number(major, sizeof(major), d->major);
	number(minor, sizeof(minor), d->minor);
	snprintf(line, sizeof(line), "%c %s:%s %s%s%s", d->type, major, minor, d->read ? "r" : "",
		 d->write ? "w" : "", d->mknod ? "m" : "");
	if (!v1_can(d))
		return err_text(
			e, -EOPNOTSUPP,
			"cgroup v1: \"%s\" cannot be written to %s: it would take a part out "
			"of another device rule",
			line, file);
	return cgroup_write(h, file, line, e);
}

int cgroup_v1_devices(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e)
{
	const struct oci_device_rule *more;
	size_t n_more = cgroup_default_devices(&more);
	int ret = 0;

	/* what no rule speaks of is denied, as by runc and on v2 */
	if (!r->n_devices || !fits_everything(&r->devices[0]))
		ret = v1_rule(h, &deny_all, e);
	for (size_t i = 0; i < r->n_devices && ret == 0; i++)
		ret = v1_rule(h, &r->devices[i], e);
	for (size_t i = 0; i < n_more && ret == 0; i++) {
		/* nodes of every kind: where that is the answer anyway, what is taken from it stays taken */
		if (!v1.allow || more[i].major >= 0)
			ret = v1_rule(h, &more[i], e);
	}
	return ret;
}

struct program {
	struct bpf_insn insn[MAX_INSNS];
	size_t n;
};

static void put(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	p->insn[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm};
}

/*
 * r5 = type, r4 = type and major, r3 = type, major and minor, r2 = access: most rules are one comparison.
 * The verifier walks every branch at every start of a container, which is most of what a program costs.
 */
static void put_head(struct program *p)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0);
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, 5, 2, 0, 0);
	put(p, BPF_ALU64 | BPF_AND | BPF_K, 5, 0, 0, 0xffff);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, 2, 0, 0, 16);
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, 4, 5, 0, 0);
	put(p, BPF_ALU64 | BPF_LSH | BPF_K, 4, 0, 0, MAJOR_BITS);
	put(p, BPF_LDX | BPF_MEM | BPF_W, 0, 1, 4, 0);
	put(p, BPF_ALU64 | BPF_OR | BPF_X, 4, 0, 0, 0);
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, 3, 4, 0, 0);
	put(p, BPF_ALU64 | BPF_LSH | BPF_K, 3, 0, 0, 32);
	put(p, BPF_LDX | BPF_MEM | BPF_W, 0, 1, 8, 0);
	put(p, BPF_ALU64 | BPF_OR | BPF_X, 3, 0, 0, 0);
}

static void put_return(struct program *p, bool allow)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, allow);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps that go to what follows the rule: their distance is known at its end. */
static void put_device(struct program *p, int type, int64_t major, int64_t minor)
{
	uint64_t device = (uint64_t)type << MAJOR_BITS | (major < 0 ? 0 : (uint64_t)major);

	if (major < 0) {
		put(p, BPF_JMP | BPF_JNE | BPF_K, 5, 0, 0, type);
	} else if (minor < 0) {
		put(p, BPF_JMP | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)device);
	} else {
		put(p, BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, (int32_t)minor);
		put(p, 0, 0, 0, 0, (int32_t)device);
		put(p, BPF_JMP | BPF_JNE | BPF_X, 3, 0, 0, 0);
	}
	if (major < 0 && minor >= 0) {
		put(p, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
		put(p, BPF_LD | BPF_IMM | BPF_DW, 0, 0, 0, (int32_t)minor);
		put(p, 0, 0, 0, 0, 0);
		put(p, BPF_JMP | BPF_JNE | BPF_X, 1, 0, 0, 0);
	}
}

static void put_typed_rule(struct program *p, const struct oci_device_rule *d, int type)
{
	int32_t bits = (d->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (d->read ? BPF_DEVCG_ACC_READ : 0) |
		       (d->write ? BPF_DEVCG_ACC_WRITE : 0);
	size_t start = p->n;

	if (d->major >= 1 << MAJOR_BITS)
		return; /* no device has that */
	if (type)
		put_device(p, type, d->major, d->minor);
	if (bits != ALL_ACCESS && d->allow) {
		/* asked for more than this rule gives: not this rule */
		put(p, BPF_JMP | BPF_JSET | BPF_K, 2, 0, 0, ALL_ACCESS & ~bits);
	} else if (bits != ALL_ACCESS) {
		put(p, BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 0, 0);
		put(p, BPF_ALU64 | BPF_AND | BPF_K, 1, 0, 0, bits);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0, 0);
	}
	put_return(p, d->allow);
	for (size_t i = start; i < p->n; i++)
		if (BPF_CLASS(p->insn[i].code) == BPF_JMP && BPF_OP(p->insn[i].code) != BPF_EXIT)
			p->insn[i].off = (int16_t)(p->n - i - 1);
}

static void put_rule(struct program *p, const struct oci_device_rule *d)
{
	bool any = d->type == 'a', number = d->major >= 0 || d->minor >= 0;

	if (any && !number)
		put_typed_rule(p, d, 0);
	if (d->type == 'c' || (any && number))
		put_typed_rule(p, d, BPF_DEVCG_DEV_CHAR);
	if (d->type == 'b' || (any && number))
		put_typed_rule(p, d, BPF_DEVCG_DEV_BLOCK);
}

/* Whether @q, which is asked before @d, leaves nothing for it to decide */
static bool leaves_nothing(const struct oci_device_rule *q, const struct oci_device_rule *d)
{
	return q->allow == d->allow && (q->type == 'a' || q->type == d->type) &&
	       covers(q->major, d->major) && covers(q->minor, d->minor) && q->read >= d->read &&
	       q->write >= d->write && q->mknod >= d->mknod;
}

/** struct v2 - rules in the order in which they are asked, for the length of one call */
static struct {
	const struct oci_device_rule *v[OCI_MAX_RULES + CGROUP_MAX_DEFAULT_DEVICES];
	size_t n;
} v2;

static void ask(const struct oci_device_rule *rules, size_t n)
{
	for (; n > 0; n--) {
		const struct oci_device_rule *d = &rules[n - 1];
		bool decided = false;

		for (size_t i = 0; i < v2.n && !decided; i++)
			decided = leaves_nothing(v2.v[i], d) || fits_everything(v2.v[i]);
		if (!decided)
			v2.v[v2.n++] = d;
	}
}

int cgroup_v2_devices(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e)
{
	static struct program p;
	const struct oci_device_rule *more;
	size_t n_more = cgroup_default_devices(&more);
	auto_close int fd = -1;
	int ret;

	p.n = v2.n = 0;
	ask(more, n_more);
	ask(r->devices, r->n_devices);
	put_head(&p);
	for (size_t i = 0; i < v2.n; i++) {
		if (p.n + INSNS_PER_RULE + 2 > MAX_INSNS)
			return err_text(e, -EFBIG, "too many device rules for one BPF program");
		put_rule(&p, v2.v[i]);
	}
	/* the verifier refuses instructions that nothing leads to */
	if (!fits_everything(v2.v[v2.n - 1]))
		put_return(&p, false);
	fd = sys_bpf_load_device(p.insn, p.n);
	if (fd < 0 && !r->n_devices) /* nobody asked, and not every kernel can */
		return 0;
	if (fd < 0)
		return err_set(
			e, fd,
			"device rules: load a BPF program (CONFIG_CGROUP_BPF in the kernel?)");
	ret = sys_open(h->fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (ret >= 0) {
		auto_close int dir = ret;

		ret = sys_bpf_attach_device(fd, dir);
	}
	return ret < 0 ? err_set(e, ret, "device rules: attach to %s", h->path) : 0;
}
