/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t ip[16] = {192, 0, 2, 1};
	char text[CERT_NAME_CAP];
	struct cert c;

	if (cert_parse(data, len, &c) < 0)
		return 0;
	cert_has_address(&c, ip, 4);
	cert_has_address(&c, ip, 16);
	cert_name_text(text, c.issuer);
	for (const char *p = cert_name_text(text, c.subject); *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
	return 0;
}
