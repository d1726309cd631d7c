#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake/old_kernel.h"
#include "msg/msg.h"
#include "sys/fd.h"

static int pair[2];
static uint8_t mem[MSG_MAX + 100], buf[MSG_MAX];

static int set_up(void **state)
{
	(void)state;
	return sys_socketpair_seqpacket(pair);
}

static int tear_down(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static int open_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void frame_with_descriptors(void **state)
{
	int fds[2], before = open_count();
	struct msg_out o;
	struct msg m;
	struct dec d;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	msg_begin(&o, mem, sizeof(mem), 0x1234);
	enc_u32(&o.enc, 99);
	msg_add_fd(&o, fds[0]);
	msg_add_fd(&o, fds[1]);
	assert_int_equal(msg_send(pair[0], &o), 0);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0), 1);
	assert_int_equal(m.type, 0x1234);
	assert_int_equal(m.n_fds, 2);
	assert_true(fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC);
	dec_init(&d, m.payload, m.len, NULL);
	assert_int_equal(dec_u32(&d), 99);
	assert_int_equal(dec_done(&d), 0);
	assert_int_equal(write(m.fds[1], "x", 1), 1);
	msg_close_fds(&m);
	assert_int_equal(open_count(), before);
}

static void largest_frame(void **state)
{
	struct msg_out o;
	struct msg m;

	(void)state;
	msg_begin(&o, mem, sizeof(mem), 7);
	enc_bytes(&o.enc, buf, MSG_MAX - 8);
	assert_int_equal(msg_send(pair[0], &o), 0);
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0), 1);
	assert_int_equal(m.len, MSG_MAX - 4);
	msg_begin(&o, mem, sizeof(mem), 7);
	enc_bytes(&o.enc, buf, MSG_MAX - 7); /* one more, though the memory would hold it */
	assert_int_equal(msg_send(pair[0], &o), -EMSGSIZE);
}

static void cut_frames_are_errors(void **state)
{
	int before = open_count(), null = open("/dev/null", O_RDONLY);
	struct msg_out o;
	struct msg m;

	(void)state;
	msg_begin(&o, mem, sizeof(mem), 7);
	enc_u64(&o.enc, 1);
	msg_add_fd(&o, null);
	assert_int_equal(msg_send(pair[0], &o), 0);
	close(null);
	assert_int_equal(msg_recv(pair[1], buf, 8, &m, 0), -EMSGSIZE);
	assert_int_equal(open_count(), before); /* its descriptor went with it */
	assert_int_equal(send(pair[0], "abc", 3, 0), 3);
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0), -EBADMSG);
}

/* more descriptors than a frame may carry, as only a hostile peer would send */
static void too_many_descriptors(void **state)
{
	union {
		struct cmsghdr c;
		char mem[CMSG_SPACE(sizeof(int) * 20)];
	} control = {0};
	struct iovec part = {"typeabcd", 8};
	struct msghdr h = {.msg_iov = &part,
			   .msg_iovlen = 1,
			   .msg_control = control.mem,
			   .msg_controllen = sizeof(control.mem)};
	int before = open_count(), null = open("/dev/null", O_RDONLY), fds[20];
	struct msg_out o;
	struct msg m;

	(void)state;
	if (emulated())
		skip();
	for (int i = 0; i < 20; i++)
		fds[i] = null;
	control.c.cmsg_level = SOL_SOCKET;
	control.c.cmsg_type = SCM_RIGHTS;
	control.c.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.c), fds, sizeof(fds));
	assert_int_equal(sendmsg(pair[0], &h, 0), 8);
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0), -EMSGSIZE);
	close(null);
	assert_int_equal(open_count(), before);
	msg_begin(&o, mem, sizeof(mem), 7);
	for (int i = 0; i <= MSG_MAX_FDS; i++)
		msg_add_fd(&o, 0);
	assert_int_equal(msg_send(pair[0], &o), -EMSGSIZE);
}

static void peer_gone_or_slow(void **state)
{
	struct msg m;
	int r;

	(void)state;
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, MSG_DONTWAIT), -EAGAIN);
	assert_int_equal(sys_set_nonblock(pair[0], 1), 0);
	do
		r = msg_send_simple(pair[0], 1);
	while (r == 0);
	assert_int_equal(r, -EAGAIN);
	close(pair[1]);
	pair[1] = -1;
	assert_int_equal(msg_send_simple(pair[0], 1), -EPIPE); /* and no SIGPIPE */
	assert_int_equal(set_up(NULL), 0);
	assert_int_equal(msg_send_simple(pair[0], 5), 0);
	close(pair[0]);
	pair[0] = -1;
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0),
			 1); /* what was sent still comes */
	assert_int_equal(m.type, 5);
	assert_int_equal(msg_recv(pair[1], buf, sizeof(buf), &m, 0), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frame_with_descriptors), T(largest_frame),	 T(cut_frames_are_errors),
		T(too_many_descriptors),   T(peer_gone_or_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
