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

ssize_t pem_next(struct pem *p, uint8_t *der, size_t cap)
{
	struct base64 b = {0};
	char line_mem[LINE_CAP];
	struct span line;
	bool inside = false;
	int r;

	while ((r = next_line(p, line_mem, &line)) > 0) {
		if (span_eq(line, "-----BEGIN CERTIFICATE-----")) {
			b = (struct base64){.dst = der, .cap = cap};
			inside = true;
		} else if (span_eq(line, "-----END CERTIFICATE-----")) {
			if (inside && !b.bad && b.len)
				return (ssize_t)b.len;
			inside = false;
		} else if (inside && !b.bad) {
			base64_decode(&b, line);
		}
	}
	return r;
}
