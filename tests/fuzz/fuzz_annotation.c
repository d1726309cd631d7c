/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations for systemd: the text behind the first "=" is the value; what is taken becomes one property. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/systemd/props.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char prefix[] = "org.systemd.property.";
	char key[4096], *value, mem[8192];
	struct oci_kv kv;
	struct err e = {0};
	struct buf b;
	int r;

	if (len > 2048)
		return 0;
	memcpy(key, prefix, sizeof(prefix) - 1);
	memcpy(key + sizeof(prefix) - 1, data, len);
	key[sizeof(prefix) - 1 + len] = '\0';
	value = strchr(key, '=');
	if (!value)
		return 0;
	*value++ = '\0';
	kv = (struct oci_kv){key, value};
	buf_init(&b, mem, sizeof(mem));
	r = props_annotations(&b, &(struct oci_kvs){&kv, 1}, &e);
	if (r != 0 && (r != -EINVAL || !*e.msg))
		abort();
	if (r == 0 && !buf_ok(&b))
		abort();
	return 0;
}
