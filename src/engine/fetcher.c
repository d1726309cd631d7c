/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fetcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/build.h"
#include "base/kconfig.h"
#include "sys/fd.h"

#define FRAME_CAP (16 * 1024)

static uint8_t frame[FRAME_CAP];

/* The machine's bundle, or the one of a device that ships its own. */
static int open_ca_bundle(const char *config_path)
{
	static const char *const system_paths[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/ssl/cert.pem",
		"/etc/pki/tls/certs/ca-bundle.crt",
	};
	char path[512];
	int fd = -1;

	if (str_printf(path, sizeof(path), "%s/ca.crt", config_path) > 0)
		fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	for (size_t i = 0; fd < 0 && i < ARRAY_LEN(system_paths); i++)
		fd = sys_open(AT_FDCWD, system_paths[i], O_RDONLY, 0);
	return fd;
}

/* certs.d/<host[:port]>/<name>; the grammar of references has no '/' and no ".." in a host */
static int open_registry_file(const struct fetcher_want *w, const char *name)
{
	char path[512 + REFERENCE_HOST_CAP];

	if (str_printf(path, sizeof(path), "%s/certs.d/%s/%s", w->config_path, w->host, name) < 0)
		return -ENAMETOOLONG;
	return sys_open(AT_FDCWD, path, O_RDONLY, 0);
}

/*
 * Our certificate for this registry and its key, which only the fetch role reads. Return: 1 @fds are open; 0 there is
 * none; -errno
 */
static int open_own(const struct fetcher_want *w, int fds[2], struct err *e)
{
	char path[512 + REFERENCE_HOST_CAP];

	fds[0] = open_registry_file(w, "client.cert");
	str_printf(path, sizeof(path), "%s/certs.d/%s/client.key", w->config_path, w->host);
	fds[1] = access_open_secret(path, e);
	if (fds[0] == -ENOENT && fds[1] == -ENOENT)
		return 0;
	if (!IS_ENABLED(CONFIG_TLS_CLIENT_CERT))
		return err_text(e, -ENOSYS, "%s: this build has no CONFIG_TLS_CLIENT_CERT", path);
	if (fds[0] == -ENOENT || fds[1] == -ENOENT)
		return err_text(e, -ENOENT,
				"%s and client.cert belong together, but there is no %s: put both "
				"there, or neither",
				path, fds[0] == -ENOENT ? "client.cert" : "client.key");
	if (fds[0] < 0)
		return err_set(e, fds[0], "client.cert beside %s", path);
	return fds[1] < 0 ? fds[1] : 1;
}

static int send_open(const struct fetcher_want *w, bool own, const struct role_proc *proc,
		     struct err *e)
{
	auto_close int plain_fd = open_registry_file(w, "plain-http");
	struct msg_out o;
	int r;

	msg_begin(&o, frame, sizeof(frame), FETCH_OPEN);
	enc_str(&o.enc, w->host);
	enc_str(&o.enc, w->repository);
	enc_u32(&o.enc, (uint32_t)w->login->kind);
	enc_str(&o.enc, w->login->user);
	enc_str(&o.enc, w->login->secret);
	enc_bool(&o.enc, plain_fd >= 0);
	enc_i64(&o.enc, build_time_s);
	enc_u32(&o.enc, 0); /* default stall time-out */
	enc_str(&o.enc, w->settings->https_proxy);
	enc_str(&o.enc, w->settings->http_proxy);
	enc_str(&o.enc, w->settings->no_proxy);
	enc_str(&o.enc, w->ns);
	enc_u64(&o.enc, w->rate_bytes_s);
	enc_bool(&o.enc, own);
	enc_bool(&o.enc, w->push);
	enc_str(&o.enc, w->mount);
	r = msg_send(proc->peer_fd, &o);
	explicit_bzero(frame, sizeof(frame));
	return r < 0 ? err_set(e, r, "send the registry's name to the fetch role") : 0;
}

int fetcher_start(const struct fetcher_want *w, struct role_proc *ret_proc, struct err *e)
{
	auto_close int bundle_fd = open_ca_bundle(w->config_path);
	auto_close int ca_fd = open_registry_file(w, "ca.crt");
	auto_close int resolv_fd = sys_open(AT_FDCWD, "/etc/resolv.conf", O_RDONLY, 0);
	auto_close int hosts_fd = sys_open(AT_FDCWD, "/etc/hosts", O_RDONLY, 0);
	int fds[] = {bundle_fd, ca_fd, resolv_fd, hosts_fd, -1, -1};
	int own = open_own(w, fds + 4, e);
	auto_close int cert_fd = fds[4], key_fd = fds[5];
	int r;

	if (own < 0)
		return own;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = fds[i] < 0 ? -1 : fds[i];
	r = role_spawn(ROLE_FETCH, fds, ARRAY_LEN(fds), w->cgroup_procs, ret_proc, e);
	if (r < 0)
		return r;
	r = send_open(w, own, ret_proc, e);
	if (r < 0)
		role_end(ret_proc, NULL);
	return r;
}

int fetcher_get(const struct role_proc *proc, uint32_t id, enum fetch_kind kind, const char *what,
		uint64_t max_bytes, uint64_t expect_bytes, int fd, int partial_fd, struct err *e)
{
	struct msg_out o;
	int r;

	msg_begin(&o, frame, sizeof(frame), FETCH_GET);
	enc_u32(&o.enc, id);
	enc_u32(&o.enc, kind);
	enc_str(&o.enc, what);
	enc_u64(&o.enc, max_bytes);
	enc_u64(&o.enc, expect_bytes);
	if (fd >= 0)
		msg_add_fd(&o, fd);
	if (partial_fd >= 0)
		msg_add_fd(&o, partial_fd);
	r = msg_send(proc->peer_fd, &o);
	return r < 0 ? err_set(e, r, "ask the fetch role for %s", what) : 0;
}

int fetcher_put(const struct role_proc *proc, uint32_t id, const char *what, const char *type,
		uint64_t bytes, int fd, struct err *e)
{
	struct msg_out o;
	int r;

	msg_begin(&o, frame, sizeof(frame), FETCH_PUT);
	enc_u32(&o.enc, id);
	enc_u32(&o.enc, type ? FETCH_MANIFEST : FETCH_BLOB);
	enc_str(&o.enc, what);
	enc_str(&o.enc, type);
	enc_u64(&o.enc, bytes);
	if (fd >= 0)
		msg_add_fd(&o, fd);
	r = msg_send(proc->peer_fd, &o);
	return r < 0 ? err_set(e, r, "ask the fetch role for %s", what) : 0;
}
