/* SPDX-License-Identifier: Apache-2.0 */
/* Both hashes and all bytes come out whatever the pieces in which the compressed bytes arrive. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "sys/fd.h"
#include "unpack/stream.h"

#define PLAIN_LEN 700000 /* several buffers of the stream */

static struct unpack_stream stream;
static unsigned char plain[PLAIN_LEN], packed[PLAIN_LEN + 1000], got[PLAIN_LEN + 1];
static size_t packed_len;

/* gzip members of 300000 bytes each */
static int setup(void **state)
{
	unsigned int x = 1;
	(void)state;

	for (size_t i = 0; i < PLAIN_LEN; i++) {
		x = x * 1103515245 + 12345;
		plain[i] = i % 3000 < 1000 ? 0 : (unsigned char)(x >> 24 & 15);
	}
	packed_len = 0;
	for (size_t at = 0; at < PLAIN_LEN; at += 300000) {
		z_stream z = {0};
		size_t n = PLAIN_LEN - at < 300000 ? PLAIN_LEN - at : 300000;

		assert_int_equal(
			deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY),
			Z_OK);
		z.next_in = plain + at;
		z.avail_in = (uInt)n;
		z.next_out = packed + packed_len;
		z.avail_out = (uInt)(sizeof(packed) - packed_len);
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		packed_len += z.total_out;
		deflateEnd(&z);
	}
	return 0;
}

static struct digest hash(const void *data, size_t len)
{
	struct sha256 h;
	struct digest d;

	sha256_init(&h);
	sha256_update(&h, data, len);
	sha256_final(&h, &d);
	return d;
}

/* a child writes @len bytes in pieces of @piece into a pipe. Return: its reading end */
static int feed(const void *data, size_t len, size_t piece)
{
	int fds[2];

	assert_int_equal(sys_pipe(fds, 0), 0);
	if (fork() == 0) {
		sys_close(fds[0]);
		for (size_t at = 0; at < len; at += piece) {
			if (sys_write_all(fds[1], (const char *)data + at,
					  len - at < piece ? len - at : piece) < 0)
				_exit(1);
		}
		_exit(0);
	}
	sys_close(fds[1]);
	return fds[0];
}

/* Return: bytes read into got; -errno */
static ssize_t read_all(int fd, enum image_compression compression, uint64_t max, struct err *e)
{
	const void *data;
	size_t total = 0;
	ssize_t n;

	assert_int_equal(unpack_stream_init(&stream, fd, compression, max, e), 0);
	while ((n = unpack_stream_read(&stream, &data, e)) > 0) {
		assert_true((size_t)n <= sizeof(got) - total);
		memcpy(got + total, data, (size_t)n);
		total += (size_t)n;
	}
	return n < 0 ? n : (ssize_t)total;
}

static void pieces_do_not_matter(void **state)
{
	static const size_t pieces[] = {1, 7, 4096, 65537, 1 << 20};
	struct digest want_blob = hash(packed, packed_len), want_diff = hash(plain, PLAIN_LEN);
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		auto_close int fd = feed(packed, packed_len, pieces[i]);
		struct digest blob, diff_id;

		assert_int_equal(read_all(fd, IMAGE_TAR_GZIP, PLAIN_LEN, NULL), PLAIN_LEN);
		assert_memory_equal(got, plain, PLAIN_LEN);
		assert_int_equal(unpack_stream_finish(&stream, &blob, &diff_id, NULL), 0);
		assert_true(digest_eq(&blob, &want_blob));
		assert_true(digest_eq(&diff_id, &want_diff));
		assert_int_equal(stream.in_bytes, packed_len);
		unpack_stream_fini(&stream);
	}
}

static void finishing_early_hashes_the_rest(void **state)
{
	auto_close int fd = feed(packed, packed_len, 1000);
	struct digest blob, diff_id, want_blob = hash(packed, packed_len),
				     want_diff = hash(plain, PLAIN_LEN);
	const void *data;
	(void)state;

	assert_int_equal(unpack_stream_init(&stream, fd, IMAGE_TAR_GZIP, PLAIN_LEN, NULL), 0);
	assert_true(unpack_stream_read(&stream, &data, NULL) > 0);
	assert_int_equal(unpack_stream_finish(&stream, &blob, &diff_id, NULL), 0);
	assert_true(digest_eq(&blob, &want_blob));
	assert_true(digest_eq(&diff_id, &want_diff));
	unpack_stream_fini(&stream);
}

static void plain_tar_has_one_digest(void **state)
{
	auto_close int fd = feed(plain, PLAIN_LEN, 5000);
	struct digest blob, diff_id, want = hash(plain, PLAIN_LEN);
	(void)state;

	assert_int_equal(read_all(fd, IMAGE_TAR, PLAIN_LEN, NULL), PLAIN_LEN);
	assert_int_equal(unpack_stream_finish(&stream, &blob, &diff_id, NULL), 0);
	assert_true(digest_eq(&blob, &want) && digest_eq(&diff_id, &want));
}

static void every_cut_is_noticed(void **state)
{
	(void)state;

	for (size_t cut = 1; cut < packed_len;
	     cut += cut < 100 || cut > packed_len - 100 ? 1 : 9973) {
		auto_close int fd = feed(packed, packed_len - cut, 1 << 20);
		struct err e = {0};
		ssize_t n = read_all(fd, IMAGE_TAR_GZIP, PLAIN_LEN, &e);

		unpack_stream_fini(&stream);
		if (n < 0)
			assert_int_equal(n, -EBADMSG);
		else /* exactly between two members: the digest differs */
			assert_true(n == 300000 || n == 600000);
	}
}

static void the_limit_is_exact(void **state)
{
	struct err e = {0};
	int fd;
	(void)state;

	fd = feed(packed, packed_len, 1 << 20);
	assert_int_equal(read_all(fd, IMAGE_TAR_GZIP, PLAIN_LEN - 1, &e), -EFBIG);
	assert_non_null(strstr(e.msg, "CONFIG_UNPACK_MAX_MIB"));
	unpack_stream_fini(&stream);
	sys_close(fd);

	/* what the starter gave is called as the starter calls it */
	fd = feed(packed, packed_len, 1 << 20);
	e = (struct err){0};
	assert_int_equal(unpack_stream_init(&stream, fd, IMAGE_TAR_GZIP, 1, NULL), 0);
	stream.limit = "CONFIG_MAX_IMAGE_MIB";
	assert_int_equal(
		unpack_stream_finish(&stream, &(struct digest){0}, &(struct digest){0}, &e),
		-EFBIG);
	assert_non_null(strstr(e.msg, "CONFIG_MAX_IMAGE_MIB"));
	unpack_stream_fini(&stream);
	sys_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_do_not_matter),
		cmocka_unit_test(finishing_early_hashes_the_rest),
		cmocka_unit_test(plain_tar_has_one_digest),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(the_limit_is_exact),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
