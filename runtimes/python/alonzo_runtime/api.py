"""Client of the Runtime API on a raw socket: just the HTTP/1.1 that it needs.

It uses the C module under `socket`, which imports in a tenth of the time. An answer and the request for the next
invocation leave in one write (limits.md section 2).
"""
import sys

import _socket

BASE = "/2018-06-01/runtime"


class RuntimeApi:
    def __init__(self, address, socket_path):
        self._address = address
        self._socket_path = socket_path
        self._next = ("GET %s/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n" % (BASE, address)).encode()
        self._connect()

    def next(self):
        """Wait for the first invocation. Every later one comes back from the answer to the one before."""
        self._socket.sendall(self._next)
        return self._invocation()

    def respond(self, request_id, body):
        return self._answer(self._post("/invocation/%s/response" % request_id, "", body))

    def fail(self, request_id, error_type, body):
        return self._answer(self._post("/invocation/%s/error" % request_id, error_header(error_type), body))

    def init_error(self, error_type, body):
        self._socket.sendall(self._post("/init/error", error_header(error_type), body))
        self._read()

    def restore_next(self):
        """Wait until the process goes on, as one of many perhaps. A connection does not outlive a snapshot: then ask again."""
        request = ("GET %s/restore/next HTTP/1.1\r\nHost: %s\r\n\r\n" % (BASE, self._address)).encode()
        while True:
            try:
                self._socket.sendall(request)
                status, _, body = self._read()
                break
            except OSError:
                self._connect()
        if status != 200:
            refused(status, body)

    def restore_error(self, error_type, body):
        self._socket.sendall(self._post("/restore/error", error_header(error_type), body))
        self._read()

    def _connect(self):
        if self._socket_path:
            self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            self._socket.connect(self._socket_path)
        else:
            host, _, port = self._address.rpartition(":")
            self._socket = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            self._socket.connect((host, int(port)))
            self._socket.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._pending = b""

    def _post(self, path, headers, body):
        head = "POST %s%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
        return (head % (BASE, path, self._address, headers, len(body))).encode("ascii", "replace") + body

    def _answer(self, request):
        status = None
        try:
            self._socket.sendall(request + self._next)
            status, _, body = self._read()
            if status == 400:
                # Answered before, by the function itself perhaps. The wait that left with the answer holds all the same.
                tell_refused(status, body)
            elif status not in (202, 413):
                refused(status, body)
            return self._invocation()
        except OSError:
            # A server may close after refusing a body that is too large: the caller was told, the wait goes on.
            if status != 413 and not self._was_refused_as_too_large():
                raise
        self._connect()
        return self.next()

    def _was_refused_as_too_large(self):
        try:
            return self._read()[0] == 413
        except OSError:
            return False

    def _invocation(self):
        status, headers, body = self._read()
        if status != 200:
            refused(status, body)
        return headers, body

    def _read(self):
        """One response: status, headers by lower-case name, body."""
        while b"\r\n\r\n" not in self._pending:
            self._receive()
        head, _, self._pending = self._pending.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = self._read_chunks()
        else:
            body = self._take(int(headers.get("content-length", 0)))
        return int(lines[0][9:12]), headers, body

    def _read_chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self._pending:
                self._receive()
            size, _, self._pending = self._pending.partition(b"\r\n")
            chunk = self._take(int(size, 16) + 2)
            if len(chunk) == 2:
                return body
            body += chunk[:-2]

    def _take(self, length):
        if len(self._pending) < length:
            parts = [self._pending]
            missing = length - len(self._pending)
            while missing > 0:
                self._pending = b""
                self._receive()
                parts.append(self._pending)
                missing -= len(self._pending)
            self._pending = b"".join(parts)
        taken, self._pending = self._pending[:length], self._pending[length:]
        return taken

    def _receive(self):
        chunk = self._socket.recv(262144)
        if not chunk:
            raise ConnectionError("the Runtime API closed the connection")
        self._pending += chunk


def error_header(error_type):
    return "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type


def refused(status, body):
    tell_refused(status, body)
    sys.exit(1)


def tell_refused(status, body):
    sys.stderr.write("The Runtime API answered %d: %s\n" % (status, body.decode("utf-8", "replace")))
