/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "image/image.h"

#define ID "\"sha256:1111111111111111111111111111111111111111111111111111111111111111\""
#define IMAGE(process)                                                                             \
	"{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\",\"created\":\"2024-01-"     \
	"02T03:04:05Z\","                                                                          \
	"\"config\":{" process "},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "," ID "]},"  \
	"\"history\":[{\"created_by\":\"x\"}]}"

static _Alignas(16) char memory[64 * 1024];
static struct image_config config;
static struct arena arena;
static struct err err;

static int parse(const char *text)
{
	arena_init(&arena, memory, sizeof(memory));
	err = (struct err){0};
	config = (struct image_config){0};
	return image_parse_config(span_of(text), &arena, &config, &err);
}

static void reads(void **state)
{
	(void)state;
	assert_int_equal(
		parse(IMAGE("\"User\":\"web\",\"Env\":[\"PATH=/bin\",\"A=b=c\"],\"Entrypoint\":[\"/"
			    "run\"],"
			    "\"Cmd\":[],\"WorkingDir\":\"/srv\",\"Volumes\":{\"/data\":{}},"
			    "\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"a\":\"b\"},"
			    "\"StopSignal\":\"SIGQUIT\"")),
		0);
	assert_string_equal(config.platform.arch, "arm");
	assert_string_equal(config.platform.variant, "v7");
	assert_string_equal(config.created, "2024-01-02T03:04:05Z");
	assert_string_equal(config.user, "web");
	assert_int_equal(config.n_env, 2);
	assert_string_equal(config.env[1], "A=b=c");
	assert_string_equal(config.entrypoint[0], "/run");
	assert_non_null(config.cmd);
	assert_int_equal(config.n_cmd, 0);
	assert_string_equal(config.working_dir, "/srv");
	assert_string_equal(config.volumes[0], "/data");
	assert_string_equal(config.exposed_ports[0], "80/tcp");
	assert_string_equal(config.labels[0], "a=b");
	assert_string_equal(config.stop_signal, "SIGQUIT");
	assert_int_equal(config.n_diff_ids, 2);
}

static void null_means_absent(void **state)
{
	(void)state;
	assert_int_equal(
		parse(IMAGE("\"Entrypoint\":null,\"Cmd\":null,\"Env\":null,\"Volumes\":null,"
			    "\"User\":\"\",\"WorkingDir\":\"\"")),
		0);
	assert_null(config.entrypoint);
	assert_null(config.cmd);
	assert_null(config.env);
	assert_null(config.user);
	assert_null(config.working_dir);
}

static void cve_2026_57231_malformed_env(void **state)
{
	(void)state;
	assert_int_equal(
		parse(IMAGE("\"Env\":[\"PATH\",\"=x\",\"\",\"HOME\",\"OK=1\",\"EMPTY=\"]")), 0);
	assert_int_equal(config.n_env, 2);
	assert_string_equal(config.env[0], "OK=1");
	assert_string_equal(config.env[1], "EMPTY=");
	assert_null(config.env[2]);
	assert_int_equal(parse(IMAGE("\"Env\":[\"A\\u0000B=1\"]")), -EBADMSG);
	assert_string_equal(err.msg, "image config: config.Env[0]: the string holds a NUL byte");
}

static void cve_2022_23648_volume_path(void **state)
{
	(void)state;
	assert_int_equal(parse(IMAGE("\"Volumes\":{\"/../../etc\":{}}")), -EBADMSG);
	assert_string_equal(
		err.msg,
		"image config: config.Volumes: \"/../../etc\" leaves its folder by \"..\"");
	assert_int_equal(parse(IMAGE("\"Volumes\":{\"etc\":{}}")), -EBADMSG);
	assert_int_equal(parse(IMAGE("\"Volumes\":{\"/a..b/..c\":{}}")), 0);
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *msg;
		int code;
	} cases[] = {
		{IMAGE("\"WorkingDir\":\"/proc/self/../fd\""),
		 "image config: config.WorkingDir: ", -EBADMSG},
		{IMAGE("\"WorkingDir\":\"srv\""), "image config: config.WorkingDir: ", -EBADMSG},
		{IMAGE("\"Cmd\":\"sh\""),
		 "image config: config.Cmd: expected an array, found a string", -EBADMSG},
		{IMAGE("\"Cmd\":[1]"), "image config: config.Cmd[0]: expected a string", -EBADMSG},
		{"{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}",
		 "image config: architecture: expected a string, found nothing", -EBADMSG},
		{"{\"os\":\"linux\",\"architecture\":\"arm\"}",
		 "image config: rootfs.type: ", -EBADMSG},
		{"{\"os\":\"linux\",\"architecture\":\"arm\",\"rootfs\":{\"type\":\"layers+base\"}"
		 "}",
		 "image config: rootfs.type: \"layers+base\"", -ENOTSUP},
		{"{\"os\":\"linux\",\"architecture\":\"arm\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"md5:1\"]}}",
		 "image config: rootfs.diff_ids[0]: ", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (parse(cases[i].text) != cases[i].code || !str_starts(err.msg, cases[i].msg))
			fail_msg("%s -> %d %s", cases[i].text, err.code, err.msg);
}

static void model_survives_the_codec(void **state)
{
	static uint8_t one[4096], two[4096];
	static char copy_memory[16 * 1024];
	struct image_config copy;
	struct arena copies;
	struct enc e;
	struct dec d;

	(void)state;
	assert_int_equal(
		parse(IMAGE(
			"\"Env\":[\"A=1\"],\"Cmd\":[],\"Labels\":{\"k\":\"v\"},\"User\":\"1:2\"")),
		0);
	enc_init(&e, one, sizeof(one));
	image_config_encode(&e, &config);
	arena_init(&copies, copy_memory, sizeof(copy_memory));
	dec_init(&d, one, e.len, &copies);
	image_config_decode(&d, &copy);
	assert_int_equal(dec_done(&d), 0);
	assert_null(copy.entrypoint);
	assert_non_null(copy.cmd);
	assert_string_equal(copy.labels[0], "k=v");
	enc_init(&e, two, sizeof(two));
	image_config_encode(&e, &copy);
	assert_memory_equal(one, two, e.len);
	for (size_t cut = 0; cut < e.len; cut++) {
		arena_init(&copies, copy_memory, sizeof(copy_memory));
		dec_init(&d, one, cut, &copies);
		image_config_decode(&d, &copy);
		assert_int_equal(dec_done(&d), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(null_means_absent),
		cmocka_unit_test(cve_2026_57231_malformed_env),
		cmocka_unit_test(cve_2022_23648_volume_path),
		cmocka_unit_test(refuses),
		cmocka_unit_test(model_survives_the_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
