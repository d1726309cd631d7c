/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 responses. Where RFC 9112 lets a recipient repair, this one refuses: two lengths, a length
 * beside a transfer coding, folded lines, blanks before the colon. Only one line is kept at a time,
 * so memory does not depend on the peer; the number of lines and bytes of a head is bounded.
 */
#include "wire/http.h"

#include <errno.h>
#include <string.h>

#include "base/num.h"

enum state {
	AT_STATUS_LINE,
	AT_HEADER_LINE,
	AT_BODY_LENGTH,
	AT_BODY_CLOSE,
	AT_CHUNK_SIZE,
	AT_CHUNK_DATA,
	AT_CHUNK_END,
	AT_TRAILER,
	AT_END,
	AT_FAILED,
};

static int refuse(struct http_parser *p, struct err *e, int code, const char *what)
{
	p->state = AT_FAILED;
	return err_text(e, code, "HTTP response: %s", what);
}

void http_parser_init(struct http_parser *p, bool head_request)
{
	memset(p, 0, offsetof(struct http_parser, line));
	p->head_request = head_request;
	p->state = AT_STATUS_LINE;
	p->line_max = sizeof(p->line);
}

static bool is_tchar(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 127)
			return false;
	return true;
}

/*
 * Adds bytes to p->line up to a line feed. Return: 1 a line is there, without CR LF; 0 more is
 * needed; -errno.
 */
static int take_line(struct http_parser *p, const char *data, size_t len, size_t *used,
		     struct span *ret_line, struct err *e)
{
	const char *lf = memchr(data, '\n', len);
	size_t n = lf ? (size_t)(lf - data) + 1 : len;

	*used = 0;
	if (n > p->line_max - p->line_len) {
		p->state = AT_FAILED;
		if (p->line_max == HTTP_CHUNK_LINE_MAX)
			return refuse(p, e, -EMSGSIZE,
				      "a chunk's size line is longer than 256 bytes");
		return err_text(e, -EMSGSIZE,
				"HTTP response: a line is longer than CONFIG_HTTP_LINE_BYTES (%d)",
				CONFIG_HTTP_LINE_BYTES);
	}
	memcpy(p->line + p->line_len, data, n);
	p->line_len += n;
	*used = n;
	if (!lf)
		return 0;
	n = p->line_len - 1;
	if (n && p->line[n - 1] == '\r')
		n--;
	p->line_len = 0;
	*ret_line = (struct span){p->line, n};
	return 1;
}

static int count_head_line(struct http_parser *p, size_t len, struct err *e)
{
	p->head_bytes += len + 2;
	if (p->head_bytes > (size_t)CONFIG_HTTP_HEADER_KIB * 1024) {
		p->state = AT_FAILED;
		return err_text(
			e, -EMSGSIZE,
			"HTTP response: headers are larger than CONFIG_HTTP_HEADER_KIB (%d)",
			CONFIG_HTTP_HEADER_KIB);
	}
	if (++p->n_headers > CONFIG_HTTP_MAX_HEADERS) {
		p->state = AT_FAILED;
		return err_text(
			e, -EMSGSIZE,
			"HTTP response: more header lines than CONFIG_HTTP_MAX_HEADERS (%d)",
			CONFIG_HTTP_MAX_HEADERS);
	}
	return 0;
}

static int status_line(struct http_parser *p, struct span line, struct http_event *ev,
		       struct err *e)
{
	uint64_t status = 0;

	if (line.len < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[7] < '0' ||
	    line.p[7] > '9' || line.p[8] != ' ')
		return refuse(p, e, -EBADMSG, "does not start with HTTP/1.1; is this a registry?");
	if (num_u64((struct span){line.p + 9, 3}, 999, &status) < 0 || status < 100 ||
	    (line.len > 12 && line.p[12] != ' ') || !is_text(line))
		return refuse(p, e, -EBADMSG, "the status line is malformed");
	if (status == 101)
		return refuse(p, e, -EBADMSG, "switches protocols unasked");
	p->status = (unsigned int)status;
	p->http_1_0 = line.p[7] == '0';
	p->state = AT_HEADER_LINE;
	if (status >= 200)
		ev->type = HTTP_STATUS;
	return 0;
}

static int content_length(struct http_parser *p, struct span value, struct err *e)
{
	if (p->has_length)
		return refuse(p, e, -EBADMSG, "has two Content-Length headers");
	if (num_u64(value, UINT64_MAX / 2, &p->content_length) < 0)
		return refuse(p, e, -EBADMSG, "Content-Length is not a number");
	p->has_length = true;
	return 0;
}

static void connection(struct http_parser *p, struct span value)
{
	bool found = true;

	while (found) {
		struct span option = span_trim(span_cut(value, ',', &value, &found));

		if (span_eq_nocase(option, "close"))
			p->seen_close = true;
		else if (span_eq_nocase(option, "keep-alive"))
			p->seen_keep_alive = true;
	}
}

static int known_header(struct http_parser *p, struct span name, struct span value, struct err *e)
{
	if (span_eq_nocase(name, "Content-Length"))
		return content_length(p, value, e);
	if (span_eq_nocase(name, "Transfer-Encoding")) {
		if (p->transfer_encoding || p->http_1_0 || !span_eq_nocase(value, "chunked"))
			return refuse(p, e, -EBADMSG,
				      "Transfer-Encoding is something else than chunked");
		p->transfer_encoding = true;
	}
	if (span_eq_nocase(name, "Connection"))
		connection(p, value);
	return 0;
}

static int split_header(struct http_parser *p, struct span line, struct span *name,
			struct span *value, struct err *e)
{
	size_t n = 0;

	while (n < line.len && is_tchar(line.p[n]))
		n++;
	if (!n || n == line.len || line.p[n] != ':')
		return refuse(p, e, -EBADMSG, "a header line is malformed");
	*name = (struct span){line.p, n};
	*value = span_trim((struct span){line.p + n + 1, line.len - n - 1});
	if (!is_text(*value))
		return refuse(p, e, -EBADMSG, "a header holds a control character");
	return 0;
}

static void body_line(struct http_parser *p, int state)
{
	p->state = state;
	p->line_max = state == AT_TRAILER ? sizeof(p->line) : HTTP_CHUNK_LINE_MAX;
	if (p->line_max > sizeof(p->line))
		p->line_max = sizeof(p->line);
}

/* an empty line ended the head: how long is the body? RFC 9112, 6.3 */
static int head_done(struct http_parser *p, struct http_event *ev, struct err *e)
{
	if (p->status < 200) {
		if (++p->interim > HTTP_MAX_INTERIM)
			return refuse(p, e, -EMSGSIZE, "more than 8 interim answers");
		if (p->has_length || p->transfer_encoding)
			return refuse(p, e, -EBADMSG, "an interim answer has a body");
		p->state = AT_STATUS_LINE;
		return 0;
	}
	if (p->has_length && p->transfer_encoding)
		return refuse(p, e, -EBADMSG, "has both Content-Length and Transfer-Encoding");
	p->keep_alive = !p->seen_close && (!p->http_1_0 || p->seen_keep_alive);
	p->chunked = p->transfer_encoding;
	p->left = p->content_length;
	if (p->head_request || p->status == 204 || p->status == 304) {
		p->state = AT_END;
	} else if (p->transfer_encoding) {
		body_line(p, AT_CHUNK_SIZE);
	} else if (p->has_length) {
		p->state = p->left ? AT_BODY_LENGTH : AT_END;
	} else {
		p->state = AT_BODY_CLOSE;
		p->keep_alive = false;
	}
	ev->type = HTTP_HEADERS_DONE;
	return 0;
}

static int header_line(struct http_parser *p, struct span line, struct http_event *ev,
		       struct err *e)
{
	struct span name, value;
	int r;

	if (!line.len)
		return head_done(p, ev, e);
	r = count_head_line(p, line.len, e);
	if (r == 0)
		r = split_header(p, line, &name, &value, e);
	if (r == 0)
		r = known_header(p, name, value, e);
	if (r < 0)
		return r;
	if (p->status >= 200) {
		ev->type = HTTP_HEADER;
		ev->name = name;
		ev->value = value;
	}
	return 0;
}

static int trailer_line(struct http_parser *p, struct span line, struct err *e)
{
	struct span name, value;
	int r;

	if (!line.len) {
		p->state = AT_END;
		return 0;
	}
	r = count_head_line(p, line.len, e);
	return r < 0 ? r : split_header(p, line, &name, &value, e);
}

static int chunk_size(struct http_parser *p, struct span line, struct err *e)
{
	struct span ext;
	bool found;
	struct span size = span_trim(span_cut(line, ';', &ext, &found));

	/* 2^60 is above every blob and leaves room for sums */
	if (num_hex(size, UINT64_C(1) << 60, &p->left) < 0 || !is_text(ext))
		return refuse(p, e, -EBADMSG, "a chunk's size is malformed");
	if (p->left)
		p->state = AT_CHUNK_DATA;
	else
		body_line(p, AT_TRAILER);
	return 0;
}

static int on_line(struct http_parser *p, struct span line, struct http_event *ev, struct err *e)
{
	switch ((enum state)p->state) {
	case AT_STATUS_LINE:
		return status_line(p, line, ev, e);
	case AT_HEADER_LINE:
		return header_line(p, line, ev, e);
	case AT_CHUNK_SIZE:
		return chunk_size(p, line, e);
	case AT_CHUNK_END:
		if (line.len)
			return refuse(p, e, -EBADMSG, "a chunk is longer than its size");
		body_line(p, AT_CHUNK_SIZE);
		return 0;
	case AT_TRAILER:
		return trailer_line(p, line, e);
	case AT_BODY_LENGTH:
	case AT_BODY_CLOSE:
	case AT_CHUNK_DATA:
	case AT_END:
	case AT_FAILED:
		break;
	}
	return refuse(p, e, -EBADMSG, "is not expected here");
}

static void on_body(struct http_parser *p, const char *data, size_t len, struct http_event *ev)
{
	if (p->state != AT_BODY_CLOSE) {
		if (len > p->left)
			len = (size_t)p->left;
		p->left -= len;
		if (!p->left && p->state == AT_CHUNK_DATA)
			body_line(p, AT_CHUNK_END);
		else if (!p->left)
			p->state = AT_END;
	}
	ev->type = HTTP_BODY;
	ev->data = (struct span){data, len};
}

int http_parse(struct http_parser *p, const char *data, size_t len, struct http_event *ret_event,
	       size_t *ret_used, struct err *e)
{
	size_t pos = 0;

	*ret_event = (struct http_event){.type = HTTP_NEED_MORE};
	*ret_used = 0;
	while (ret_event->type == HTTP_NEED_MORE) {
		struct span line = {"", 0};
		size_t used;
		int r;

		if (p->state == AT_FAILED)
			return refuse(p, e, -EBADMSG, "the connection is of no use after an error");
		if (p->state == AT_END) {
			ret_event->type = HTTP_DONE;
			break;
		}
		if (pos == len)
			break;
		if (p->state == AT_BODY_LENGTH || p->state == AT_BODY_CLOSE ||
		    p->state == AT_CHUNK_DATA) {
			on_body(p, data + pos, len - pos, ret_event);
			pos += ret_event->data.len;
			break;
		}
		r = take_line(p, data + pos, len - pos, &used, &line, e);
		pos += used;
		if (r > 0)
			r = on_line(p, line, ret_event, e);
		if (r < 0)
			return r;
	}
	*ret_used = pos;
	return 0;
}

int http_parse_eof(struct http_parser *p, struct err *e)
{
	if (p->state == AT_BODY_CLOSE || p->state == AT_END) {
		p->state = AT_END;
		return 0;
	}
	if (p->state == AT_STATUS_LINE && !p->line_len)
		return err_text(e, -ECONNRESET,
				"the server closed the connection without an answer");
	return err_text(e, -ECONNRESET,
			"the server closed the connection in the middle of its answer");
}
