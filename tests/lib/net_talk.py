#!/usr/bin/python3
"""net_talk - the two ends of a conversation: who are you, and who am I to you?

    net_talk.py serve NAME TCP_PORT UDP_PORT	answers "NAME <client address>" for ever
    net_talk.py ask tcp|udp IP PORT		prints the answer; status 1 when none came in 2 s
"""

import selectors
import socket
import sys

PATIENCE_S = 2


def serve(name, tcp_port, udp_port):
    tcp = socket.create_server(("0.0.0.0", tcp_port))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", udp_port))
    ready = selectors.DefaultSelector()
    ready.register(tcp, selectors.EVENT_READ)
    ready.register(udp, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in ready.select():
            if key.fileobj is tcp:
                client, peer = tcp.accept()
                client.sendall(f"{name} {peer[0]}\n".encode())
                client.close()
            else:
                _, peer = udp.recvfrom(100)
                udp.sendto(f"{name} {peer[0]}\n".encode(), peer)


def ask(protocol, ip, port):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(PATIENCE_S)
    s.connect((ip, port))
    if protocol == "udp":
        s.send(b"?")
    answer = s.recv(100).decode()
    print(answer, end="")
    return 0 if answer else 1


def main(argv):
    if argv[1] == "serve":
        serve(argv[2], int(argv[3]), int(argv[4]))
    try:
        return ask(argv[2], argv[3], int(argv[4]))
    except OSError as x:
        print(x, file=sys.stderr)
        return 1


sys.exit(main(sys.argv))
