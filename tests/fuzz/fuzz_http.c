/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says how the rest is split; whole and split must give the same end and body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
	int code;
	unsigned int status;
	size_t n_headers, used;
	uint64_t body, sum;
};

static struct http_parser parser;

static struct outcome parse(const char *data, size_t len, size_t piece, bool head)
{
	struct outcome o = {0};
	struct err e = {0};
	size_t pos = 0;

	http_parser_init(&parser, head);
	while (pos < len) {
		size_t n = len - pos < piece ? len - pos : piece, used;
		struct http_event ev;

		do {
			o.code = http_parse(&parser, data + pos, n, &ev, &used, &e);
			if (o.code < 0)
				return o;
			if (used > n)
				abort();
			pos += used;
			n -= used;
			if (ev.type == HTTP_STATUS)
				o.status = parser.status;
			if (ev.type == HTTP_HEADER)
				o.n_headers++;
			if (ev.type == HTTP_BODY) {
				if (!ev.data.len)
					abort();
				for (size_t i = 0; i < ev.data.len; i++)
					o.sum = o.sum * 31 + (unsigned char)ev.data.p[i];
				o.body += ev.data.len;
			}
			if (ev.type == HTTP_DONE) {
				o.used = pos;
				return o;
			}
		} while (n || ev.type != HTTP_NEED_MORE);
	}
	o.used = pos;
	o.code = http_parse_eof(&parser, &e);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outcome whole, split;

	if (!len)
		return 0;
	whole = parse((const char *)data + 1, len - 1, len, data[0] & 1);
	split = parse((const char *)data + 1, len - 1, 1 + data[0] / 2, data[0] & 1);
	if (whole.code != split.code || whole.status != split.status || whole.used != split.used ||
	    whole.n_headers != split.n_headers || whole.body != split.body ||
	    whole.sum != split.sum)
		abort();
	return 0;
}
