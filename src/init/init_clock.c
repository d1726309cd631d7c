/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board without a battery-backed clock starts in 1970, where no certificate is valid. The floor is
 * the time of the build or, if later, the time that was last saved on the data partition. The clock
 * is never set back.
 */
#include <fcntl.h>

#include "base/build.h"
#include "base/num.h"
#include "base/rfc3339.h"
#include "file/durable.h"
#include "init/init.h"
#include "sys/fd.h"
#include "sys/proc.h"

static int64_t saved_time(void)
{
	char text[32];
	ssize_t len = file_read(AT_FDCWD, INIT_DATA_PATH "/clock", text, sizeof(text), NULL);
	uint64_t s = 0;

	if (len <= 0 || text[len - 1] != '\n' ||
	    num_u64((struct span){text, (size_t)len - 1}, INT64_MAX, &s) < 0)
		return 0;
	return (int64_t)s;
}

void init_clock_floor(void)
{
	int64_t now_s, floor_s = build_time_s, saved_s = saved_time();
	char text[RFC3339_CAP];
	uint32_t ns;
	int r;

	if (saved_s > floor_s)
		floor_s = saved_s;
	sys_realtime(&now_s, &ns);
	if (now_s >= floor_s)
		return;
	r = sys_set_realtime(floor_s);
	rfc3339_format(text, floor_s, 0);
	if (r < 0)
		init_say("clock: cannot be set to %s: %s", text, err_name(r));
	else
		init_say("clock: stood before the %s, set to %s",
			 saved_s == floor_s ? "last saved time" : "build of this program", text);
}

void init_clock_save(void)
{
	auto_close int dir_fd = sys_open(AT_FDCWD, INIT_DATA_PATH, O_RDONLY | O_DIRECTORY, 0);
	struct err e = {0};
	char text[32];
	int64_t now_s;
	uint32_t ns;
	int len;

	sys_realtime(&now_s, &ns);
	len = str_printf(text, sizeof(text), "%lld\n", (long long)now_s);
	if (len > 0 &&
	    (dir_fd < 0 || durable_write(dir_fd, "clock", text, (size_t)len, 0600, &e) < 0))
		init_say("clock: not saved: %s", e.code ? e.msg : err_name(dir_fd));
}
