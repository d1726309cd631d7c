/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "engine/helper.h"
#include "parse/client.h"
#include "remote/remote.h"
#include "wire/reference.h"

/*
 * What is known about a registry before it is asked: registries.yaml, auth.json, a credential helper. The engine
 * opens files and starts processes, the parse role reads. Secrets are here as long as it takes to hand them to
 * the fetch role.
 */

enum access_state {
	ACCESS_IDLE,
	ACCESS_SETTINGS, /* registries.yaml is being parsed */
	ACCESS_LOGIN,	 /* auth.json */
	ACCESS_HELPER,	 /* the helper runs */
	ACCESS_ANSWER,	 /* its answer is being parsed */
};

/** struct access_want - what to find out, and whom to tell */
struct access_want {
	struct loop *loop;
	const char *config_path;		       /* outlives the job, as does cgroup_procs */
	const char *const *cgroup_procs;	       /* as role_spawn() */
	const char *host, *repository;		       /* "" = the registry itself */
	bool keep_helper;			       /* leave a login of REMOTE_HELPER as it is */
	void (*done)(void *data, const struct err *e); /* called once, from the loop */
	void *data;
};

struct access {
	/* results, until access_fini() */
	struct remote_settings settings; /* the proxy of the environment is in it */
	struct remote_login login;
	/* its own */
	enum access_state state;
	struct access_want want;
	char host[REFERENCE_HOST_CAP];
	char name[REFERENCE_HOST_CAP + REFERENCE_REPO_CAP]; /* registry/repository */
	char path[512]; /* of the file under way, for messages */
	bool exposed;	/* registries.yaml may be read or changed by others */
	struct parse_call parse;
	struct loop_io io;
	struct loop_timer timer;
	struct helper helper;
	struct arena arena;
	_Alignas(16) uint8_t mem[3 * 80 * 1024]; /* for three answers of the parse role */
};

void access_start(struct access *a, const struct access_want *want);

/** access_fini() - stop, and forget what was found; idempotent */
void access_fini(struct access *a);

/**
 * access_open_secret() - open a file that holds a password or a key
 *
 * Return: fd; -ENOENT without a text; -EACCES others may read or write it, or it is another user's; -errno.
 */
int access_open_secret(const char *path, struct err *e);

/** access_open_trusted() - the same for a file that decides something: others may read it */
int access_open_trusted(const char *path, struct err *e);
