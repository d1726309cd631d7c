/* The writer and the reader against each other, in a real directory. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/follow.h"
#include "log/writer.h"

static int dir_fd;
static struct log_writer writer;
static struct log_reader reader;

static int clean(void **state)
{
	char name[32];

	(void)state;
	unlink(LOG_FILE_NAME);
	for (int i = 1; i < 100; i++) {
		snprintf(name, sizeof(name), LOG_FILE_NAME ".%d", i);
		unlink(name);
	}
	return 0;
}

static void begin(uint64_t max_bytes, uint32_t max_files)
{
	struct err e = {0};

	assert_int_equal(log_writer_open(&writer, dir_fd, max_bytes, max_files, &e), 0);
}

static void feed(enum log_stream stream, const char *data, size_t len)
{
	while (len) {
		size_t cap, n;
		char *p = log_writer_space(&writer, stream, &cap);

		n = len < cap ? len : cap;
		assert_true(n > 0);
		memcpy(p, data, n);
		log_writer_take(&writer, stream, n);
		data += n;
		len -= n;
	}
}

static void say(const char *text)
{
	feed(LOG_STDOUT, text, strlen(text));
}

static void open_reader(uint64_t tail, bool follow)
{
	struct err e = {0};

	assert_int_equal(log_reader_open(&reader, dir_fd, tail, INT64_MIN, 0, follow, &e), 0);
}

static void expect(const char *text)
{
	struct log_entry e;

	assert_int_equal(log_reader_next(&reader, &e), 1);
	if (e.len != strlen(text) || memcmp(e.text, text, e.len) != 0)
		fail_msg("got '%.*s', expected '%s'", (int)e.len, e.text, text);
}

static void expect_end(void)
{
	struct log_entry e;

	assert_int_equal(log_reader_next(&reader, &e), 0);
}

static size_t slurp(const char *name, char *buf, size_t cap)
{
	FILE *f = fopen(name, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, cap - 1, f);
	fclose(f);
	buf[n] = '\0';
	return n;
}

static void format_is_dockers(void **state)
{
	static const char head[] =
		"{\"log\":\"say \\\"hi\\\"\\n\",\"stream\":\"stderr\",\"time\":\"20";
	char text[512];
	size_t n;

	(void)state;
	begin(0, 1);
	feed(LOG_STDERR, "say \"hi\"\n", 9);
	log_writer_close(&writer);
	n = slurp(LOG_FILE_NAME, text, sizeof(text));
	assert_int_equal(strncmp(text, head, sizeof(head) - 1), 0);
	assert_string_equal(text + n - 4, "Z\"}\n");
	assert_int_equal(n, sizeof(head) - 1 + strlen("26-01-02T03:04:05.000000000Z\"}\n"));
}

static void lines_come_back(void **state)
{
	(void)state;
	begin(0, 1);
	say("one\ntwo\n\nthr");
	feed(LOG_STDERR, "err\n", 4);
	say("ee\nrest");
	open_reader(LOG_TAIL_ALL, false);
	expect("one\n");
	expect("two\n");
	expect("\n");
	expect("err\n");
	expect("three\n");
	expect_end();
	log_writer_close(&writer);
	expect("rest"); /* ended without a newline: none is made up */
	expect_end();
	log_reader_close(&reader);
}

static void any_cut_gives_the_same_records(void **state)
{
	static const char all[] = "a\n\xc3\xa4\xe2\x82\xac\n\xff\xfe\n\0z\nend\n";

	(void)state;
	for (size_t step = 1; step < sizeof(all); step++) {
		clean(NULL);
		begin(0, 1);
		for (size_t at = 0; at < sizeof(all) - 1; at += step)
			feed(LOG_STDOUT, all + at,
			     sizeof(all) - 1 - at < step ? sizeof(all) - 1 - at : step);
		log_writer_close(&writer);
		open_reader(LOG_TAIL_ALL, false);
		expect("a\n");
		expect("\xc3\xa4\xe2\x82\xac\n");
		expect("\xef\xbf\xbd\xef\xbf\xbd\n"); /* JSON holds no invalid UTF-8 */
		{
			struct log_entry e;

			assert_int_equal(log_reader_next(&reader, &e), 1);
			assert_int_equal(e.len, 3);
			assert_memory_equal(e.text, "\0z\n", 3);
		}
		expect("end\n");
		expect_end();
		log_reader_close(&reader);
	}
}

/* a line of @len bytes of UTF-8, which no chunk boundary may damage */
static void long_lines_are_cut_at_16_kib(void **state)
{
	static char line[3 * LOG_TEXT_MAX + 101];
	struct log_entry e;
	size_t got = 0;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(line); i += 3)
		memcpy(line + i, "\xe2\x82\xac", 3);
	memset(line + sizeof(line) - 5, 'x', 4);
	line[sizeof(line) - 1] = '\n';
	begin(0, 1);
	feed(LOG_STDOUT, line, sizeof(line));
	log_writer_close(&writer);
	open_reader(LOG_TAIL_ALL, false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(log_reader_next(&reader, &e), 1);
		/* 16384 is no multiple of 3: the cut falls into a character, whose halves are invalid */
		assert_true(e.len >= LOG_TEXT_MAX - 2 && e.text[e.len - 1] != '\n');
		got++;
	}
	assert_int_equal(log_reader_next(&reader, &e), 1);
	assert_int_equal(e.text[e.len - 1], '\n');
	expect_end();
	log_reader_close(&reader);
}

static void worst_case_record_fits_the_reader(void **state)
{
	static char line[LOG_TEXT_MAX];
	struct log_entry e;

	(void)state;
	memset(line, 1, sizeof(line)); /* six bytes each in JSON */
	begin(0, 1);
	feed(LOG_STDOUT, line, sizeof(line));
	say("next\n");
	log_writer_close(&writer);
	open_reader(LOG_TAIL_ALL, false);
	assert_int_equal(log_reader_next(&reader, &e), 1);
	assert_int_equal(e.len, sizeof(line));
	assert_memory_equal(e.text, line, sizeof(line));
	expect("next\n");
	assert_int_equal(reader.n_damaged, 0);
	log_reader_close(&reader);
}

static void rotation_keeps_number_and_size(void **state)
{
	struct stat st;
	char text[24];

	(void)state;
	begin(1000, 3);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		say(text);
	}
	assert_int_equal(stat(LOG_FILE_NAME, &st), 0);
	assert_true(st.st_size < 1000 + 100);
	assert_int_equal(stat(LOG_FILE_NAME ".1", &st), 0);
	assert_true(st.st_size >= 1000 && st.st_size < 1000 + 100);
	assert_int_equal(stat(LOG_FILE_NAME ".2", &st), 0);
	assert_int_equal(stat(LOG_FILE_NAME ".3", &st), -1);
	open_reader(5, false);
	for (int i = 95; i < 100; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		expect(text);
	}
	expect_end();
	log_reader_close(&reader);
	/* more than the current file holds: across the files, in order */
	open_reader(25, false);
	for (int i = 75; i < 100; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		expect(text);
	}
	expect_end();
	log_reader_close(&reader);
	log_writer_close(&writer);
}

static void one_file_is_begun_anew(void **state)
{
	struct stat st;
	char text[24];

	(void)state;
	begin(1000, 1);
	open_reader(0, false);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		say(text);
	}
	assert_int_equal(stat(LOG_FILE_NAME ".1", &st), -1);
	assert_int_equal(stat(LOG_FILE_NAME, &st), 0);
	assert_true(st.st_size < 1100);
	log_writer_close(&writer);
	log_reader_close(&reader);
}

static void follower_sees_every_line_once(void **state)
{
	char text[24];
	int seen = 0;

	(void)state;
	open_reader(LOG_TAIL_ALL, true); /* before there is a file */
	expect_end();
	begin(400, 4);
	for (int i = 0; i < 200; i++) {
		struct log_entry e;

		snprintf(text, sizeof(text), "line %d\n", i);
		say(text);
		if (i % 3) /* lets up to three records, or a rotation, pass in between */
			continue;
		assert_int_equal(log_reader_wait(&reader, 1000), 0);
		while (log_reader_next(&reader, &e) == 1) {
			snprintf(text, sizeof(text), "line %d\n", seen++);
			assert_int_equal(e.len, strlen(text));
			assert_memory_equal(e.text, text, e.len);
		}
		assert_int_equal(seen, i + 1);
	}
	log_writer_close(&writer);
	log_reader_close(&reader);
}

static void since_leaves_out_older(void **state)
{
	struct err e = {0};
	FILE *f = fopen(LOG_FILE_NAME, "w");

	(void)state;
	fputs("{\"log\":\"a\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00Z\"}\n"
	      "{\"log\":\"b\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:01.000000001Z\"}"
	      "\n"
	      "{\"log\":\"c\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:01.000000002Z\"}"
	      "\n",
	      f);
	fclose(f);
	assert_int_equal(log_reader_open(&reader, dir_fd, LOG_TAIL_ALL, 1767225601, 2, false, &e),
			 0);
	expect("c\n");
	expect_end();
	log_reader_close(&reader);
}

static void damaged_records_are_skipped(void **state)
{
	static char junk[LOG_RECORD_MAX + 5000];
	FILE *f = fopen(LOG_FILE_NAME, "w");

	(void)state;
	memset(junk, 'j', sizeof(junk));
	fputs("garbage\n", f);
	fwrite(junk, 1, sizeof(junk), f);
	fputs("\n{\"log\":\"whole\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00Z\"}\n",
	      f);
	fputs("{\"log\":\"torn by a power c", f);
	fclose(f);
	begin(0, 1);
	say("after\n");
	log_writer_close(&writer);
	open_reader(LOG_TAIL_ALL, false);
	expect("whole\n");
	expect("after\n");
	expect_end();
	assert_int_equal(reader.n_damaged, 3);
	log_reader_close(&reader);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* RLIMIT_FSIZE stands for a full disk: a write is taken in part, the next fails */
static void full_disk_loses_and_tells(void **state)
{
	struct log_entry e;
	struct stat st;
	int whole = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	begin(0, 1);
	say("before\n");
	set_file_limit(1000);
	for (int i = 0; i < 50; i++)
		say("during\n");
	assert_int_equal(stat(LOG_FILE_NAME, &st), 0);
	assert_true(st.st_size <= 1000);
	set_file_limit(RLIM_INFINITY);
	say("after\n");
	log_writer_close(&writer);
	open_reader(LOG_TAIL_ALL, false);
	expect("before\n");
	while (log_reader_next(&reader, &e) == 1 && memcmp(e.text, "during\n", 7) == 0)
		whole++;
	assert_true(whole > 5 && whole < 20);
	{
		char text[64];

		snprintf(text, sizeof(text), "cleat: %d lines lost\n", 50 - whole);
		assert_int_equal(e.len, strlen(text));
		assert_memory_equal(e.text, text, e.len);
	}
	expect("after\n");
	expect_end();
	assert_int_equal(reader.n_damaged, 0); /* no half record is left behind */
	log_reader_close(&reader);
}

/* a record of several writes that fails in the middle leaves nothing of itself */
static void full_disk_in_a_long_record(void **state)
{
	static char line[12000];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	signal(SIGXFSZ, SIG_IGN);
	begin(0, 1);
	say("before\n");
	set_file_limit(9000);
	feed(LOG_STDOUT, line, sizeof(line));
	say("small\n");
	set_file_limit(RLIM_INFINITY);
	log_writer_close(&writer);
	open_reader(LOG_TAIL_ALL, false);
	expect("before\n");
	expect("cleat: 1 lines lost\n");
	expect("small\n");
	expect_end();
	assert_int_equal(reader.n_damaged, 0);
	log_reader_close(&reader);
}

static void directory_gone_is_survived(void **state)
{
	struct log_entry e;
	struct err err = {0};
	int fd;

	(void)state;
	mkdir("sub", 0700);
	fd = open("sub", O_RDONLY | O_DIRECTORY);
	rmdir("sub");
	assert_true(log_writer_open(&writer, fd, 100, 2, &err) < 0);
	say("nowhere\n");
	assert_int_equal(writer.lost, 1);
	log_writer_close(&writer);
	assert_int_equal(log_reader_open(&reader, fd, 10, INT64_MIN, 0, false, &err), 0);
	assert_int_equal(log_reader_next(&reader, &e), 0);
	log_reader_close(&reader);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(format_is_dockers, clean),
		cmocka_unit_test_setup(lines_come_back, clean),
		cmocka_unit_test_setup(any_cut_gives_the_same_records, clean),
		cmocka_unit_test_setup(long_lines_are_cut_at_16_kib, clean),
		cmocka_unit_test_setup(worst_case_record_fits_the_reader, clean),
		cmocka_unit_test_setup(rotation_keeps_number_and_size, clean),
		cmocka_unit_test_setup(one_file_is_begun_anew, clean),
		cmocka_unit_test_setup(follower_sees_every_line_once, clean),
		cmocka_unit_test_setup(since_leaves_out_older, clean),
		cmocka_unit_test_setup(damaged_records_are_skipped, clean),
		cmocka_unit_test_setup(full_disk_loses_and_tells, clean),
		cmocka_unit_test_setup(full_disk_in_a_long_record, clean),
		cmocka_unit_test_setup(directory_gone_is_survived, clean),
	};

	dir_fd = open(".", O_RDONLY | O_DIRECTORY);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
