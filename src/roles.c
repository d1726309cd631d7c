/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each role may do. Part of the program's composition, like main.c: the only place that knows
 * both the mechanism (role/) and the parts that run inside it.
 */
#include "role/role.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/str.h"
#include "parse/parse.h"
#include "registry/fetch.h"
#include "role/calls.h"
#include "unpack/unpack.h"

/* stack, libc and frames of any role */
#define PROGRAM_KIB 4096

/* libarchive with the largest headers and their copies */
#define UNPACK_HEAP_KIB 8192

/* of zlib, ISA-L or zstd, its window apart */
#define INFLATE_HEAP_KIB 1024

/* no role makes memory executable */
#define NO_EXEC                                                                                    \
	{.nr = SYS_mmap, .arg = 2, .without = PROT_EXEC},                                          \
		{.nr = SYS_mmap2, .arg = 2, .without = PROT_EXEC},                                 \
	{                                                                                          \
		.nr = SYS_mprotect, .arg = 2, .without = PROT_EXEC                                 \
	}

static const struct sys_seccomp_arg no_exec[] = {NO_EXEC};

static const int parse_calls[] = {CALLS_BASE, SYS_ftruncate, SYS_ftruncate64, SYS_CALL_END};
static const uint32_t parse_accepts[] = {PARSE_RESULT, PARSE_ERROR, 0};

static const int fetch_calls[] = {CALLS_BASE,	   CALLS_NET, SYS_ftruncate,
				  SYS_ftruncate64, SYS_fsync, SYS_CALL_END};
static const struct sys_seccomp_arg fetch_args[] = {
	NO_EXEC,
	/* IP alone: no AF_ALG, AF_VSOCK, AF_NETLINK, AF_UNIX */
	{.nr = SYS_socket, .arg = 0, .one_of = {AF_INET, AF_INET6}},
};
static const uint32_t fetch_accepts[] = {FETCH_DONE, FETCH_ERROR, FETCH_PROGRESS,
					 FETCH_WAIT, FETCH_AGAIN, 0};

static const int unpack_calls[] = {CALLS_BASE, CALLS_TREE, SYS_CALL_END};
/* reading what a tree holds */
static const int pack_calls[] = {
	CALLS_BASE,    SYS_open,       SYS_openat, SYS_openat2,	 SYS_newfstatat,
	SYS_fstatat64, SYS_readlinkat, SYS_statx,  SYS_CALL_END,
};
static const uint32_t pack_accepts[] = {PACK_DONE, PACK_ERROR, 0};

static const uint32_t unpack_accepts[] = {UNPACK_OPAQUE, UNPACK_LOWER, UNPACK_DONE,
					  UNPACK_SYNCED, UNPACK_ERROR, 0};

static const int inflate_calls[] = {CALLS_BASE, SYS_CALL_END};
static const uint32_t inflate_accepts[] = {INFLATE_DONE, INFLATE_ERROR, 0};

const struct role roles[ROLE_COUNT] = {
	[ROLE_PARSE] =
		{
			.name = "@parse",
			.purpose = "one document in, one typed model out",
			.calls = parse_calls,
			.call_args = no_exec,
			.n_call_args = ARRAY_LEN(no_exec),
			.root = ROLE_ROOT_EMPTY,
			/* libyaml holds a copy of the longest text; the model is there twice */
			.max_memory_kib = 2 * CONFIG_PARSE_DOCUMENT_KIB + CONFIG_PARSE_TREE_KIB +
					  2 * CONFIG_PARSE_MODEL_KIB + PROGRAM_KIB,
			.max_fds = 16,
			.accepts = parse_accepts,
			.main = parse_role_main,
		},
	[ROLE_FETCH] =
		{
			.name = "@fetch",
			.purpose = "one registry: TLS, HTTP, its protocol",
			.calls = fetch_calls,
			.call_args = fetch_args,
			.n_call_args = ARRAY_LEN(fetch_args),
			.keep_net = true,
			.root = ROLE_ROOT_NAMES,
			.n_args = 6,
			.max_memory_kib = 4096 + PROGRAM_KIB,
			.max_fds = 32,
			.accepts = fetch_accepts,
			.main = fetch_role_main,
		},
	[ROLE_UNPACK] =
		{
			.name = "@unpack",
			.purpose = "one layer's archive into one directory",
			.as_root = true,
			.caps = ROLE_CAP(CAP_CHOWN) | ROLE_CAP(CAP_FOWNER) | ROLE_CAP(CAP_FSETID) |
				ROLE_CAP(CAP_DAC_OVERRIDE) | ROLE_CAP(CAP_MKNOD) |
				ROLE_CAP(CAP_SETFCAP),
			.calls = unpack_calls,
			.call_args = no_exec,
			.n_call_args = ARRAY_LEN(no_exec),
			.root = ROLE_ROOT_STAGING,
			.n_args = 4,
			.max_memory_kib = UNPACK_HEAP_KIB + PROGRAM_KIB,
			.max_fds = 64,
			.accepts = unpack_accepts,
			.main = unpack_role_main,
		},
	[ROLE_INFLATE] =
		{
			.name = "@inflate",
			.purpose = "one compressed layer to its archive, both hashed",
			.calls = inflate_calls,
			.call_args = no_exec,
			.n_call_args = ARRAY_LEN(no_exec),
			.root = ROLE_ROOT_EMPTY,
			.n_args = 3,
			.max_memory_kib = INFLATE_HEAP_KIB + (1 << CONFIG_ZSTD_WINDOW_LOG) / 1024 +
					  PROGRAM_KIB,
			.max_fds = 16,
			.accepts = inflate_accepts,
			.main = inflate_role_main,
		},
	[ROLE_PACK] =
		{
			.name = "@pack",
			.purpose = "one layer's directory to the archive that it came from",
			.as_root = true,
			.caps = ROLE_CAP(CAP_DAC_READ_SEARCH),
			.calls = pack_calls,
			.call_args = no_exec,
			.n_call_args = ARRAY_LEN(no_exec),
			.root = ROLE_ROOT_TREE,
			.n_args = 3,
			.max_memory_kib = PROGRAM_KIB,
			.max_fds = 32,
			.accepts = pack_accepts,
			.main = pack_role_main,
		},
};
