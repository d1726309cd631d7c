/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every tests/golden/manifest/<name>.yaml against <name>.expect: the canonical form, or one line
 * "error: ...". What is accepted must also survive printing and the codec unchanged.
 */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest/manifest.h"

#define TEXT_CAP 65536

static _Alignas(16) char model[256 * 1024], copies[256 * 1024];
static char yaml[TEXT_CAP], want[TEXT_CAP], printed[TEXT_CAP], again[TEXT_CAP];
static uint8_t encoded[TEXT_CAP];

static size_t read_all(const char *dir, const char *name, char *into)
{
	char path[1024];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("cannot open %s", path);
	len = fread(into, 1, TEXT_CAP - 1, f);
	fclose(f);
	into[len] = '\0';
	return len;
}

static void print(char *into, const struct manifest *m)
{
	struct buf b;

	buf_init(&b, into, TEXT_CAP);
	manifest_print(&b, m);
	assert_true(buf_ok(&b));
}

static void survives_printing(const char *file)
{
	struct manifest m = {0};
	struct err e = {0};
	struct arena a;

	arena_init(&a, copies, sizeof(copies));
	if (manifest_parse(span_of(printed), file, &a, &m, &e) < 0)
		fail_msg("%s: canonical form: %s", file, e.msg);
	print(again, &m);
	assert_string_equal(again, printed);
}

static void survives_the_codec(const char *file, const struct manifest *m)
{
	struct manifest copy;
	struct arena a;
	struct enc e;
	struct dec d;

	enc_init(&e, encoded, sizeof(encoded));
	manifest_encode(&e, m);
	assert_true(enc_ok(&e));
	arena_init(&a, copies, sizeof(copies));
	dec_init(&d, encoded, e.len, &a);
	manifest_decode(&d, &copy);
	if (dec_done(&d) < 0)
		fail_msg("%s: the decoder refuses what the encoder wrote", file);
	print(again, &copy);
	assert_string_equal(again, printed);
	for (size_t cut = 0; cut < e.len; cut++) {
		arena_init(&a, copies, sizeof(copies));
		dec_init(&d, encoded, cut, &a);
		manifest_decode(&d, &copy);
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
}

static void one(const char *dir, const char *file)
{
	struct manifest m = {0};
	struct err e = {0};
	char name[300];
	struct arena a;
	size_t len;

	len = read_all(dir, file, yaml);
	snprintf(name, sizeof(name), "%.*s.expect", (int)strlen(file) - 5, file);
	read_all(dir, name, want);
	arena_init(&a, model, sizeof(model));
	if (manifest_parse((struct span){yaml, len}, file, &a, &m, &e) < 0)
		snprintf(printed, sizeof(printed), "error: %s\n", e.msg);
	else
		print(printed, &m);
	if (strcmp(printed, want) != 0)
		fail_msg("%s: expected\n%s\ngot\n%s", file, want, printed);
	if (e.code)
		return;
	survives_printing(file);
	survives_the_codec(file, &m);
}

static void golden(void **state)
{
	struct dirent *entry;
	char dir[512];
	size_t n = 0;
	DIR *d;

	(void)state;
	snprintf(dir, sizeof(dir), "%s/tests/golden/manifest", getenv("TOP"));
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 5, ".yaml") != 0)
			continue;
		one(dir, entry->d_name);
		n++;
	}
	closedir(d);
	assert_true(n >= 40); /* the folder is there and whole */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
