/* SPDX-License-Identifier: Apache-2.0 */
#include "msg/ctl.h"

#include <string.h>

#include "test.h"

static uint8_t frame[4096], mem[16384];
static struct arena arena;

static int request_round_trip(const struct ctl_request *in, size_t cut, struct ctl_request *out)
{
	struct enc e;
	struct dec d;

	enc_init(&e, frame, sizeof(frame));
	ctl_request_encode(&e, in);
	assert_true(enc_ok(&e));
	arena_init(&arena, mem, sizeof(mem));
	dec_init(&d, frame, e.len - cut, &arena);
	ctl_request_decode(&d, in->verb, out);
	return dec_done(&d);
}

static void request_survives_the_wire(void **state)
{
	char *args[] = {"sh", "-c", "exit 3", NULL}, *env[] = {"A=b=c", NULL};
	struct ctl_request in = {
		.verb = CTL_EXEC,
		.flags = CTL_F_TTY | CTL_F_STDIN,
		.stdio = CTL_STDIN | CTL_STDERR,
		.name = "web",
		.signal = 15,
		.timeout_ms = CTL_TIMEOUT_UNSET,
		.rows = 24,
		.columns = 80,
		.args = args,
		.n_args = 3,
		.env = env,
		.n_env = 1,
		.user = "nobody",
		.service = {"x\0y", 3},
	};
	struct ctl_request out;

	(void)state;
	assert_int_equal(request_round_trip(&in, 0, &out), 0);
	assert_int_equal(out.verb, CTL_EXEC);
	assert_int_equal(out.flags, in.flags);
	assert_int_equal(out.stdio, in.stdio);
	assert_string_equal(out.name, "web");
	assert_int_equal(out.signal, 15);
	assert_int_equal(out.timeout_ms, CTL_TIMEOUT_UNSET);
	assert_int_equal(out.rows, 24);
	assert_int_equal(out.columns, 80);
	assert_int_equal(out.n_args, 3);
	assert_string_equal(out.args[2], "exit 3");
	assert_string_equal(out.env[0], "A=b=c");
	assert_string_equal(out.user, "nobody");
	assert_null(out.working_dir);
	assert_int_equal(out.service.len, 3);
	assert_memory_equal(out.service.p, "x\0y", 3);
}

static void request_that_was_cut_is_refused(void **state)
{
	struct ctl_request in = {.verb = CTL_STOP, .name = "web", .timeout_ms = 5}, out;
	struct enc e;

	(void)state;
	enc_init(&e, frame, sizeof(frame));
	ctl_request_encode(&e, &in);
	for (size_t cut = 1; cut <= e.len; cut++)
		assert_int_not_equal(request_round_trip(&in, cut, &out), 0);
}

static void request_with_a_negative_timeout_is_refused(void **state)
{
	struct ctl_request in = {.verb = CTL_STOP, .name = "web", .timeout_ms = -2}, out;

	(void)state;
	assert_int_not_equal(request_round_trip(&in, 0, &out), 0);
}

static int reply_round_trip(const struct ctl_reply *in, uint32_t type, size_t cut,
			    struct ctl_reply *out)
{
	struct enc e;
	struct dec d;

	enc_init(&e, frame, sizeof(frame));
	ctl_reply_encode(&e, in);
	assert_true(enc_ok(&e));
	if (cut > e.len)
		return 1;
	arena_init(&arena, mem, sizeof(mem));
	dec_init(&d, frame, e.len - cut, &arena);
	ctl_reply_decode(&d, type, out);
	return dec_done(&d);
}

static const struct ctl_reply samples[] = {
	{.type = CTL_DONE},
	{.type = CTL_ERROR, .error = {127, "no such command"}},
	{.type = CTL_PROGRESS, .progress = {"web", "pulling", 5, 10}},
	{.type = CTL_STARTED, .started = {"0123", "web"}},
	{.type = CTL_EXIT, .exit_code = 137},
	{.type = CTL_CONTAINER,
	 .container = {.id = "01",
		       .name = "web",
		       .image = "nginx",
		       .command = "nginx -g",
		       .state = "exited",
		       .ports = "80/tcp",
		       .ip = "172.30.0.2",
		       .service = NULL,
		       .error = "why",
		       .created_s = 1,
		       .started_s = 2,
		       .finished_s = 3,
		       .exit_code = 1,
		       .restarts = 4,
		       .pid = 5,
		       .oom = true}},
	{.type = CTL_IMAGE,
	 .image = {"docker.io/library/nginx", NULL, {{1}}, {{2}}, "2026-01-01T00:00:00Z", 12345}},
	{.type = CTL_TEXT, .text = "[\n]\n"},
	{.type = CTL_PAIR, .pair = {"digest", "sha256:00"}},
	{.type = CTL_FD},
};

/* encoding what was decoded gives the same bytes; every shorter frame is refused */
static void replies_survive_the_wire(void **state)
{
	static uint8_t first[4096];
	struct ctl_reply out;
	struct enc e;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		assert_int_equal(reply_round_trip(&samples[i], samples[i].type, 0, &out), 0);
		assert_int_equal(out.type, samples[i].type);
		enc_init(&e, first, sizeof(first));
		ctl_reply_encode(&e, &out);
		len = e.len;
		enc_init(&e, frame, sizeof(frame));
		ctl_reply_encode(&e, &samples[i]);
		assert_int_equal(e.len, len);
		assert_memory_equal(first, frame, len);
		for (size_t cut = 1; cut <= len; cut++)
			assert_int_not_equal(
				reply_round_trip(&samples[i], samples[i].type, cut, &out), 0);
	}
}

static void unknown_reply_type_is_refused(void **state)
{
	struct ctl_reply out;

	(void)state;
	assert_int_not_equal(reply_round_trip(&samples[0], CTL_FD + 1, 0, &out), 0);
	assert_int_not_equal(reply_round_trip(&samples[0], CTL_DONE - 1, 0, &out), 0);
}

static void verbs_know_whether_they_need_an_engine(void **state)
{
	(void)state;
	assert_string_equal(ctl_verb_name(CTL_RMI), "rmi");
	assert_string_equal(ctl_verb_name(CTL_VERB_COUNT), "?");
	assert_true(ctl_verb_needs_engine(CTL_RUN));
	assert_false(ctl_verb_needs_engine(CTL_PULL));
	assert_true(ctl_verb_needs_engine(CTL_VERB_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_survives_the_wire),
		cmocka_unit_test(request_that_was_cut_is_refused),
		cmocka_unit_test(request_with_a_negative_timeout_is_refused),
		cmocka_unit_test(replies_survive_the_wire),
		cmocka_unit_test(unknown_reply_type_is_refused),
		cmocka_unit_test(verbs_know_whether_they_need_an_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
