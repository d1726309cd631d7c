/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/digest.h"
#include "base/err.h"
#include "engine/policy.h"
#include "loop/loop.h"
#include "store/store.h"
#include "wire/reference.h"

/*
 * One image into the store: from a registry, or from an OCI layout directory. fetch, parse and
 * unpack do the work; this job only moves descriptors between them, compares digests and renames.
 * There is one job at a time: its roles share one memory cgroup of CONFIG_PULL_MEMORY_KIB, and two
 * pulls side by side would need two of them. Whoever starts jobs keeps the queue.
 */

/** pull_room_fn() - @begin: throw away what nobody needs. Return: is there something left that goes later? */
typedef bool pull_room_fn(bool begin);

/** struct pull_env - what the job works with; outlives it */
struct pull_env {
	struct loop *loop;
	struct store *store;
	/* "/etc/cleat": certs.d/<registry>/{ca.crt,plain-http}, ca.crt */
	const char *config_path;
	pull_room_fn *make_room;
	const char *cgroup_parent; /* "/cleat": the job's cgroup is made below it and removed */
};

struct pull_result {
	struct digest manifest, image_id;
	uint64_t fetched_bytes;	 /* compressed, of layers */
	uint64_t kept_bytes;	 /* compressed, from partial files */
	uint64_t unpacked_bytes; /* content of files */
	unsigned int layers, layers_fetched;
	uint64_t peak_bytes; /* memory: of the cgroup, else the largest sum of the roles' peaks */
	uint32_t rate_limit, rate_remaining,
		rate_window_s; /* what the registry tells; 0 = nothing */
	bool in_cgroup; /* the roles' memory was bounded by a cgroup, not only by address space */
};

/** pull_progress_fn() - @what: "manifest", or a layer as twelve digits; @text: "fetching", "unpacking",
 *  "done", "already there"; @total 0: unknown */
typedef void pull_progress_fn(void *data, const char *what, const char *text, uint64_t done_bytes,
			      uint64_t total_bytes);

/** pull_done_fn() - called exactly once, from the loop: either @result, or @e with the whole explanation */
typedef void pull_done_fn(void *data, const struct pull_result *result, const struct err *e);

struct pull_callbacks {
	pull_progress_fn *progress; /* may be NULL */
	pull_done_fn *done;
	void *data;
};

/**
 * pull_start() - fetch @ref from its registry and name it so in the store
 * @keys: it must be signed by each of them; copied
 *
 * Return: 0, then done() will be called; -EBUSY a job is under way; -errno, then done() is not called.
 */
int pull_start(const struct pull_env *env, const struct reference *ref,
	       const struct policy_keys *keys, const struct pull_callbacks *callbacks,
	       struct err *e);

/**
 * pull_start_layout() - the same from an OCI image layout
 * @layout_fd: the directory or archive; duplicated
 * @archive:   it is a file or pipe: OCI layout or docker-archive, as tar, compressed or not
 * @pick:      which of its images, as it calls them; NULL = the only one
 * @label:     how messages name it
 * @ref:       the name that the image gets in the store (containerd CVE-2026-50195: never one that
 *             the directory chooses)
 */
int pull_start_layout(const struct pull_env *env, int layout_fd, bool archive, const char *label,
		      const char *pick, const struct reference *ref, const struct policy_keys *keys,
		      const struct pull_callbacks *callbacks, struct err *e);

bool pull_active(void);

/** pull_layers() - layers of the image under way, here or not: they belong to no image yet. Return: count */
size_t pull_layers(const struct digest **ret_layers);

/** pull_cancel() - kill the roles, drop what was staged; done() is called with -ECANCELED before it returns */
void pull_cancel(void);

/** pull_sweep() - at the start of an engine: end the roles that a crashed one left, remove their cgroup */
void pull_sweep(const char *cgroup_parent);
