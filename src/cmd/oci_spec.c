/* SPDX-License-Identifier: Apache-2.0 */
/* spec: an example bundle configuration, which is the default one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cmd/oci_opts.h"
#include "cmd/oci_verbs.h"
#include "oci/defaults.h"
#include "sys/fd.h"

#define TEXT_CAP (128 * 1024)

int oci_spec_main(struct oci_cmd *c, int argc, char **argv)
{
	static const char *const args[] = {"sh"};
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
	static char text[TEXT_CAP], model[TEXT_CAP];
	const struct oci_inputs in = {.rootfs = "rootfs",
				      .args = args,
				      .n_args = 1,
				      .env = env,
				      .n_env = 2,
				      .hostname = "cleat",
				      .tty = true,
				      .read_only = true};
	const char *bundle = ".";
	const struct oci_opt opts[] = {{.name = "bundle", .letter = 'b', .value = &bundle}, {0}};
	struct oci_spec spec;
	struct err e = {0};
	struct arena a;
	struct buf b;
	int words = oci_opts(argc, argv, opts, &e), r;
	auto_close int dir = -1;
	auto_close int fd = -1;

	if (words != argc)
		return oci_usage("spec [--bundle DIR]", words < 0 ? &e : NULL);
	arena_init(&a, model, sizeof(model));
	buf_init(&b, text, sizeof(text));
	r = oci_spec_default(&in, &a, &spec, &e);
	if (r == 0)
		oci_spec_write(&b, &spec);
	dir = r < 0 ? r : sys_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	fd = dir < 0 ? dir : sys_open(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (r == 0)
		r = fd < 0 ? fd : buf_ok(&b) ? sys_write_all(fd, b.p, b.len) : -EFBIG;
	if (r < 0 && !e.code)
		err_set(&e, r, "write %s/config.json", bundle);
	return r < 0 ? oci_fail(c, &e, 1) : 0;
}
