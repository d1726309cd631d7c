/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sys/fd.h"
#include "tls/pem.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END   "-----END CERTIFICATE-----\n"

static uint8_t der[64];
static struct pem pem;

static void start(const char *text)
{
	int fd = sys_memfd("pem", 0);

	assert_true(fd >= 0);
	assert_int_equal(sys_write_all(fd, text, strlen(text)), 0);
	pem_init(&pem, fd);
}

/* all certificates as text, separated by '|' */
static const char *all(const char *text)
{
	static char out[1024];
	size_t n = 0;
	ssize_t len;

	start(text);
	while ((len = pem_next(&pem, PEM_CERTIFICATE, der, sizeof(der))) > 0)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s|", (int)len,
				      (const char *)der);
	assert_int_equal(len, 0);
	out[n] = '\0';
	sys_close(pem.fd);
	return out;
}

static void reads_certificates(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{"", ""},
		{BEGIN "YWJj\n" END, "abc|"},
		{BEGIN "YWI=\n" END BEGIN "YQ==\n" END, "ab|a|"},
		{"text\n" BEGIN "YWJj\nZGVm\n" END "more\n", "abcdef|"},
		{"-----BEGIN CERTIFICATE-----\r\n YWJj \r\n-----END CERTIFICATE-----\r\n", "abc|"},
		{BEGIN "YWJj\n-----END CERTIFICATE-----", "abc|"}, /* no line end at the end */
		{"-----BEGIN PRIVATE KEY-----\nYWJj\n-----END PRIVATE KEY-----\n" BEGIN
		 "YQ==\n" END,
		 "a|"},
		{BEGIN "YW#j\n" END BEGIN "YQ==\n" END, "a|"},
		{BEGIN "YQ==YQ==\n" END BEGIN "YWI=\n" END, "ab|"},
		{BEGIN END BEGIN "YWI=\n" END, "ab|"},
		{BEGIN "YWJj\n" BEGIN "YWI=\n" END, "ab|"},
		{BEGIN "YWJj\n", ""},
		{"YWJj\n" END, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(all(cases[i].text), cases[i].out);
}

static void one_that_is_too_large_is_skipped(void **state)
{
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), BEGIN "%0*d\n" END BEGIN "YWI=\n" END, 88, 0); /* 66 bytes */
	assert_string_equal(all(text), "ab|");
	memset(der, 0, sizeof(der));
	snprintf(text, sizeof(text), BEGIN "%0*d\n" END, 84, 0); /* 63 bytes */
	start(text);
	assert_int_equal(pem_next(&pem, PEM_CERTIFICATE, der, sizeof(der)), 63);
	sys_close(pem.fd);
}

/* the buffer's edge falls on every place of a block */
static void any_alignment(void **state)
{
	static char text[sizeof(pem.chunk) + 200];
	size_t block = strlen(BEGIN "YWJj\n" END);

	(void)state;
	for (size_t shift = 0; shift <= block; shift++) {
		size_t n = sizeof(pem.chunk) - shift;

		memset(text, 'x', n);
		text[n - 1] = '\n';
		strcpy(text + n, BEGIN "YWJj\n" END);
		assert_string_equal(all(text), "abc|");
	}
}

static void size_is_bounded(void **state)
{
	(void)state;
	start("");
	assert_int_equal(sys_truncate(pem.fd, PEM_FILE_MAX + 1), 0);
	assert_int_equal(pem_next(&pem, PEM_CERTIFICATE, der, sizeof(der)), -EFBIG);
	sys_close(pem.fd);
	pem_init(&pem, -1);
	assert_int_equal(pem_next(&pem, PEM_CERTIFICATE, der, sizeof(der)), -EBADF);
}

static void reads_keys(void **state)
{
	static const struct {
		const char *text;
		ssize_t len;
		bool encrypted;
	} cases[] = {
		{"-----BEGIN PRIVATE KEY-----\nYWJj\n-----END PRIVATE KEY-----\n", 3, false},
		{"-----BEGIN RSA PRIVATE KEY-----\nYWJj\n-----END RSA PRIVATE KEY-----\n", 3,
		 false},
		{"-----BEGIN EC PARAMETERS-----\nYQ==\n-----END EC PARAMETERS-----\n"
		 "-----BEGIN EC PRIVATE KEY-----\nYWI=\n-----END EC PRIVATE KEY-----\n",
		 2, false},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\nYWJj\n-----END ENCRYPTED PRIVATE "
		 "KEY-----\n",
		 0, true},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
		 "DEK-Info: AES-128-CBC,00\n\nYWJj\n-----END RSA PRIVATE KEY-----\n",
		 0, true},
		{BEGIN "YWJj\n" END, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start(cases[i].text);
		assert_int_equal(pem_next(&pem, PEM_KEY, der, sizeof(der)), cases[i].len);
		assert_int_equal(pem.encrypted, cases[i].encrypted);
		sys_close(pem.fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_certificates),
		cmocka_unit_test(one_that_is_too_large_is_skipped),
		cmocka_unit_test(any_alignment),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(reads_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
