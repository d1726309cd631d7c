/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/** host_main() - "cleat @host INTERFACE ADDRESS/PREFIX GATEWAY": the machine's own network; "" for address or gateway: none, the loopback interface only */
int host_main(int argc, char **argv);
