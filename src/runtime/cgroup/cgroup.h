/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"
#include "oci/state.h"

#define CGROUP_MAX_HIERARCHIES 16

/** struct cgroup_hierarchy - one tree of cgroups and the container's place in it */
struct cgroup_hierarchy {
	char *mount;	   /* where the tree is mounted: "/sys/fs/cgroup/memory" */
	char *controllers; /* v1: mount options, "cpu,cpuacct" or "name=systemd"; v2: "" */
	bool v2;
	char *path; /* the container's directory, absolute */
	int fd;	    /* O_PATH of it once created; -1 */
	bool made;  /* by us: undone on failure */
};

struct cgroup;

/** struct cgroup_ops - what differs between v1 and v2 */
struct cgroup_ops {
	const char *name;
	/** prepare() - after the directory exists: controllers on, cpuset filled in */
	int (*prepare)(struct cgroup *c, struct cgroup_hierarchy *h, struct err *e);
	int (*limit)(struct cgroup *c, const struct oci_resources *r, struct err *e);
	/** of() - the hierarchy that has the controller of a file; NULL and an error if there is none */
	const struct cgroup_hierarchy *(*of)(const struct cgroup *c, const char *file,
					     struct err *e);
};

extern const struct cgroup_ops cgroup_v1_ops, cgroup_v2_ops;

/** struct cgroup - a container's cgroups; strings live in the caller's arena */
struct cgroup {
	const struct cgroup_ops *ops;
	struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
	size_t n;
	const struct oci_unit *unit; /* of systemd's, that it is; NULL */
	bool late;		     /* v2: all but limits waits for cgroup_limit_late() */
	bool devices;		     /* also the device rules: what no rule speaks of is denied */
	bool optional; /* no path was asked for, and the caller is not root: may do without */
};

/**
 * cgroup_find() - which hierarchies this machine has, and the container's path in each
 * @path: spec.linux.cgroupsPath: absolute = from the root of the hierarchy, relative = below our own
 *        cgroup, NULL = "/<id>", for an ordinary user "<id>"
 *
 * v2 if /sys/fs/cgroup is cgroup2; else v1, with the v2 tree of a hybrid layout as one more hierarchy.
 * No cgroups at all is success with n = 0; limits are then refused.
 *
 * Return: 0; -EINVAL path with "..".
 */
int cgroup_find(struct cgroup *ret_cgroup, const char *path, const char *id, struct arena *a,
		struct err *e);

/**
 * cgroup_create() - directories and limits; all or nothing. Optional hierarchies that may not be used are
 * left out of @c, unless there are limits
 *
 * Return: 0; -EBUSY the cgroup exists and is not empty; -errno.
 */
int cgroup_create(struct cgroup *c, const struct oci_resources *r, struct err *e);

/**
 * cgroup_limit_late() - with @c->late: device rules, and controllers for the figures if there are no limits
 *
 * Nothing of the container's may have run before. Until then its cgroup lets open and make every device.
 */
int cgroup_limit_late(struct cgroup *c, const struct oci_resources *r, struct err *e);

/** cgroup_delegate() - v2: the container's user owns its cgroup if @s gives it a writable one in a namespace */
int cgroup_delegate(const struct cgroup *c, const struct oci_spec *s, struct err *e);

/** cgroup_birth_fd() - directory for clone3 CLONE_INTO_CGROUP, or -1 */
int cgroup_birth_fd(const struct cgroup *c);

/** cgroup_enter() - the calling process moves in. @born: it was born in cgroup_birth_fd() */
int cgroup_enter(const struct cgroup *c, bool born, struct err *e);
void cgroup_close(struct cgroup *c);

/** cgroup_open() - from the directories that a state file lists; enough to enter them */
int cgroup_open(struct cgroup *ret_cgroup, const struct oci_strs *dirs, struct err *e);

/** cgroup_reopen() - the same with controllers, to change limits */
int cgroup_reopen(struct cgroup *ret_cgroup, const struct oci_strs *dirs, struct arena *a,
		  struct err *e);

/**
 * cgroup_each_process() - call @fn for every process in the directories that a state file lists and below
 *
 * All hierarchies hold the same processes: the first one that has any is walked. A process that moves
 * or starts meanwhile may be missed or seen twice.
 *
 * Return: number of calls; -errno.
 */
typedef void cgroup_process_fn(void *data, pid_t pid);
int cgroup_each_process(const struct oci_strs *dirs, cgroup_process_fn *fn, void *data);

/**
 * cgroup_signal_all() - @sig to every process in it and below
 *
 * Frozen meanwhile where there is a freezer, so that nobody escapes by forking. SIGKILL thaws, and repeats until
 * nobody is left (5 s).
 *
 * Return: 0; -EBUSY; -ESRCH nobody was there.
 */
int cgroup_signal_all(const struct oci_strs *dirs, int sig, struct err *e);

/**
 * cgroup_freeze() - stop all processes, and wait until they stand; thawed again when they do not within 5 s
 *
 * Return: 0; -EBUSY; -EOPNOTSUPP no hierarchy has a freezer.
 */
int cgroup_freeze(const struct oci_strs *dirs, struct err *e);
int cgroup_thaw(const struct oci_strs *dirs, struct err *e);

/** cgroup_fetch() - @pid back into the cgroup that freezes the container: out of another one in which it is frozen */
int cgroup_fetch(const struct oci_strs *dirs, pid_t pid);

/** cgroup_frozen() - frozen, or on the way to it. Return: 1; 0, also when it is gone; -errno */
int cgroup_frozen(const struct oci_strs *dirs);

/** cgroup_stats() - what was used, as runc's events print it; @c as cgroup_reopen() makes it */
void cgroup_stats(struct buf *b, const struct cgroup *c);

/** cgroup_remove() - the directories and what the container made below them; waits for the kernel up to 5 s. -ENOENT is success */
int cgroup_remove(const struct oci_strs *dirs, struct err *e);

/**
 * cgroup_sub() - from now on cgroup_enter() enters cgroups below the container's
 * @c:      from cgroup_reopen()
 * @groups: runc's "[CONTROLLER[,CONTROLLER]:]PATH"; "/" is the container's own
 *
 * Return: 0; -EINVAL ".." or no such controller; -ENOENT.
 */
int cgroup_sub(struct cgroup *c, const char *const *groups, size_t n, struct err *e);

/** cgroup_sub_failed() - the error of entering one, in the words of runc. Return: @code */
int cgroup_sub_failed(int code, const char *path, struct span sub, struct err *e);

/**
 * cgroup_enter_as() - the calling process moves to where @pid is; v2 only
 *
 * A cgroup that has handed controllers down takes no process (EBUSY); the container's first process has then
 * moved below it.
 */
int cgroup_enter_as(pid_t pid, struct err *e);

/** cgroup_write() - one file of a hierarchy. Return: 0; -ENOENT no such file; -errno */
int cgroup_write(const struct cgroup_hierarchy *h, const char *file, const char *value,
		 struct err *e);
int cgroup_write_num(const struct cgroup_hierarchy *h, const char *file, int64_t value,
		     struct err *e);

/** struct cgroup_file - a limit that is one number in one file; the name begins with that of the controller */
struct cgroup_file {
	const char *file;
	uint16_t at;	 /* in struct oci_resources */
	bool zero_too;	 /* false: 0 means "leave it" */
	bool max_is_max; /* below 0 is written as "max", not as a number */
};

/** cgroup_limit() - write what is set of @files. @c->ops->of() says to which hierarchy. Return: 0; -EOPNOTSUPP; -errno */
int cgroup_limit(const struct cgroup *c, const struct oci_resources *r,
		 const struct cgroup_file *files, size_t n, struct err *e);

/**
 * cgroup_write_pair() - two numbers that the kernel checks against each other; one or both may be unset
 *
 * @a first; what does not fit the old @b (EINVAL) is written once more behind it.
 */
struct cgroup_setting {
	const char *file;
	struct oci_num n;
};
int cgroup_write_pair(const struct cgroup_hierarchy *h, struct cgroup_setting a,
		      struct cgroup_setting b, struct err *e);

/** cgroup_limit_lists() - blockIO, huge pages, RDMA: the same on both versions but for names of files */
int cgroup_limit_lists(const struct cgroup *c, const struct oci_resources *r, struct err *e);

/** cgroup_memsw() - memory.swap as it is meant: unlimited memory without a word on swap is unlimited swap too */
struct oci_num cgroup_memsw(const struct oci_resources *r);

/** cgroup_has() - there is such a file. cgroup_no_swap() - the machine has no swap space: nothing to limit */
bool cgroup_has(const struct cgroup_hierarchy *h, const char *file);
bool cgroup_no_swap(void);

/** cgroup_io_weight() - blkio.weight (10-1000) to io.weight (1-10000) */
int64_t cgroup_io_weight(int64_t weight);

/** cgroup_weight() - cpu.shares (2-262144, 1024) to cpu.weight (1-10000, 100): the curve of runc 1.3 and crun 1.23 */
int64_t cgroup_weight(int64_t shares);
ssize_t cgroup_read(int dir_fd, const char *file, char *buf, size_t cap);

/** cgroup_with() - the v1 hierarchy that has @controller, NULL if there is none */
const struct cgroup_hierarchy *cgroup_with(const struct cgroup *c, const char *controller);

/** cgroup_v1_devices()/cgroup_v2_devices() - device rules of the spec, then what every container may have */
int cgroup_v1_devices(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e);
int cgroup_v2_devices(const struct cgroup_hierarchy *h, const struct oci_resources *r,
		      struct err *e);

/** devices that no container can do without: nodes of the default list, terminals */
#define CGROUP_MAX_DEFAULT_DEVICES 12
size_t cgroup_default_devices(const struct oci_device_rule **ret_rules);
