/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "sys/fd.h"
#include "tls/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static int fd = -1;
	uint8_t der[256];
	struct pem p;
	size_t n = 0;

	if (fd < 0)
		fd = sys_memfd("pem", 0);
	if (fd < 0 || sys_truncate(fd, 0) < 0 || sys_seek(fd, 0, 0) != 0 ||
	    sys_write_all(fd, data, len) < 0)
		abort();
	pem_init(&p, fd);
	while (pem_next(&p, PEM_CERTIFICATE, der, sizeof(der)) > 0)
		if (++n > len)
			abort();
	return 0;
}
