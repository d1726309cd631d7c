#!/usr/bin/python3
"""nameserver - answers DNS over UDP for tests: nameserver.py NAME=ADDRESS[,ADDRESS...]...

Other names do not exist; a name with the address "silent" gets no answer.
"""

import socket
import struct
import sys


def main():
    zone = dict(arg.split("=") for arg in sys.argv[1:])
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    while True:
        query, peer = sock.recvfrom(512)
        labels, pos = [], 12
        while query[pos]:
            labels.append(query[pos + 1:pos + 1 + query[pos]].decode("latin-1"))
            pos += 1 + query[pos]
        question = query[12:pos + 5]
        kind, = struct.unpack("!H", query[pos + 1:pos + 3])
        known = zone.get(".".join(labels).lower())
        if known == "silent":
            continue
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        answers = b""
        n = 0
        for address in (known or "").split(","):
            if address and family == (socket.AF_INET6 if ":" in address else socket.AF_INET):
                data = socket.inet_pton(family, address)
                answers += struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(data)) + data
                n += 1
        head = query[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, n, 0, 0)
        sock.sendto(head + question + answers, peer)


main()
