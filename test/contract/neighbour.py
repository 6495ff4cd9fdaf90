"""Another environment, with things that nobody else is to see: it says where it is, and answers on the Runtime API's line."""
import json
import os
import socket
import sys
import threading

host, port = sys.argv[1].split(":")
marker = sys.argv[2]
with open("/tmp/neighbour-secret", "w") as file:
    file.write(marker)
os.chmod("/tmp/neighbour-secret", 0o666)


def serve(server):
    while True:
        connection, _ = server.accept()
        connection.sendall(marker.encode())
        connection.close()


tcp = socket.create_server(("0.0.0.0", 8080))
abstract = socket.socket(socket.AF_UNIX)
abstract.bind("\0alonzo-neighbour")
abstract.listen()
for server in (tcp, abstract):
    threading.Thread(target=serve, args=(server,), daemon=True).start()
try:
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("192.0.2.1", 9))
    address = probe.getsockname()[0]
except OSError:
    address = "192.0.2.1"
print(json.dumps({"address": address, "pid": os.getpid()}), flush=True)
line = socket.create_connection((host, int(port)))
while True:
    chunk = line.recv(65536)
    if not chunk:
        break
    line.sendall(chunk)
