/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Names and TCP for the roles that talk to the network. */

/** struct sys_addr - where a TCP connection goes */
struct sys_addr {
	int family; /* AF_INET, AF_INET6 */
	uint16_t port;
	uint8_t ip[16]; /* 4 or 16 bytes, network order */
	uint32_t scope_id;
};

#define SYS_ADDR_TEXT_CAP 64

/**
 * sys_resolve() - addresses of a host name or literal, in the order to try them
 *
 * Blocks for the resolver's time-outs (etc/resolv.conf and etc/hosts of this process' root).
 *
 * Return: number of addresses, at most @cap; -ENOENT no such host; -EAGAIN no name server answered.
 */
int sys_resolve(const char *host, uint16_t port, struct sys_addr *ret_addrs, size_t cap);

/** sys_addr_text() - "192.0.2.1:443", "[2001:db8::1]:443". Return: @dst */
char *sys_addr_text(char dst[static SYS_ADDR_TEXT_CAP], const struct sys_addr *a);

/** sys_tcp_connect() - connected, non-blocking, without Nagle's delay. Return: fd; -ETIMEDOUT; -errno */
int sys_tcp_connect(const struct sys_addr *a, int timeout_ms);

/** sys_recv()/sys_send() - Return: bytes; 0 (recv) end; -EAGAIN; -EPIPE without a signal; -errno */
ssize_t sys_recv(int fd, void *buf, size_t len);
ssize_t sys_send(int fd, const void *data, size_t len);
