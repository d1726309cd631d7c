/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include "base/str.h"
#include "runtime/stage.h"
#include "sys/cred.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define STATE_CAP (64 * 1024)

static bool notifies(const struct oci_seccomp *s, const char *call)
{
	for (size_t i = 0; i < s->n_rules; i++)
		for (size_t j = 0; j < s->rules[i].names.n; j++)
			if (s->rules[i].action == OCI_SECCOMP_NOTIFY &&
			    str_eq(s->rules[i].names.v[j], call))
				return true;
	return false;
}

int notify_connect(const struct oci_seccomp *s, struct filter_program *p, int *ret_fd,
		   struct err *e)
{
	int fd;

	*ret_fd = -1;
	p->sent = sys_get_uid() != 0;
	if (!(p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return 0;
	if (str_empty(s->listener_path))
		return err_text(e, -EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	if (p->sent && notifies(s, "sendmsg"))
		return err_text(e, -EINVAL,
				"linux.seccomp: SCMP_ACT_NOTIFY cannot be used for the sendmsg "
				"syscall by an ordinary user");
	fd = sys_connect_unix(s->listener_path, SOCK_STREAM);
	if (fd < 0)
		return err_set(e, fd,
			       "failed to connect with seccomp agent, linux.seccomp.listenerPath "
			       "%.64s",
			       s->listener_path);
	*ret_fd = fd;
	return 0;
}

static int fetch(const struct notify_from *from, struct err *e)
{
	auto_close int own = from->pidfd < 0 && from->number >= 0 ? sys_pidfd_open(from->pid) : -1;
	struct stage_msg m = {0};
	size_t n = 0;
	int fd = -1;
	ssize_t r;

	if (from->number != NOTIFY_SENT) {
		fd = sys_pidfd_getfd(from->pidfd < 0 ? own : from->pidfd, from->number);
		if (fd == -ENOSYS)
			return err_text(e, -EOPNOTSUPP, "linux.seccomp: an agent needs Linux 5.6");
		return fd < 0 ? err_set(e, fd, "take the seccomp descriptor (CAP_SYS_PTRACE)") : fd;
	}
	r = sys_recv_fds(from->sync_fd, &m, sizeof(m), &fd, 1, &n, 0);
	if (n == 1)
		return fd;
	m.text[sizeof(m.text) - 1] = '\0';
	return r == (ssize_t)sizeof(m)
		       ? stage_failure(&m, e)
		       : err_set(e, r < 0 ? (int)r : -EPIPE, "receive the seccomp descriptor");
}

int notify_forward(int agent_fd, const struct notify_from *from, const struct oci_seccomp *s,
		   const struct oci_state *state, enum oci_status status, struct err *e)
{
	static char text[STATE_CAP];
	auto_close int fd = fetch(from, e);
	struct buf b;
	int r;

	if (fd < 0)
		return fd;
	buf_init(&b, text, sizeof(text));
	buf_printf(&b,
		   "{\"ociVersion\":\"" OCI_VERSION "\",\"fds\":[\"seccompFd\"],\"pid\":%d,"
		   "\"metadata\":",
		   (int)from->pid);
	buf_json(&b, s->listener_metadata ? s->listener_metadata : "");
	buf_puts(&b, ",\"state\":");
	oci_state_print(&b, state, status);
	buf_putc(&b, '}');
	if (!buf_ok(&b))
		return err_text(e, -EFBIG,
				"the state for the seccomp agent is longer than %d bytes",
				STATE_CAP);
	r = sys_send_fds(agent_fd, b.p, b.len, &fd, 1);
	return r < 0 ? err_set(e, r, "send to the seccomp agent %.64s", s->listener_path) : 0;
}
