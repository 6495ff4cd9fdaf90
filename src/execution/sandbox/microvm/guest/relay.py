"""Passes connections on: what the guest's loopback has at the Runtime API's port goes to the region.

So a client's connection outlives a snapshot, which holds none to the region: afterwards the relay connects anew, and says again
what was asked and had no answer yet.
"""
import select
import signal
import socket

CHUNK = 65536
MOST_CONNECTIONS = 128
# A request that waits has no body: what is longer is no such request.
MOST_ASKED_AGAIN = 16384
ENDED = select.POLLHUP | select.POLLERR


class Wire:
    """A connection of a client and one to the region: what is read from each is held until the other takes it."""

    def __init__(self, inside, outside):
        self.inside = inside
        self.outside = outside
        self.held = {inside: bytearray(), outside: bytearray()}
        self.ended = set()
        # Since the region said something.
        self.asked = bytearray()

    def other(self, end):
        return self.outside if end is self.inside else self.inside

    def take(self, end):
        """@returns False when the wire is cut"""
        try:
            chunk = end.recv(CHUNK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not chunk:
            self.ended.add(end)
        elif end is self.outside:
            self.asked = bytearray()
        elif self.asked is not None:
            self.asked += chunk
            if len(self.asked) > MOST_ASKED_AGAIN:
                self.asked = None
        self.held[end] += chunk
        return self.give(end)

    def give(self, end):
        """Give what was read from an end to the other. @returns False when the wire is cut"""
        held, to = self.held[end], self.other(end)
        try:
            while held:
                del held[: to.send(held[:CHUNK])]
        except BlockingIOError:
            return True
        except OSError:
            return False
        if end not in self.ended:
            return True
        if to in self.ended:
            return False
        try:
            to.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def events(self, end):
        reads = end not in self.ended and len(self.held[end]) == 0
        return (select.POLLIN if reads else 0) | (select.POLLOUT if self.held[self.other(end)] else 0)

    def join_anew(self, outside):
        """@returns the end that is no more"""
        old, self.outside = self.outside, outside
        self.held = {self.inside: bytearray(self.asked or b""), outside: self.held[old]}
        self.ended.discard(old)
        return old


class Relay:
    def __init__(self, listener, region):
        self._listener = listener
        self._region = region
        self._poll = select.poll()
        self._wires = {}
        self._is_restored = False
        signal.signal(signal.SIGUSR1, self._restored)

    def run(self):
        # A signal is noticed at the next turn.
        woken, wakes = socket.socketpair()
        woken.setblocking(False)
        wakes.setblocking(False)
        signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        self._poll.register(woken, select.POLLIN)
        while True:
            accepts = len(self._wires) < 2 * MOST_CONNECTIONS
            self._poll.register(self._listener, select.POLLIN if accepts else 0)
            for number, event in self._poll.poll():
                if number == woken.fileno():
                    woken.recv(CHUNK)
                elif number == self._listener.fileno():
                    self._accept()
                else:
                    self._serve(number, event)
            if self._is_restored:
                self._is_restored = False
                for wire in set(self._wires.values()):
                    self._join_anew(wire)

    def _restored(self, *_):
        self._is_restored = True

    def _dial(self):
        outside = socket.socket()
        outside.setblocking(False)
        outside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        outside.connect_ex(self._region)
        return outside

    def _accept(self):
        try:
            inside, _ = self._listener.accept()
        except OSError:
            return
        inside.setblocking(False)
        inside.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(inside, self._dial())
        for end in (wire.inside, wire.outside):
            self._wires[end.fileno()] = wire
        self._watch(wire)

    def _serve(self, number, event):
        wire = self._wires.get(number)
        if wire is None:
            return
        end = wire.inside if wire.inside.fileno() == number else wire.outside
        is_whole = True
        if event & (select.POLLIN | ENDED):
            is_whole = wire.take(end)
        if is_whole and event & select.POLLOUT:
            is_whole = wire.give(wire.other(end))
        if is_whole and event & select.POLLERR:
            is_whole = False
        if is_whole:
            self._watch(wire)
        else:
            self._cut(wire)

    def _watch(self, wire):
        for end in (wire.inside, wire.outside):
            events = wire.events(end)
            # Of one that has ended the poll would tell for ever.
            if events:
                self._poll.register(end, events)
            elif self._wires.get(end.fileno()) is wire:
                self._unwatch(end)

    def _unwatch(self, end):
        try:
            self._poll.unregister(end)
        except KeyError:
            pass

    def _cut(self, wire):
        for end in (wire.inside, wire.outside):
            self._forget(end)

    def _forget(self, end):
        self._unwatch(end)
        self._wires.pop(end.fileno(), None)
        end.close()

    def _join_anew(self, wire):
        self._forget(wire.join_anew(self._dial()))
        self._wires[wire.outside.fileno()] = wire
        self._watch(wire)


def listen(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=MOST_CONNECTIONS)
    listener.setblocking(False)
    return listener
