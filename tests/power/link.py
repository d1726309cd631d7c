#!/usr/bin/python3
"""link.py - a slow line to a server, whose bytes are counted

    link.py PORT SERVER_PORT RATE COUNT

Whoever connects to 127.0.0.1:PORT talks to 127.0.0.1:SERVER_PORT; what the server says comes at RATE bytes a second,
0: as fast as it can. The file COUNT holds how many bytes have come. SIGUSR1: RATE is 0 from now on.
"""

import asyncio
import signal
import sys

port, server_port, rate = (int(word) for word in sys.argv[1:4])
total = 0
PIECE = 16384


async def copy(reader, writer, counted):
    global total
    try:
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()
            if counted:
                total += len(data)
                with open(sys.argv[4], "w", encoding="ascii") as f:
                    f.write(str(total))
                if rate:
                    await asyncio.sleep(len(data) / rate)
    except OSError:
        pass
    finally:
        writer.close()


async def serve(reader, writer):
    try:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", server_port)
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, to_server, False), copy(from_server, writer, True))


def faster():
    global rate
    rate = 0


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, faster)
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    with open(sys.argv[4], "w", encoding="ascii") as f:
        f.write("0")
    async with server:
        await server.serve_forever()


asyncio.run(main())
