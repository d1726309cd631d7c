/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "engine/pull.h"
#include "loop/loop.h"
#include "msg/ctl.h"
#include "store/store.h"

/*
 * The engine process: one loop, static tables, no untrusted bytes. This header is what all files of
 * engine/ share; each file owns one topic:
 *
 *   container.c        table of containers, their durable record, names
 *   container_start.c  from a record to a running container, one step per answer
 *   container_end.c    stop, exit, restart policy, removal
 *   exec.c             further processes in a container
 *   inspect.c          a container or an image as JSON
 *   files.c            hosts, resolv.conf, hostname
 *   volume.c           volumes, and what the image has in the place of a new one
 *   spec.c             service + image → config.json
 *   network.c          bridges, addresses, ports, rules
 *   images.c           queue of pulls;  pull*.c the job itself
 *   desired.c          manifest, generations;  plan.c what to do next
 *   adopt.c            what an earlier engine left running
 *   server.c           control connections;  verbs_*.c what they ask for
 */

struct engine {
	struct loop loop;
	struct store store;
	char root[256], run[256], config[256];
	char cgroup_parent[64]; /* "/cleat", or "/cleat-<hash>" for another run directory */
	char oci_root[272];	/* state of the runtime: RUN/oci */
	char nft_table[32];
	const char *runtime; /* absolute; "/proc/self/exe" = our own */
	bool own_runtime;
	int run_fd;
	bool one_shot; /* serves one connection, starts nothing */
	bool stopping; /* shutdown: nothing is started any more */
	int64_t started_s;
	struct arena scratch;
	_Alignas(16) uint8_t scratch_mem[CONFIG_ENGINE_SCRATCH_KIB * 1024];
};

extern struct engine engine;

/**
 * auto_scratch - memory for the length of a function
 *
 *	auto_scratch size_t mark = scratch_mark();
 *
 * Allocate from engine.scratch; everything is forgotten when the function returns.
 */
#define auto_scratch __attribute__((cleanup(scratch_restore)))
static inline size_t scratch_mark(void)
{
	return engine.scratch.len;
}

static inline void scratch_restore(size_t *mark)
{
	engine.scratch.len = *mark;
}

/**
 * engine_main() - "cleat engine": until it is told to stop
 * @runtime:  absolute path of another OCI runtime, NULL = our own
 * @one_shot: serve the control connection at descriptor 3 and end with it
 *
 * Return: exit status.
 */
int engine_main(const struct ctl_paths *paths, const char *runtime, bool one_shot);

/** engine_changed() - something that planning or shutdown depends on happened; both run from the loop, soon */
void engine_changed(void);

/** engine_reap_later() - a child whose end matters to nobody must still not stay a zombie */
void engine_reap_later(pid_t pid);

/** engine_runtime_args() - what stands in front of a runtime's verb: {"oci", "--root", "..."} or {"--root", "..."}. Return: count */
size_t engine_runtime_args(char *ret_args[static 3]);
