/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cmd/session.h"

/**
 * manifest_file() - open the manifest that apply, check and config are about
 * @argc, @argv: its path or "-"; none: manifest.yaml in the configuration folder
 * @r:           gets the name for messages
 *
 * Return: fd; -1, the error is printed.
 */
int manifest_file(int argc, char **argv, struct ctl_request *r);
