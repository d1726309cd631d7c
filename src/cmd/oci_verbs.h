/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "runtime/runtime.h"

/** struct oci_cmd - what the global options say */
struct oci_cmd {
	const char *root, *log, *cgroup_manager;
	bool log_json;
	struct runtime rt;
};

/** oci_tell() - to stderr and the log file. @level: "error", "warning" */
void oci_tell(const struct oci_cmd *c, const char *level, const char *text);

/* One for each verb; argv starts behind it. Return: exit status */
int oci_create_main(struct oci_cmd *c, int argc, char **argv);
int oci_start_main(struct oci_cmd *c, int argc, char **argv);
int oci_run_main(struct oci_cmd *c, int argc, char **argv);
int oci_state_main(struct oci_cmd *c, int argc, char **argv);
int oci_kill_main(struct oci_cmd *c, int argc, char **argv);
int oci_delete_main(struct oci_cmd *c, int argc, char **argv);
int oci_pause_main(struct oci_cmd *c, int argc, char **argv);
int oci_resume_main(struct oci_cmd *c, int argc, char **argv);
int oci_ps_main(struct oci_cmd *c, int argc, char **argv);
int oci_exec_main(struct oci_cmd *c, int argc, char **argv);
int oci_list_main(struct oci_cmd *c, int argc, char **argv);
int oci_spec_main(struct oci_cmd *c, int argc, char **argv);

/** oci_fail() - tell and give the exit status: @status, or that of the runtime's failure if 0 */
int oci_fail(struct oci_cmd *c, const struct err *e, int status);

/** oci_usage() - "usage: cleat oci @text". Return: 2 */
int oci_usage(const char *text, const struct err *e);
