/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate bundles are searched once per certificate of a chain instead of being kept in memory
 * parsed: 145 authorities would take 70 KiB, a search takes four milliseconds.
 */
#include "tls/pem.h"

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "sys/fd.h"

#define LINE_CAP 128 /* RFC 7468 has 64 characters; a longer line is cut, which spoils its block */

void pem_init(struct pem *p, int fd)
{
	*p = (struct pem){.fd = fd};
}

/* Return: a byte; -1 at the end; -errno below that */
static int next_byte(struct pem *p)
{
	if (p->pos == p->len) {
		ssize_t n = sys_pread(p->fd, p->chunk, sizeof(p->chunk), p->at);

		if (n < 0)
			return (int)n - 1;
		if (n == 0)
			return -1;
		p->at += n;
		if (p->at > PEM_FILE_MAX)
			return -EFBIG - 1;
		p->pos = 0;
		p->len = (size_t)n;
	}
	return (unsigned char)p->chunk[p->pos++];
}

/* Return: 1 a line, without its end and blanks; 0 at the end; -errno */
static int next_line(struct pem *p, char *line, struct span *ret_line)
{
	size_t n = 0;
	int c;

	while ((c = next_byte(p)) >= 0 && c != '\n')
		if (n < LINE_CAP && c != '\r')
			line[n++] = (char)c;
	if (c < -1)
		return c + 1;
	*ret_line = span_trim((struct span){line, n});
	return c == -1 && !n ? 0 : 1;
}

/* "-----BEGIN @label-----" */
static bool is_mark(struct span line, const char *begin, enum pem_kind kind)
{
	static const char *const labels[] = {"CERTIFICATE-----", "PRIVATE KEY-----"};
	size_t begin_len = strlen(begin), label_len = strlen(labels[kind]);

	return line.len >= begin_len + label_len && memcmp(line.p, begin, begin_len) == 0 &&
	       memcmp(line.p + line.len - label_len, labels[kind], label_len) == 0 &&
	       (kind == PEM_KEY || line.len == begin_len + label_len);
}

/* either "BEGIN ENCRYPTED PRIVATE KEY", or a header "Proc-Type: 4,ENCRYPTED" inside */
static bool says_encrypted(struct span line)
{
	static const char word[] = "ENCRYPTED";

	for (size_t i = 0; i + sizeof(word) - 1 <= line.len; i++)
		if (memcmp(line.p + i, word, sizeof(word) - 1) == 0)
			return true;
	return false;
}

ssize_t pem_next(struct pem *p, enum pem_kind kind, uint8_t *der, size_t cap)
{
	struct base64 b = {0};
	char line_mem[LINE_CAP];
	struct span line;
	bool inside = false;
	ssize_t r;

	while ((r = next_line(p, line_mem, &line)) > 0) {
		if (is_mark(line, "-----BEGIN ", kind)) {
			b = (struct base64){.dst = der, .cap = cap};
			inside = true;
		} else if (is_mark(line, "-----END ", kind)) {
			r = (ssize_t)b.len;
			if (inside && !b.bad && b.len)
				break;
			inside = false;
		} else if (inside && !b.bad) {
			base64_decode(&b, line);
		}
		if (kind == PEM_KEY && inside && says_encrypted(line))
			b.bad = p->encrypted = true;
	}
	if (kind == PEM_KEY) {
		explicit_bzero(line_mem, sizeof(line_mem));
		explicit_bzero(&b, sizeof(b));
	}
	return r;
}
