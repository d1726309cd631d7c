/*
 * Every pair of state and event: what the table holds is written here a second time, as a life is
 * told, and an empty cell must refuse a frame by name and change nothing.
 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "monitor/monitor_state.h"
#include "sys/sock.h"

#define EVERY_LIFE "STATUS=same "
#define CLIENTS	   "ATTACH=same DETACH=same RESIZE=same "

static const char *const expected[MONITOR_STATE_COUNT] = {
	[MONITOR_WAITING] =
		EVERY_LIFE "MOUNT=same CREATE=CREATING ABORT=DONE ENGINE_GONE=DONE FAILED=DONE ",
	[MONITOR_CREATING] =
		EVERY_LIFE "ABORT=same RUNTIME_OK=CREATED RUNTIME_FAILED=DRAINING FAILED=DONE ",
	[MONITOR_CREATED] = EVERY_LIFE CLIENTS
	"START=STARTING KILL=same ABORT=ENDING CONTAINER_END=DRAINING FAILED=DRAINING ",
	[MONITOR_STARTING] = EVERY_LIFE CLIENTS
	"KILL=same ABORT=same RUNTIME_OK=RUNNING RUNTIME_FAILED=ENDING CONTAINER_END=same ",
	[MONITOR_RUNNING] = EVERY_LIFE CLIENTS "KILL=same ABORT=ENDING CONTAINER_END=DRAINING ",
	[MONITOR_ENDING] = EVERY_LIFE CLIENTS "KILL=same ABORT=same CONTAINER_END=DRAINING ",
	[MONITOR_DRAINING] = EVERY_LIFE "DETACH=same DRAINED=DELETING ",
	[MONITOR_DELETING] = EVERY_LIFE "DETACH=same RUNTIME_OK=DONE RUNTIME_FAILED=DONE ",
	[MONITOR_DONE] = EVERY_LIFE,
};

/* " EVENT=next " in the text above */
static bool is_expected(enum monitor_state from, enum monitor_event_id ev, enum monitor_state next)
{
	char item[64], all[512];

	snprintf(item, sizeof(item), " %s=%s ", monitor_event_name(ev),
		 next == from ? "same" : monitor_state_name(next));
	snprintf(all, sizeof(all), " %s", expected[from]);
	return strstr(all, item);
}

static void table_is_as_told(void **state)
{
	int cells = 0, told = 0;

	(void)state;
	for (int s = 0; s < MONITOR_STATE_COUNT; s++) {
		for (int ev = 0; ev < EVENT_COUNT; ev++) {
			const struct monitor_step *cell = &monitor_steps[s][ev];

			if (!cell->action)
				continue;
			cells++;
			if (!is_expected((enum monitor_state)s, (enum monitor_event_id)ev,
					 cell->next))
				fail_msg("%s: %s leads to %s",
					 monitor_state_name((enum monitor_state)s),
					 monitor_event_name((enum monitor_event_id)ev),
					 monitor_state_name(cell->next));
		}
		for (const char *c = expected[s]; *c; c++)
			told += *c == '=';
	}
	assert_int_equal(cells, told);
}

static void empty_cells_refuse(void **state)
{
	static struct monitor m;
	static uint8_t frame[1024];
	int pair[2], refused = 0;

	(void)state;
	assert_int_equal(sys_socketpair_seqpacket(pair), 0);
	m.conn_fd = pair[0];
	for (int s = 0; s < MONITOR_STATE_COUNT; s++) {
		for (int ev = 0; ev < EVENT_COUNT; ev++) {
			struct monitor_event answer;
			struct msg sent = {0}, got;
			char want[96];

			if (monitor_steps[s][ev].action)
				continue;
			m.state = (enum monitor_state)s;
			m.frame = &sent;
			monitor_step(&m, (enum monitor_event_id)ev);
			assert_int_equal(m.state, s);
			assert_null(m.frame);
			assert_int_equal(
				msg_recv(pair[1], frame, sizeof(frame), &got, MSG_DONTWAIT), 1);
			assert_int_equal(monitor_event_decode(&got, &answer), 0);
			assert_int_equal(answer.type, MON_REFUSED);
			snprintf(want, sizeof(want), "%s is not possible in state %s",
				 monitor_event_name((enum monitor_event_id)ev),
				 monitor_state_name((enum monitor_state)s));
			assert_string_equal(answer.exit.error, want);
			refused++;
			/* what happens by itself gets no answer */
			monitor_step(&m, (enum monitor_event_id)ev);
			assert_int_equal(m.state, s);
			assert_true(msg_recv(pair[1], frame, sizeof(frame), &got, MSG_DONTWAIT) <
				    0);
		}
	}
	assert_true(refused > 50);
	close(pair[0]);
	close(pair[1]);
}

/* from each state there is a way to the end that needs nobody but processes that end */
static void every_life_can_end(void **state)
{
	static const enum monitor_event_id alone[] = {EVENT_RUNTIME_FAILED, EVENT_CONTAINER_END,
						      EVENT_DRAINED, EVENT_ENGINE_GONE};
	bool ends[MONITOR_STATE_COUNT] = {[MONITOR_DONE] = true};

	(void)state;
	for (int round = 0; round < MONITOR_STATE_COUNT; round++)
		for (int s = 0; s < MONITOR_STATE_COUNT; s++)
			for (size_t i = 0; i < ARRAY_LEN(alone); i++)
				if (monitor_steps[s][alone[i]].action)
					ends[s] |= ends[monitor_steps[s][alone[i]].next];
	for (int s = 0; s < MONITOR_STATE_COUNT; s++)
		assert_true(ends[s]);
}

static void messages_become_dockers_codes(void **state)
{
	static const struct {
		const char *message;
		int code;
	} cases[] = {
		/* crun */
		{"executable file `nope` not found in $PATH: No such file or directory", 127},
		{"open executable: Permission denied", 126},
		/* runc */
		{"runc create failed: unable to start container process: exec: \"nope\": "
		 "executable file not "
		 "found in $PATH: unknown",
		 127},
		{"exec: \"/x\": stat /x: no such file or directory", 127},
		{"exec: \"/x\": permission denied", 126},
		{"exec /bin/x: Exec format error", 126},
		{"exec: \"/bin\": is a directory", 126},
		/* neither */
		{"mount /x: no such file or directory", 125},
		{"", 125},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(monitor_exit_code_of(cases[i].message), cases[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_as_told),
		cmocka_unit_test(empty_cells_refuse),
		cmocka_unit_test(every_life_can_end),
		cmocka_unit_test(messages_become_dockers_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
