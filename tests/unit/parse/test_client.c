/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way: starter, real role with all its restrictions, answer. This program is its own role
 * ("@parse"), as the binary is.
 */
#include "test.h"

#include "roles.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "parse/client.h"
#include "sys/fd.h"

static _Alignas(16) char memory[4 * CONFIG_PARSE_MODEL_KIB * 1024];
static struct arena arena;
static struct err err;

static int file_of(const char *text)
{
	int fd = sys_memfd("document", 0);

	assert_true(fd >= 0);
	assert_int_equal(sys_write_all(fd, text, strlen(text)), 0);
	return fd;
}

static int start(struct parse_call *c, enum parse_kind kind, const char *argument, int fd, int fd2)
{
	int r;

	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	r = parse_start(c, kind, "thing", argument, fd, fd2, NULL, &err);
	return r < 0 ? r : parse_wait(c, 10000, &err);
}

static void manifest(void **state)
{
	auto_close int fd = file_of("services: {web: {image: nginx, ports: [\"80:80\"]}}\n");
	struct parse_call c;
	struct manifest m;

	(void)state;
	if (start(&c, PARSE_MANIFEST, NULL, fd, -1) < 0 ||
	    parse_finish_manifest(&c, &arena, &m, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(m.n_services, 1);
	assert_int_equal(m.services[0].ports[0].host_port, 80);
}

static void refusal_comes_with_its_text(void **state)
{
	auto_close int fd = file_of("services: {web: {imgae: nginx}}\n");
	struct parse_call c;
	struct manifest m;

	(void)state;
	assert_int_equal(start(&c, PARSE_MANIFEST, NULL, fd, -1), 0);
	assert_int_equal(parse_finish_manifest(&c, &arena, &m, &err), -EINVAL);
	assert_string_equal(
		err.msg,
		"thing:1:18: unknown key \"imgae\" in service \"web\"; did you mean \"image\"?");
}

static void model_larger_than_a_frame(void **state)
{
	static char text[300 * 1024];
	size_t n = (size_t)sprintf(text, "services:\n");
	struct parse_call c;
	struct manifest m;
	int fd;

	(void)state;
	for (int i = 0; i < 40; i++) {
		n += (size_t)sprintf(text + n, "  s%d:\n    image: x\n    environment:\n", i);
		for (int k = 0; k < 100; k++)
			n += (size_t)sprintf(
				text + n, "      VARIABLE_%d: some longer text, number %d\n", k, k);
	}
	fd = file_of(text);
	if (start(&c, PARSE_MANIFEST, NULL, fd, -1) < 0 ||
	    parse_finish_manifest(&c, &arena, &m, &err) < 0)
		fail_msg("%s", err.msg);
	sys_close(fd);
	assert_int_equal(m.n_services, 40);
	assert_string_equal(m.services[39].env[99].value, "some longer text, number 99");
}

static void image_documents_carry_their_digest(void **state)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":[]}";
	auto_close int fd = file_of(text);
	char digest[DIGEST_TEXT_CAP];
	struct image_doc doc;
	struct parse_call c;

	(void)state;
	assert_int_equal(
		start(&c, PARSE_IMAGE_DOC, "application/vnd.oci.image.index.v1+json", fd, -1), 0);
	if (parse_finish_doc(&c, &arena, &doc, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(
		digest_text(digest, &doc.digest),
		"sha256:bc5857ac9458293d5111ab85c952172cd7f56bceb4e3014ddc4cafac8927b313");
}

static void config_errors_name_the_document(void **state)
{
	auto_close int fd = file_of("{\"os\":5}");
	struct image_config config;
	struct parse_call c;

	(void)state;
	assert_int_equal(start(&c, PARSE_IMAGE_CONFIG, NULL, fd, -1), 0);
	assert_int_equal(parse_finish_config(&c, &arena, &config, &err), -EBADMSG);
	assert_string_equal(err.msg, "thing: image config: os: expected a string, found a number");
}

static void user(void **state)
{
	auto_close int passwd = file_of("web:x:5:6::/w:/bin/sh\n"), group = file_of("g:x:7:web\n");
	struct parse_user u;
	struct parse_call c;

	(void)state;
	assert_int_equal(start(&c, PARSE_USER, "web", passwd, group), 0);
	if (parse_finish_user(&c, &arena, &u, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(u.uid, 5);
	assert_int_equal(u.n_groups, 2);
	assert_int_equal(u.groups[1], 7);
	/* one of the two files, and none */
	assert_int_equal(start(&c, PARSE_USER, "5:g", -1, group), 0);
	assert_int_equal(parse_finish_user(&c, &arena, &u, &err), 0);
	assert_int_equal(u.gid, 7);
	assert_int_equal(start(&c, PARSE_USER, "", -1, -1), 0);
	assert_int_equal(parse_finish_user(&c, &arena, &u, &err), 0);
	assert_int_equal(u.uid, 0);
}

/* an image's passwd that is no bounded regular file: an error within a second, whatever it is */
static void cve_2026_47262_unbounded_passwd(void **state)
{
	int fds[4], pipe_fds[2];
	struct timespec before, after;
	struct parse_user u;
	struct parse_call c;

	(void)state;
	fds[0] = sys_memfd("sparse", 0);
	assert_int_equal(sys_truncate(fds[0], (off_t)10 << 30), 0);
	fds[1] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	fds[2] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(sys_pipe(pipe_fds, 0), 0);
	fds[3] = pipe_fds[0];
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		assert_int_equal(start(&c, PARSE_USER, "web", fds[i], -1), 0);
		assert_int_equal(parse_finish_user(&c, &arena, &u, &err),
				 i == 0 ? -EFBIG : -EINVAL);
		clock_gettime(CLOCK_MONOTONIC, &after);
		assert_true(after.tv_sec - before.tv_sec <= 1);
		sys_close(fds[i]);
	}
	sys_close(pipe_fds[1]);
}

static void large_documents_are_refused_by_name(void **state)
{
	auto_close int fd = sys_memfd("large", 0);
	struct parse_call c;
	struct manifest m;

	(void)state;
	assert_int_equal(sys_truncate(fd, CONFIG_PARSE_DOCUMENT_KIB * 1024 + 1), 0);
	assert_int_equal(start(&c, PARSE_MANIFEST, NULL, fd, -1), 0);
	assert_int_equal(parse_finish_manifest(&c, &arena, &m, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "CONFIG_PARSE_DOCUMENT_KIB"));
}

static void largest_document_fits_the_role(void **state)
{
	static char text[CONFIG_PARSE_DOCUMENT_KIB * 1024 + 1];
	struct parse_call c;
	struct manifest m;
	int fd;

	(void)state;
	/* one scalar of the largest size: libyaml's worst case for memory */
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "x-a: \"", 6);
	text[sizeof(text) - 2] = '"';
	fd = file_of(text);
	assert_int_equal(start(&c, PARSE_MANIFEST, NULL, fd, -1), 0);
	assert_int_equal(parse_finish_manifest(&c, &arena, &m, &err), -EINVAL);
	assert_string_equal(err.msg, "thing:1:1: the manifest has no services");
	sys_close(fd);
}

static void cancel_is_idempotent(void **state)
{
	auto_close int fd = file_of("a: 1\n");
	struct parse_call c;

	(void)state;
	err = (struct err){0};
	assert_int_equal(parse_start(&c, PARSE_MANIFEST, "thing", NULL, fd, -1, NULL, &err), 0);
	parse_cancel(&c);
	parse_cancel(&c);
	assert_int_equal(c.proc.pid, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manifest),
		cmocka_unit_test(refusal_comes_with_its_text),
		cmocka_unit_test(model_larger_than_a_frame),
		cmocka_unit_test(image_documents_carry_their_digest),
		cmocka_unit_test(config_errors_name_the_document),
		cmocka_unit_test(user),
		cmocka_unit_test(cve_2026_47262_unbounded_passwd),
		cmocka_unit_test(large_documents_are_refused_by_name),
		cmocka_unit_test(largest_document_fits_the_role),
		cmocka_unit_test(cancel_is_idempotent),
	};

	if (argc == 2 && argv[1][0] == '@')
		return role_main(argv[1]);
	if (roles_skip_all())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
