/* SPDX-License-Identifier: Apache-2.0 */
/* features: what engines ask before they ask for something. */
#include <limits.h>

#include "cmd/oci_verbs.h"
#include "runtime/features.h"
#include "sys/fd.h"

#define TEXT_CAP (16 * 1024)

int oci_features_main(struct oci_cmd *c, int argc, char **argv)
{
	static const struct oci_opt none[] = {{0}};
	static char text[TEXT_CAP], lines[TEXT_CAP];
	char path[PATH_MAX / 4];
	struct buf b, out;

	if (oci_words(c, argc, argv, none, 0, 0) < 0)
		return c->status;
	buf_init(&b, text, sizeof(text));
	buf_init(&out, lines, sizeof(lines));
	runtime_features(&b, oci_find_program("criu", path, sizeof(path)) == 0);
	oci_indent(&out, (struct span){b.p, b.len});
	buf_putc(&out, '\n');
	return buf_ok(&b) && buf_ok(&out) && sys_write_all(1, out.p, out.len) == 0 ? 0 : 1;
}
