/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "wire/http.h"

static char trace_mem[256 * 1024];
static struct buf trace;
static struct http_parser parser;
static struct err err;
static size_t consumed;

/* what happened as text; adjacent body pieces are joined. Return: as http_parse(), or 1 at HTTP_DONE */
static int feed(const char *data, size_t len, size_t piece)
{
	static bool in_body;
	size_t pos = 0;

	if (!trace.len)
		in_body = false;
	while (pos < len) {
		size_t n = len - pos < piece ? len - pos : piece, used;
		struct http_event ev;
		int r;

		do {
			r = http_parse(&parser, data + pos, n, &ev, &used, &err);
			if (r < 0)
				return r;
			pos += used;
			n -= used;
			if (in_body && ev.type != HTTP_BODY && ev.type != HTTP_NEED_MORE) {
				buf_puts(&trace, "] ");
				in_body = false;
			}
			if (ev.type == HTTP_STATUS)
				buf_printf(&trace, "%u ", parser.status);
			if (ev.type == HTTP_HEADER)
				buf_printf(&trace, "%.*s=%.*s ", (int)ev.name.len, ev.name.p,
					   (int)ev.value.len, ev.value.p);
			if (ev.type == HTTP_HEADERS_DONE)
				buf_puts(&trace, parser.keep_alive ? "keep " : "close ");
			if (ev.type == HTTP_BODY && !in_body)
				buf_puts(&trace, "[");
			if (ev.type == HTTP_BODY) {
				buf_put(&trace, ev.data.p, ev.data.len);
				in_body = true;
			}
			if (ev.type == HTTP_DONE) {
				buf_puts(&trace, "done");
				consumed = pos;
				return 1;
			}
		} while (n || ev.type != HTTP_NEED_MORE);
	}
	return 0;
}

static int run(const char *text, size_t len, size_t piece, bool head)
{
	int r;

	buf_init(&trace, trace_mem, sizeof(trace_mem));
	err = (struct err){0};
	http_parser_init(&parser, head);
	r = feed(text, len, piece);
	return r ? r : http_parse_eof(&parser, &err);
}

struct good {
	const char *text, *out;
};

static const struct good good[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcNEXT",
	 "200 Content-Length=3 keep [abc] done"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 Content-Length=0 keep done"},
	{"HTTP/1.1 200\r\ncontent-length:\t3 \t\r\n\r\nabc",
	 "200 content-length=3 keep [abc] done"},
	{"HTTP/1.1 200 OK\nContent-Length: 1\n\na", "200 Content-Length=1 keep [a] done"},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, Close\r\n\r\na",
	 "200 Content-Length=1 Connection=x, Close close [a] done"},
	{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 Content-Length=1 close [a] done"},
	{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na",
	 "200 Content-Length=1 Connection=keep-alive keep [a] done"},
	{"HTTP/1.1 200 OK\r\n\r\nabc", "200 close [abc"}, /* until the end of the connection */
	{"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nNEXT", "204 Content-Length=5 keep done"},
	{"HTTP/1.1 304 No\r\n\r\n", "304 keep done"},
	{"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 O\r\nContent-Length: "
	 "1\r\n\r\nz",
	 "200 Content-Length=1 keep [z] done"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	 "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nNEXT",
	 "200 Transfer-Encoding=chunked keep [abc0123456789] done"},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
	 "200 Transfer-Encoding=Chunked keep done"},
	{"HTTP/1.1 301 M\r\nLocation:\r\nContent-Length: 0\r\n\r\n",
	 "301 Location= Content-Length=0 keep done"},
};

static void one_byte_at_a_time_gives_the_same(void **state)
{
	static const size_t pieces[] = {4096, 1, 2, 3, 7};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
			int r = run(good[i].text, strlen(good[i].text), pieces[k], false);

			if (r < 0)
				fail_msg("%s: %s", good[i].text, err.msg);
			assert_string_equal(trace.p, good[i].out);
		}
	}
}

static void leaves_the_next_message(void **state)
{
	(void)state;
	assert_int_equal(run(good[0].text, strlen(good[0].text), 4096, false), 1);
	assert_string_equal(good[0].text + consumed, "NEXT");
}

static void head_has_no_body(void **state)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nHTTP/1.1";

	(void)state;
	assert_int_equal(run(text, strlen(text), 4096, true), 1);
	assert_string_equal(trace.p, "200 Content-Length=3 keep done");
	assert_true(parser.has_length);
	assert_int_equal(parser.content_length, 3);
}

#define OK200	"HTTP/1.1 200 OK\r\n"
#define CHUNKED OK200 "Transfer-Encoding: chunked\r\n\r\n"

static void refuses(void **state)
{
	static const struct {
		const char *text, *what;
		int code;
	} cases[] = {
		{"SSH-2.0-OpenSSH_9.2\r\n\r\n", "is this a registry?", -EBADMSG},
		{"HTTP/2 200 OK\r\n\r\n", "does not start with HTTP/1.1", -EBADMSG},
		{"HTTP/1.1 20 OK\r\n\r\n", "status line", -EBADMSG},
		{"HTTP/1.1 0200 OK\r\n\r\n", "status line", -EBADMSG},
		{"HTTP/1.1 099 OK\r\n\r\n", "status line", -EBADMSG},
		{"HTTP/1.1 101 Switch\r\n\r\n", "switches protocols", -EBADMSG},
		{OK200 "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "two Content-Length",
		 -EBADMSG},
		{OK200 "Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc", "two Content-Length",
		 -EBADMSG},
		{OK200 "Content-Length: 3, 3\r\n\r\nabc", "not a number", -EBADMSG},
		{OK200 "Content-Length: +3\r\n\r\nabc", "not a number", -EBADMSG},
		{OK200 "Content-Length: -1\r\n\r\nabc", "not a number", -EBADMSG},
		{OK200 "Content-Length: 0x3\r\n\r\nabc", "not a number", -EBADMSG},
		{OK200 "Content-Length: 18446744073709551616\r\n\r\n", "not a number", -EBADMSG},
		{OK200 "Content-Length:\r\n\r\n", "not a number", -EBADMSG},
		{OK200 "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "both", -EBADMSG},
		{OK200 "Transfer-Encoding: gzip, chunked\r\n\r\n", "else than chunked", -EBADMSG},
		{OK200 "Transfer-Encoding: xchunked\r\n\r\n", "else than chunked", -EBADMSG},
		{OK200 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		 "else than chunked", -EBADMSG},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "else than chunked",
		 -EBADMSG},
		{OK200 "A : b\r\n\r\n", "header line is malformed", -EBADMSG},
		{OK200 " A: b\r\n\r\n", "header line is malformed", -EBADMSG},
		{OK200 "A: b\r\n folded\r\n\r\n", "header line is malformed", -EBADMSG},
		{OK200 "no colon\r\n\r\n", "header line is malformed", -EBADMSG},
		{OK200 "A: b\rc\r\n\r\n", "control character", -EBADMSG},
		{OK200 "A: \x01\r\n\r\n", "control character", -EBADMSG},
		{CHUNKED "\r\n", "chunk's size", -EBADMSG},
		{CHUNKED "0x3\r\n", "chunk's size", -EBADMSG},
		{CHUNKED "-1\r\n", "chunk's size", -EBADMSG},
		{CHUNKED "fffffffffffffffff\r\n", "chunk's size", -EBADMSG},
		{CHUNKED "7fffffffffffffff\r\n", "chunk's size", -EBADMSG},
		{CHUNKED "3\r\nabcd\r\n", "longer than its size", -EBADMSG},
		{CHUNKED "0\r\nbad trailer\r\n", "header line is malformed", -EBADMSG},
		{"HTTP/1.1 100 C\r\nContent-Length: 3\r\n\r\n", "interim answer has a body",
		 -EBADMSG},
		{"", "without an answer", -ECONNRESET},
		{"HTTP/1.1 2", "in the middle", -ECONNRESET},
		{OK200 "Content-Length: 3\r\n\r\nab", "in the middle", -ECONNRESET},
		{CHUNKED "3\r\nabc\r\n", "in the middle", -ECONNRESET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 1; piece < 5000; piece += 4096) {
			int r = run(cases[i].text, strlen(cases[i].text), piece, false);

			if (r != cases[i].code || !strstr(err.msg, cases[i].what))
				fail_msg("%s: %d %s", cases[i].text, r, err.msg);
		}
	}
}

static void stays_failed(void **state)
{
	struct http_event ev;
	size_t used;

	(void)state;
	assert_int_equal(run("junk\r\n", 6, 4096, false), -EBADMSG);
	assert_int_equal(http_parse(&parser, OK200, sizeof(OK200) - 1, &ev, &used, &err), -EBADMSG);
	assert_int_equal(ev.type, HTTP_NEED_MORE);
}

/* repeats @line after @head until the parser gives up or @max lines are in */
static int endless(const char *head, const char *line, size_t max)
{
	int r = run(head, strlen(head), 4096, false);

	http_parser_init(&parser, false);
	err = (struct err){0};
	r = feed(head, strlen(head), 4096);
	for (size_t i = 0; r == 0 && i < max; i++) {
		trace.len = 0;
		r = feed(line, strlen(line), 4096);
	}
	return r;
}

static void limits_are_named(void **state)
{
	static char line[CONFIG_HTTP_LINE_BYTES + 2];
	char extension[HTTP_CHUNK_LINE_MAX + 16];

	(void)state;
	assert_int_equal(endless(OK200, "a: b\r\n", 100000), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "CONFIG_HTTP_MAX_HEADERS"));
	assert_int_equal(endless(OK200, "x", 100000), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "CONFIG_HTTP_LINE_BYTES"));
	memset(line, 'x', CONFIG_HTTP_LINE_BYTES - 2);
	memcpy(line, "a: ", 3);
	memcpy(line + CONFIG_HTTP_LINE_BYTES - 2, "\r\n", 3);
	assert_int_equal(endless(OK200, line, 1), 0);
	assert_int_equal(endless(OK200, line, 1000), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "CONFIG_HTTP_HEADER_KIB"));
	assert_int_equal(endless(CHUNKED "0\r\n", "a: b\r\n", 100000), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "CONFIG_HTTP_MAX_HEADERS"));
	assert_int_equal(endless("", "HTTP/1.1 103 E\r\n\r\n", 100000), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "interim"));
	snprintf(extension, sizeof(extension), "1;%0*d\r\n", HTTP_CHUNK_LINE_MAX, 0);
	assert_int_equal(endless(CHUNKED, extension, 1), -EMSGSIZE);
	assert_non_null(strstr(err.msg, "size line"));
}

static void builds_requests(void **state)
{
	char mem[256];
	struct buf b;

	(void)state;
	err = (struct err){0};
	buf_init(&b, mem, sizeof(mem));
	assert_int_equal(http_request(&b, "GET", "/v2/", "r.io:5000", &err), 0);
	assert_int_equal(http_request_header(&b, "Accept", "a/b", &err), 0);
	assert_int_equal(http_request_end(&b, &err), 0);
	assert_string_equal(mem, "GET /v2/ HTTP/1.1\r\nHost: r.io:5000\r\nAccept: a/b\r\n\r\n");
}

static void requests_cannot_be_split(void **state)
{
	char mem[64];
	struct buf b;

	(void)state;
	err = (struct err){0};
	buf_init(&b, mem, sizeof(mem));
	assert_int_equal(http_request(&b, "GET", "/a b", "r", &err), -EINVAL);
	assert_int_equal(http_request(&b, "GET", "/a\r\nX: y", "r", &err), -EINVAL);
	assert_int_equal(http_request(&b, "GET", "a", "r", &err), -EINVAL);
	assert_int_equal(http_request(&b, "GET", "/", "r\r\nX: y", &err), -EINVAL);
	assert_int_equal(http_request_header(&b, "Authorization", "Bearer a\nb", &err), -EINVAL);
	assert_null(strstr(err.msg, "Bearer")); /* a token never reaches a log */
	buf_init(&b, mem, sizeof(mem));
	for (int i = 0; i < 20; i++)
		http_request_header(&b, "A", "b", &err);
	assert_int_equal(http_request_end(&b, &err), -EMSGSIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_byte_at_a_time_gives_the_same),
		cmocka_unit_test(leaves_the_next_message),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(refuses),
		cmocka_unit_test(stays_failed),
		cmocka_unit_test(limits_are_named),
		cmocka_unit_test(builds_requests),
		cmocka_unit_test(requests_cannot_be_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
