/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct url url;
	struct proxy p;
	char text[4096];

	if (len >= sizeof(text))
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (proxy_parse(text, &p, NULL) == 0 &&
	    (strpbrk(p.login, "\r\n") || strpbrk(p.host, " @/\r\n")))
		abort();
	url_parse(span_of("https://a.example.com:5000/"), &url, NULL);
	proxy_bypassed(text, &url);
	url_parse(span_of("https://192.0.2.1/"), &url, NULL);
	proxy_bypassed(text, &url);
	url_parse(span_of("http://[2001:db8::1]/"), &url, NULL);
	proxy_bypassed(text, &url);
	return 0;
}
