/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Protocol of the fetch role: one registry host and repository; TLS, HTTP, authentication, redirects,
 * resume. The starter asks for one object at a time; several may be asked for one after another on
 * kept-alive connections. Descriptors of role_spawn(): ROLE_FD_ARG = CA bundle (PEM) for reading,
 * ROLE_FD_ARG+1 = certs.d CA of this registry or /dev/null, +2 resolv.conf, +3 hosts, +4 our certificate for this
 * registry, +5 its key.
 *
 *   FETCH_OPEN    str host[:port], str repository ("": FETCH_PING alone), u32 enum remote_kind, str user, str secret
 *                 (NULL where the kind has none), bool plain_http, i64 build_time (clock floor), u32 stall_ms
 *                 (longest silence of a server; 0 = default), str https_proxy, str http_proxy, str no_proxy (may be NULL), str ns
 *                 (NULL; else this is a mirror of that host), u64 rate (bytes a second; 0 = no bound), bool own (we have a
 *                 certificate), bool push, str mount (another repository of the registry, whose blobs may be mounted;
 *                 NULL)
 *   FETCH_GET     u32 id, u32 kind, str what (tag or digest text), u64 max_bytes, u64 expect_bytes (0 = unknown);
 *                 fds: where the body goes (pipe, or memfd; none with FETCH_HEAD), and perhaps a partial file, open
 *                 for reading and appending, which is continued and left with what has arrived, or empty
 *   FETCH_WAKE    the network has changed: a wait for the next attempt is over
 *   FETCH_DONE    u32 id, u64 bytes, str content_type, str docker_content_digest (may be NULL), u64 kept (of the
 *                 bytes, those from the partial file), u32 limit, u32 remaining, u32 window_s (of requests; 0 = not told)
 *   FETCH_ERROR   u32 id, i64 code, str text, u32 class
 *   FETCH_PROGRESS u32 id, u64 bytes so far (at most 4 a second)
 *   FETCH_WAIT    u32 id, u32 ms until the next attempt, str why
 *
 * Opened to push, the role also takes, and only then asks for that right:
 *   FETCH_PUT     u32 id, u32 kind (MANIFEST, BLOB), str what (tag; digest), str media type (of a manifest, else
 *                 NULL), u64 bytes; fd: a file or pipe with exactly these bytes. DONE tells what the registry calls it.
 *                 Without an fd: is this blob there? If not, and bytes is not 0, try to mount it. The bytes of DONE
 *                 are then an enum fetch_have
 *   FETCH_AGAIN   u32 id: the pipe is needed from its beginning once more: the same PUT with another fd is the answer
 */
enum fetch_frame {
	FETCH_OPEN = 0x200,
	FETCH_GET = 0x201,
	FETCH_DONE = 0x202,
	FETCH_ERROR = 0x203,
	FETCH_PROGRESS = 0x204,
	FETCH_WAIT = 0x205,
	FETCH_WAKE = 0x206,
	FETCH_PUT = 0x207,
	FETCH_AGAIN = 0x208,
};
enum fetch_have { FETCH_ABSENT, FETCH_THERE, FETCH_MOUNTED };
enum fetch_kind {
	FETCH_MANIFEST,
	FETCH_BLOB,
	FETCH_PING, /* does the registry accept who we are? `what` is "", nothing is of interest but the verdict */
	FETCH_HEAD,	/* of a manifest: Docker-Content-Digest alone, without a body */
	FETCH_REFERRERS /* `what` is a digest: the list of sigstore bundles that refer to it */
};
enum fetch_class {
	FETCH_E_NETWORK,
	FETCH_E_TLS,
	FETCH_E_CLOCK,
	FETCH_E_AUTH,
	FETCH_E_NOT_FOUND,
	FETCH_E_HTTP,
	FETCH_E_LIMIT,
	FETCH_E_SINK
};

int fetch_role_main(int peer_fd);
