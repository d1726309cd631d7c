/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/socket.h>

#include "base/str.h"
#include "sys/fd.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define STATE_CAP (64 * 1024)

int notify_connect(const struct oci_seccomp *s, const struct filter_program *p, int *ret_fd,
		   struct err *e)
{
	int fd;

	*ret_fd = -1;
	if (!(p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return 0;
	if (str_empty(s->listener_path))
		return err_text(e, -EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	fd = sys_connect_unix(s->listener_path, SOCK_STREAM);
	if (fd < 0)
		return err_set(e, fd,
			       "failed to connect with seccomp agent, linux.seccomp.listenerPath "
			       "%.64s",
			       s->listener_path);
	*ret_fd = fd;
	return 0;
}

int notify_forward(int agent_fd, int pidfd, pid_t pid, int number, const struct oci_seccomp *s,
		   const struct oci_state *state, enum oci_status status, struct err *e)
{
	static char text[STATE_CAP];
	auto_close int own = pidfd < 0 ? sys_pidfd_open(pid) : -1;
	auto_close int fd = sys_pidfd_getfd(pidfd < 0 ? own : pidfd, number);
	struct buf b;
	int r;

	if (fd == -ENOSYS)
		return err_text(e, -EOPNOTSUPP, "linux.seccomp: an agent needs Linux 5.6");
	if (fd < 0)
		return err_set(e, fd, "take the seccomp descriptor (CAP_SYS_PTRACE)");
	buf_init(&b, text, sizeof(text));
	buf_printf(&b,
		   "{\"ociVersion\":\"" OCI_VERSION "\",\"fds\":[\"seccompFd\"],\"pid\":%d,"
		   "\"metadata\":",
		   (int)pid);
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
