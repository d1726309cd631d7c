/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls the functions of net/ one by one, so that stories can drive them without an engine:
 *
 *	net_tool name NAME				bridge of network NAME
 *	net_tool pick NAME				subnet that would be chosen
 *	net_tool up|down NAME SUBNET [internal]		bridge; SUBNET is a /24
 *	net_tool attach NAME SUBNET NETNS_PATH HOST_IF IP [internal]
 *	net_tool detach NAME SUBNET HOST_IF
 *	net_tool lo NETNS_PATH
 *	net_tool rules TABLE [net=NAME,SUBNET[,internal]]... [port=HOST_IP:PORT:IP:PORT[/udp]]...
 *	net_tool remove TABLE
 *	net_tool watch TABLE				until the table is lost
 *	net_tool host IFNAME IP GATEWAY			a /24
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/net.h"
#include "sys/fd.h"

#define RUN_PATH "/run/net-tool"

static uint32_t ip_arg(const char *s)
{
	uint32_t ip;

	if (net_parse_ip4(s, &ip) < 0) {
		fprintf(stderr, "net_tool: not an address: %s\n", s);
		exit(2);
	}
	return ip;
}

static struct net_network network(const char *name, const char *subnet, bool internal)
{
	struct net_network n = {.subnet = ip_arg(subnet), .prefix = 24, .internal = internal};

	n.gateway = n.subnet + 1;
	str_copy(n.name, sizeof(n.name), name);
	net_bridge_name(n.bridge, RUN_PATH, name);
	return n;
}

static int ns_open(const char *path)
{
	int fd = sys_open(AT_FDCWD, path, O_RDONLY, 0);

	if (fd < 0) {
		fprintf(stderr, "net_tool: open %s: %s\n", path, err_name(fd));
		exit(2);
	}
	return fd;
}

static int attach(char **v, bool internal, struct err *e)
{
	struct net_network n = network(v[0], v[1], internal);
	struct net_attachment a = {
		.network = &n, .ifname = "eth0", .ip = ip_arg(v[4]), .default_route = true};
	int fd = ns_open(v[2]), r;

	str_copy(a.host_if, sizeof(a.host_if), v[3]);
	net_mac(a.mac, a.ip);
	r = net_attach(&a, fd, e);
	sys_close(fd);
	return r;
}

static int detach(char **v, struct err *e)
{
	struct net_network n = network(v[0], v[1], false);
	struct net_attachment a = {.network = &n};

	str_copy(a.host_if, sizeof(a.host_if), v[2]);
	return net_detach(&a, e);
}

static int rules(int argc, char **argv, struct err *e)
{
	static struct net_network nets[NET_MAX_NETWORKS + 1];
	static struct net_port ports[NET_MAX_PORTS + 1];
	size_t n_nets = 0, n_ports = 0;
	char a[64], b[64], word[16];
	unsigned int hp, cp;
	int i, n;

	for (i = 1; i < argc; i++) {
		word[0] = '\0';
		n = sscanf(argv[i], "net=%63[^,],%63[^,],%15s", a, b, word);
		if (n >= 2 && n_nets <= NET_MAX_NETWORKS) {
			nets[n_nets++] = network(a, b, str_eq(word, "internal"));
			continue;
		}
		n = sscanf(argv[i], "port=%63[^:]:%u:%63[^:]:%u/%15s", a, &hp, b, &cp, word);
		if (n >= 4 && n_ports <= NET_MAX_PORTS) {
			ports[n_ports++] = (struct net_port){ip_arg(a), (uint16_t)hp, (uint16_t)cp,
							     str_eq(word, "udp"), ip_arg(b)};
			continue;
		}
		fprintf(stderr, "net_tool: what is %s?\n", argv[i]);
		exit(2);
	}
	return net_rules_apply(argv[0], nets, n_nets, ports, n_ports, e);
}

static int watch(const char *table, struct err *e)
{
	struct pollfd p = {.fd = net_rules_watch(e), .events = POLLIN};

	if (p.fd < 0)
		return p.fd;
	puts("watching");
	fflush(stdout);
	do {
		poll(&p, 1, -1);
	} while (!net_rules_lost(p.fd, table));
	puts("lost");
	return 0;
}

static int pick(const char *name, struct err *e)
{
	struct net_network n = network(name, "0.0.0.0", false);
	int r = net_pick_subnet(&n, e);
	char subnet[16], gateway[16];

	if (r == 0)
		printf("%s/%u %s\n", net_format_ip4(subnet, n.subnet), n.prefix,
		       net_format_ip4(gateway, n.gateway));
	return r;
}

static int run(int argc, char **argv, struct err *e)
{
	const char *verb = argc > 1 ? argv[1] : "";
	char **v = argv + 2;
	int n = argc - 2;
	bool internal = n > 0 && str_eq(v[n - 1], "internal");
	struct net_network net = {0};

	if (n >= 2 && (str_eq(verb, "up") || str_eq(verb, "down")))
		net = network(v[0], v[1], internal);
	if (str_eq(verb, "name") && n == 1)
		return puts(network(v[0], "0.0.0.0", false).bridge) < 0;
	if (str_eq(verb, "pick") && n == 1)
		return pick(v[0], e);
	if (str_eq(verb, "up") && n >= 2)
		return net_bridge_up(&net, e);
	if (str_eq(verb, "down") && n >= 2)
		return net_bridge_down(&net, e);
	if (str_eq(verb, "attach") && n >= 5)
		return attach(v, internal, e);
	if (str_eq(verb, "detach") && n == 3)
		return detach(v, e);
	if (str_eq(verb, "lo") && n == 1)
		return net_loopback_up(ns_open(v[0]), e);
	if (str_eq(verb, "rules") && n >= 1)
		return rules(n, v, e);
	if (str_eq(verb, "remove") && n == 1)
		return net_rules_remove(v[0], e);
	if (str_eq(verb, "watch") && n == 1)
		return watch(v[0], e);
	if (str_eq(verb, "host") && n == 3)
		return net_host_address(v[0], ip_arg(v[1]), 24, ip_arg(v[2]), e);
	fprintf(stderr, "net_tool: see the top of net_tool.c\n");
	exit(2);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	int r = run(argc, argv, &e);

	if (r < 0) {
		fprintf(stderr, "net_tool: %s\n", e.msg);
		return 1;
	}
	return r;
}
