/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/access.h"
#include "registry/fetch.h"
#include "role/role.h"

/* A fetch role for one registry: which files it gets, what it is told first. */

struct fetcher_want {
	const char *host, *repository; /* repository "": FETCH_PING alone */
	const char *config_path;       /* certs.d/<host>/{ca.crt,plain-http}, ca.crt */
	const char *const *cgroup_procs;
	const struct remote_settings *settings;
	const struct remote_login *login;
	const char *ns;	       /* NULL; else @host is a mirror of this one */
	uint64_t rate_bytes_s; /* 0 = no bound */
	bool push;	       /* fetcher_put() */
	const char *mount; /* another repository there, whose blobs may be mounted; NULL = none */
};

/** fetcher_start() - Return: 0; -errno, then nothing runs */
int fetcher_start(const struct fetcher_want *w, struct role_proc *ret_proc, struct err *e);

/** fetcher_get() - ask for an object; FETCH_DONE or FETCH_ERROR with @id will follow. @fd, @partial_fd (-1 = none): borrowed */
int fetcher_get(const struct role_proc *proc, uint32_t id, enum fetch_kind kind, const char *what,
		uint64_t max_bytes, uint64_t expect_bytes, int fd, int partial_fd, struct err *e);

/**
 * fetcher_put() - send @bytes of @fd (borrowed); FETCH_DONE or FETCH_ERROR will follow, and FETCH_AGAIN before
 * @type: media type of a manifest, whose tag is @what; NULL = a blob, whose digest it is
 * @id:   after FETCH_AGAIN the same once more
 * @fd:   -1: ask whether the blob is there, or if @bytes can be mounted; DONE tells
 */
int fetcher_put(const struct role_proc *proc, uint32_t id, const char *what, const char *type,
		uint64_t bytes, int fd, struct err *e);
