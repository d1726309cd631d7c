/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "cmd/oci_verbs.h"

static void new_line(struct buf *to, unsigned int depth)
{
	buf_putc(to, '\n');
	while (depth--)
		buf_putc(to, '\t');
}

void oci_indent(struct buf *to, struct span json)
{
	unsigned int depth = 0;
	bool text = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.p[i], next = i + 1 < json.len ? json.p[i + 1] : '\0';

		if (text || c == '"') {
			buf_putc(to, c);
			if (c == '"')
				text = !text;
			else if (c == '\\' && next)
				buf_putc(to, json.p[++i]); /* may be a quote that ends nothing */
		} else if ((c == '{' || c == '[') && (next == '}' || next == ']')) {
			buf_putc(to, c);
			buf_putc(to, json.p[++i]);
		} else if (c == '{' || c == '[') {
			buf_putc(to, c);
			new_line(to, ++depth);
		} else if (c == '}' || c == ']') {
			new_line(to, --depth);
			buf_putc(to, c);
		} else if (c == ',') {
			buf_putc(to, c);
			new_line(to, depth);
		} else {
			buf_putc(to, c);
			if (c == ':')
				buf_putc(to, ' ');
		}
	}
}
