/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "verify/verify.h"

/*
 * The Compose model. A manifest is parsed by the parse role, checked, and travels as one encoded
 * frame; the engine never sees YAML. Spec: compose-spec (the subset is docs/manifest.md).
 */

#define MANIFEST_MAX_SERVICES 64
#define MANIFEST_MAX_LIST     256 /* env, ports, volumes, ... of one service */

enum manifest_restart { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED };
enum manifest_condition { DEPENDS_STARTED, DEPENDS_HEALTHY, DEPENDS_COMPLETED };
enum manifest_mount_kind { MOUNT_VOLUME, MOUNT_BIND, MOUNT_TMPFS };
enum manifest_port_proto { PORT_TCP, PORT_UDP };

struct manifest_port {
	char *host_ip; /* NULL = all addresses */
	uint16_t host_port, container_port;
	enum manifest_port_proto proto;
};

struct manifest_mount {
	enum manifest_mount_kind kind;
	char *source; /* volume name or absolute host path; NULL for tmpfs and anonymous volumes */
	char *target; /* absolute path in the container */
	bool read_only;
	uint64_t tmpfs_bytes; /* 0 = default */
	uint32_t tmpfs_mode;  /* 0 = default */
};

struct manifest_depends {
	char *service;
	enum manifest_condition condition;
};

struct manifest_env {
	char *name, *value; /* value NULL: taken from nowhere, refused by check */
};

struct manifest_network_use {
	char *network;
	char **aliases;
	size_t n_aliases;
};

/** struct manifest_service - one service; also what `cleat run` builds from its flags */
struct manifest_service {
	char *name, *image;
	char *platform; /* "linux/arm64"; NULL = this machine's */
	char **command,
		**entrypoint; /* n == 0 and NULL: the image's; n == 0 and not NULL: explicitly empty */
	size_t n_command, n_entrypoint;
	struct manifest_env *env;
	size_t n_env;
	char *working_dir, *user, *hostname; /* NULL = the image's, the name */
	struct manifest_port *ports;
	size_t n_ports;
	struct manifest_mount *mounts;
	size_t n_mounts;
	enum manifest_restart restart;
	uint32_t restart_max; /* on-failure:N, 0 = no limit */
	struct manifest_depends *depends;
	size_t n_depends;
	uint64_t mem_limit_bytes; /* 0 = none */
	uint64_t cpus_milli;	  /* thousandths of a CPU, 0 = none */
	uint64_t pids_limit;	  /* 0 = engine's default */
	bool read_only, tty, stdin_open, init;
	uint64_t stop_grace_ms; /* default 10,000 */
	int stop_signal;	/* 0 = the image's */
	char *network_mode;	/* NULL, "none", "host", "bridge" */
	struct manifest_network_use *networks;
	size_t n_networks;
	char **labels; /* "key=value" */
	size_t n_labels;
	char **cap_add, **cap_drop;
	size_t n_cap_add, n_cap_drop;
	bool privileged;
	/* set-user-ID bits and file capabilities count: no no_new_privs */
	bool new_privileges;
};

struct manifest_named {
	char *name; /* key in the file */
};

struct manifest {
	char *name;			   /* project */
	struct manifest_service *services; /* in dependency order after manifest_check() */
	size_t n_services;
	struct manifest_named *volumes, *networks;
	size_t n_volumes, n_networks;
	struct verify_policy verify; /* x-cleat.verify */
};

void manifest_encode(struct enc *e, const struct manifest *m);
void manifest_decode(struct dec *d, struct manifest *ret_manifest);
void manifest_service_encode(struct enc *e, const struct manifest_service *s);
void manifest_service_decode(struct dec *d, struct manifest_service *ret_service);

/**
 * manifest_parse() - YAML text to model, syntax and values; for the parse role and tests only
 * @file: name for messages
 *
 * Every refusal starts with "file:line:column: ". Return: 0; -EINVAL; -EFBIG naming the CONFIG_ symbol; -ENOTSUP key that a device cannot honour
 */
int manifest_parse(struct span yaml, const char *file, struct arena *a,
		   struct manifest *ret_manifest, struct err *e);

/** manifest_print() - canonical YAML (cleat config) */
void manifest_print(struct buf *b, const struct manifest *m);

/** manifest_parse_security() - an item of security_opt, shared with `cleat run --security-opt`. Return: 0; -ENOTSUP any but "no-new-privileges[:true|false]" */
int manifest_parse_security(const char *text, bool *ret_new_privileges, struct err *e);

/** manifest_parse_port()/manifest_parse_mount() - the short forms "8080:80/udp", "data:/var/lib:ro", shared with `cleat run -p -v` */
int manifest_parse_port(struct span text, struct arena *a, struct manifest_port *ret_port,
			struct err *e);
int manifest_parse_mount(struct span text, struct arena *a, struct manifest_mount *ret_mount,
			 struct err *e);

/** manifest_parse_tmpfs() - "/run:size=64m,mode=755", shared with `cleat run --tmpfs` */
int manifest_parse_tmpfs(struct span text, struct arena *a, struct manifest_mount *ret_mount,
			 struct err *e);
