/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

/*
 * A world in one line: wants "name[=hash][!][>dep][>>completed]" ('!' = image not there), haves
 * "name=hash:state[+][<needs]" ('+' = has run). The plan as text: "remove a, create b; busy 1, blocked 2".
 */

struct world {
	struct plan_want want[PLAN_MAX];
	struct plan_have have[PLAN_MAX];
	size_t n_want, n_have;
	char names[2 * PLAN_MAX][16];
	size_t n_names;
};

static struct digest hash_of(int c)
{
	struct digest d = {{0}};

	d.b[0] = (uint8_t)c;
	return d;
}

static size_t bit_of(struct world *w, const char *name, bool have)
{
	size_t n = have ? w->n_have : w->n_want;

	for (size_t i = 0; i < n; i++)
		if (strcmp(have ? w->have[i].name : w->want[i].name, name) == 0)
			return i;
	fail_msg("no %s in this world", name);
	return 0;
}

static char *name_in(struct world *w, const char *text, size_t len)
{
	char *name = w->names[w->n_names++];

	memcpy(name, text, len);
	name[len] = '\0';
	return name;
}

static void add_want(struct world *w, const char *word)
{
	size_t len = strcspn(word, "=!>");
	struct plan_want *p = &w->want[w->n_want];
	char dep[16];

	p->name = name_in(w, word, len);
	p->hash = hash_of('1');
	p->ready = true;
	for (word += len; *word; word += len) {
		if (*word == '=') {
			p->hash = hash_of(word[1]);
			len = 2;
		} else if (*word == '!') {
			p->ready = false;
			len = 1;
		} else {
			bool completed = word[1] == '>';

			word += completed ? 2 : 1;
			len = strcspn(word, "=!>");
			snprintf(dep, sizeof(dep), "%.*s", (int)len, word);
			*(completed ? &p->after_completed : &p->after_started) |=
				UINT64_C(1) << bit_of(w, dep, false);
		}
	}
	w->n_want++;
}

static enum plan_state state_of(const char *text, size_t len)
{
	for (enum plan_state s = 0; s < PLAN_STATE_COUNT; s++)
		if (strlen(plan_state_name(s)) == len &&
		    strncmp(plan_state_name(s), text, len) == 0)
			return s;
	fail_msg("no state %.*s", (int)len, text);
	return 0;
}

static void add_have(struct world *w, const char *word)
{
	size_t len = strcspn(word, "=");
	struct plan_have *p = &w->have[w->n_have++];

	p->name = name_in(w, word, len);
	p->hash = hash_of(word[len + 1]);
	word += len + 3;
	len = strcspn(word, "+<");
	p->state = state_of(word, len);
	p->ran = word[len] == '+';
}

static void add_needs(struct world *w, const char *word, size_t index)
{
	char name[16];

	while ((word = strchr(word, '<'))) {
		size_t len = strcspn(++word, "<");

		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		w->have[index].needs |= UINT64_C(1) << bit_of(w, name, true);
	}
}

static void each_word(struct world *w, const char *text, bool wants)
{
	char copy[512], *words[PLAN_MAX], *save = NULL;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save))
		words[n++] = p;
	for (size_t i = 0; i < n; i++)
		wants ? add_want(w, words[i]) : add_have(w, words[i]);
	for (size_t i = 0; !wants && i < n; i++)
		add_needs(w, words[i], i);
}

static const char *plan_text(const char *wants, const char *haves)
{
	static char text[1024];
	static struct world w;
	static struct plan p;
	size_t len = 0;

	memset(&w, 0, sizeof(w));
	each_word(&w, wants, true);
	each_word(&w, haves, false);
	plan_make(w.want, w.n_want, w.have, w.n_have, &p);
	text[0] = '\0';
	for (size_t i = 0; i < p.n_steps; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s", i ? ", " : "",
					plan_action_name(p.steps[i].action),
					p.steps[i].action == PLAN_REMOVE
						? w.have[p.steps[i].index].name
						: w.want[p.steps[i].index].name);
	if (p.n_busy)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "; busy %zu", p.n_busy);
	if (p.n_blocked)
		snprintf(text + len, sizeof(text) - len, "; blocked %zu", p.n_blocked);
	return text;
}

static const struct {
	const char *name, *wants, *haves, *plan;
} rows[] = {
	{"nothing is wanted, nothing is there", "", "", ""},
	{"a service is made", "a", "", "create a"},
	{"then started", "a", "a=1:idle", "start a"},
	{"then it is left alone", "a", "a=1:running+", ""},
	{"the second one is made but waits for the first", "a b>a", "a=1:idle b=1:idle",
	 "start a; blocked 1"},
	{"while the first one starts", "a b>a", "a=1:busy b=1:idle", "; busy 1; blocked 1"},
	{"and starts when the first runs", "a b>a", "a=1:running+ b=1:idle", "start b"},
	{"a dependency that is retried does not count", "a b>a", "a=1:retrying+ b=1:idle",
	 "; blocked 1"},
	{"one that has run and ended was started", "a b>a", "a=1:failed+ b=1:idle", "start b"},
	{"one that never ran was not", "a b>a", "a=1:failed b=1:idle", "; blocked 1"},
	{"completed: not while it runs", "a b>>a", "a=1:running+ b=1:idle", "; blocked 1"},
	{"completed: not when it failed", "a b>>a", "a=1:failed+ b=1:idle", "; blocked 1"},
	{"completed: ended with 0", "a b>>a", "a=1:completed+ b=1:idle", "start b"},
	{"no image yet: not made", "a! b", "", "create b; blocked 1"},
	{"no image yet: the old one goes on", "a=2!", "a=1:running+", "; blocked 1"},
	{"a changed service is replaced", "a=2", "a=1:running+", "remove a"},
	{"its dependent goes on meanwhile", "a=2 b>a", "a=1:running+ b=1:running+", "remove a"},
	{"a new dependent waits for the new form", "a=2 b>a", "a=1:busy b=1:idle",
	 "; busy 1; blocked 1"},
	{"an old form does not satisfy", "a=2! b>a", "a=1:running+ b=1:idle", "; blocked 2"},
	{"what is stopped by the user stays so", "a", "a=1:held+", ""},
	{"unless it has changed", "a=2", "a=1:held+", "remove a"},
	{"failed and completed ones stay", "a b", "a=1:failed b=1:completed+", ""},
	{"what is not wanted goes", "", "a=1:running+", "remove a"},
	{"dependents first", "", "a=1:running+ b=1:running+<a", "remove b; blocked 1"},
	{"then what they needed", "", "a=1:running+ b=1:absent<a", "remove a"},
	{"while the dependent stops", "", "a=1:running+ b=1:busy<a", "; busy 1; blocked 1"},
	{"a chain ends from its end", "", "a=1:running+ b=1:running+<a c=1:running+<b",
	 "remove c; blocked 2"},
	{"needing what stays does not matter", "a", "a=1:running+ b=1:running+<a", "remove b"},
	{"a dependent that stays does not hold it", "b", "a=1:running+ b=1:running+<a", "remove a"},
	{"a circle in old records is broken", "", "a=1:running+<b b=1:running+<a",
	 "remove a, remove b"},
	{"independent services start together", "a b c", "a=1:idle b=1:idle c=1:idle",
	 "start a, start b, start c"},
	{"removal and creation in one round", "b", "a=1:running+", "remove a, create b"},
};

static void every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = plan_text(rows[i].wants, rows[i].haves);

		if (strcmp(got, rows[i].plan) != 0)
			fail_msg("%s: wanted \"%s\", got \"%s\"", rows[i].name, rows[i].plan, got);
	}
}

/* every state of a single service, wanted and unchanged: a step for exactly absent and idle */
static void every_state_of_one_service(void **state)
{
	(void)state;
	for (enum plan_state s = 0; s < PLAN_STATE_COUNT; s++) {
		struct plan_want want = {.name = "a", .hash = hash_of('1'), .ready = true};
		struct plan_have have = {.name = "a", .hash = hash_of('1'), .state = s};
		static struct plan p;

		plan_make(&want, 1, &have, 1, &p);
		assert_int_equal(p.n_steps, s == PLAN_ABSENT || s == PLAN_IDLE);
		assert_int_equal(p.n_busy, s == PLAN_BUSY);
		assert_int_equal(p.n_blocked, 0);
	}
}

/* from nothing to everything running, taking each step at once: never two starts of one service */
static void plan_converges(void **state)
{
	static struct plan_want want[PLAN_MAX];
	static struct plan_have have[PLAN_MAX];
	static char names[PLAN_MAX][8];
	static struct plan p;
	size_t n_steps = 0, rounds = 0;

	(void)state;
	for (size_t i = 0; i < PLAN_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu", i);
		want[i] = (struct plan_want){.name = names[i],
					     .hash = hash_of('1'),
					     .ready = true,
					     .after_started = i ? UINT64_C(1) << (i - 1) : 0};
		have[i] = (struct plan_have){.name = names[i], .state = PLAN_ABSENT};
	}
	do {
		plan_make(want, PLAN_MAX, have, PLAN_MAX, &p);
		for (size_t i = 0; i < p.n_steps; i++) {
			struct plan_have *h = &have[p.steps[i].index];

			h->hash = hash_of('1');
			h->state = p.steps[i].action == PLAN_CREATE ? PLAN_IDLE : PLAN_RUNNING;
			h->ran = h->state == PLAN_RUNNING;
		}
		n_steps += p.n_steps;
		assert_true(++rounds < 2 * PLAN_MAX);
	} while (p.n_steps);
	assert_int_equal(n_steps, 2 * PLAN_MAX);
	assert_int_equal(p.n_blocked, 0);
	for (size_t i = 0; i < PLAN_MAX; i++)
		assert_int_equal(have[i].state, PLAN_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row),
		cmocka_unit_test(every_state_of_one_service),
		cmocka_unit_test(plan_converges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
