/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's life as a table. Frames of the engine, ends of processes and the drain of stdio are
 * the events; an empty cell refuses a frame and ignores the rest.
 */
#include "monitor/monitor_state.h"

#include <stdio.h>

#include "base/str.h"
#include "sys/fd.h"

#define M(x) MONITOR_##x

/* what a client may do as long as the container's stdio is there */
#define CLIENT_STEPS(state)                                                                        \
	[EVENT_ATTACH] = {monitor_do_attach, M(state)},                                            \
	[EVENT_DETACH] = {monitor_do_detach, M(state)},                                            \
	[EVENT_RESIZE] = {monitor_do_resize, M(state)},                                            \
	[EVENT_STATUS] = {monitor_tell_state, M(state)}

const struct monitor_step monitor_steps[MONITOR_STATE_COUNT][EVENT_COUNT] =
	{
		[M(WAITING)] =
			{
				[EVENT_MOUNT] = {monitor_do_mount, M(WAITING)},
				[EVENT_CREATE] = {monitor_do_create, M(CREATING)},
				[EVENT_STATUS] = {monitor_tell_state, M(WAITING)},
				[EVENT_ABORT] = {monitor_end, M(DONE)},
				[EVENT_ENGINE_GONE] = {monitor_end, M(DONE)},
				[EVENT_FAILED] = {monitor_end, M(DONE)},
			},
		[M(CREATING)] =
			{
				[EVENT_STATUS] = {monitor_tell_state, M(CREATING)},
				[EVENT_ABORT] = {monitor_abort, M(CREATING)},
				[EVENT_RUNTIME_OK] = {monitor_created, M(CREATED)},
				[EVENT_RUNTIME_FAILED] = {monitor_create_failed, M(DRAINING)},
				[EVENT_FAILED] = {monitor_end, M(DONE)},
			},
		[M(CREATED)] =
			{
				CLIENT_STEPS(CREATED),
				[EVENT_START] = {monitor_do_start, M(STARTING)},
				[EVENT_KILL] = {monitor_do_kill, M(CREATED)},
				[EVENT_ABORT] = {monitor_abort, M(ENDING)},
				[EVENT_CONTAINER_END] = {monitor_do_drain, M(DRAINING)},
				[EVENT_FAILED] = {monitor_give_up, M(DRAINING)},
			},
		[M(STARTING)] =
			{
				CLIENT_STEPS(STARTING),
				[EVENT_KILL] = {monitor_do_kill, M(STARTING)},
				[EVENT_ABORT] = {monitor_abort, M(STARTING)},
				[EVENT_RUNTIME_OK] = {monitor_started, M(RUNNING)},
				[EVENT_RUNTIME_FAILED] = {monitor_start_failed, M(ENDING)},
				[EVENT_CONTAINER_END] = {monitor_note_end, M(STARTING)},
			},
		[M(RUNNING)] =
			{
				CLIENT_STEPS(RUNNING),
				[EVENT_KILL] = {monitor_do_kill, M(RUNNING)},
				[EVENT_ABORT] = {monitor_abort, M(ENDING)},
				[EVENT_CONTAINER_END] = {monitor_do_drain, M(DRAINING)},
			},
		[M(ENDING)] =
			{
				CLIENT_STEPS(ENDING),
				[EVENT_KILL] = {monitor_do_kill, M(ENDING)},
				[EVENT_ABORT] = {monitor_abort, M(ENDING)},
				[EVENT_CONTAINER_END] = {monitor_do_drain, M(DRAINING)},
			},
		[M(DRAINING)] =
			{
				[EVENT_DETACH] = {monitor_do_detach, M(DRAINING)},
				[EVENT_STATUS] = {monitor_tell_state, M(DRAINING)},
				[EVENT_DRAINED] = {monitor_do_delete, M(DELETING)},
			},
		[M(DELETING)] =
			{
				[EVENT_DETACH] = {monitor_do_detach, M(DELETING)},
				[EVENT_STATUS] = {monitor_tell_state, M(DELETING)},
				[EVENT_RUNTIME_OK] = {monitor_deleted, M(DONE)},
				[EVENT_RUNTIME_FAILED] = {monitor_delete_failed, M(DONE)},
			},
		[M(DONE)] =
			{
				[EVENT_STATUS] = {monitor_tell_state, M(DONE)},
			},
};

const char *monitor_event_name(enum monitor_event_id ev)
{
	static const char *const names[] = {
#define X(name) #name,
		MONITOR_EVENTS(X)
#undef X
	};

	return (size_t)ev < ARRAY_LEN(names) ? names[ev] : "?";
}

/* Frames are answered and told; what happens by itself in a state without use for it is not. */
static void refuse(struct monitor *m, enum monitor_event_id ev)
{
	uint8_t mem[192];
	struct msg_out o;
	char text[96];

	if (!m->frame)
		return;
	str_printf(text, sizeof(text), "%s is not possible in state %s", monitor_event_name(ev),
		   monitor_state_name(m->state));
	msg_begin(&o, mem, sizeof(mem), MON_REFUSED);
	enc_i64(&o.enc, 125);
	enc_str(&o.enc, text);
	msg_send(m->conn_fd, &o);
}

static void step_one(struct monitor *m, enum monitor_event_id ev)
{
	const struct monitor_step *s = &monitor_steps[m->state][ev];

	if (!s->action) {
		refuse(m, ev);
		return;
	}
	m->state = s->next;
	s->action(m);
}

void monitor_step(struct monitor *m, enum monitor_event_id ev)
{
	if (m->stepping) { /* raised by an action: its turn comes when that has returned */
		if (m->n_pending < MONITOR_MAX_PENDING)
			m->pending[m->n_pending++] = ev;
		return;
	}
	m->stepping = true;
	step_one(m, ev);
	m->frame = NULL;
	for (size_t i = 0; i < m->n_pending; i++)
		step_one(m, m->pending[i]);
	m->n_pending = 0;
	m->stepping = false;
}
