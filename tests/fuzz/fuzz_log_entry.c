/* A record that parses keeps its text inside the line it came from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *line = malloc(len ? len : 1);
	struct log_entry e;

	if (!line)
		return 0;
	if (len)
		memcpy(line, data, len);
	if (log_entry_parse(line, len, &e) == 0 &&
	    (e.text < line || e.len > len || e.text + e.len > line + len || e.ns > 999999999))
		__builtin_trap();
	free(line);
	return 0;
}
