/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd sends: a message of any shape is read within its bounds, its arguments too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void inside(struct span whole, struct span s)
{
	if (s.len && (s.p < whole.p || s.p + s.len > whole.p + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct span whole = {(const char *)data, len};
	struct dbus_message m;
	struct dbus_in in;

	if (len >= DBUS_HEAD_BYTES && dbus_length(data) > DBUS_MAX_MESSAGE)
		abort();
	if (dbus_parse(whole, &m) < 0)
		return 0;
	inside(whole, m.path);
	inside(whole, m.member);
	inside(whole, m.error);
	inside(whole, m.signature);
	inside(whole, m.body);
	in = (struct dbus_in){.data = m.body};
	for (size_t i = 0; i < m.signature.len && !in.bad; i++) {
		if (m.signature.p[i] == 'u') {
			dbus_get_u32(&in);
		} else {
			struct span s = dbus_get_str(&in);

			inside(m.body, s);
			if (s.len && memchr(s.p, '\0', s.len))
				abort();
		}
		if (in.at > in.data.len)
			abort();
	}
	return 0;
}
