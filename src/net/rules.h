/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "net/net.h"
#include "net/nft.h"

/** rules_put() - the whole table as net_rules_apply() describes it, into a batch; for it and for the tests */
void rules_put(struct nft *t, const struct net_network *nets, size_t n_nets,
	       const struct net_port *ports, size_t n_ports);
