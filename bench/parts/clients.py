"""Small clients over real sockets, and those of bench/kill all at once."""

import array
import base64
import http.client
import json
import os
import random
import socket
import struct
import threading
import time
import urllib.parse

from tracks import content_hash

RATE = 48000
QUANTUM = 9600  # lengths that the server does not pad
ENOUGH = 8      # tracks; more are removed
PATIENCE = 180.0


class Gone(Exception):
    """The server does not answer any more."""


def request(port, method, target, body=None, timeout=PATIENCE):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Gone(f"{method} {target}: {error}") from error
    finally:
        connection.close()


def song(dice):
    """Samples that nobody had before, as float32 bytes: a tenth of a second of noise, again and again."""
    piece = array.array("f", (dice.uniform(-0.5, 0.5) for _ in range(QUANTUM)))
    frames = QUANTUM * dice.randrange(5, 16)
    return (piece.tobytes() * (2 * frames // QUANTUM + 1))[:8 * frames]


def wav(body):
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 2, RATE, 8 * RATE, 8, 32) + struct.pack("<4sI", b"data", len(body))
    return struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(body), b"WAVE") + head + body


def pcm(body):
    return struct.pack("<II", 2, len(body) // 8) + body


class Socket:
    """A WebSocket: whole frames out, whole messages in."""

    def __init__(self, port):
        self.code = None  # that the server closed with
        try:
            self.stream = socket.create_connection(("127.0.0.1", port), PATIENCE)
            key = base64.b64encode(os.urandom(16)).decode()
            self.stream.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                                 f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                                 "Sec-WebSocket-Version: 13\r\n\r\n").encode())
            self.file = self.stream.makefile("rb")
            if b" 101 " not in self.file.readline():
                raise Gone("no upgrade")
            while self.file.readline() not in (b"\r\n", b""):
                pass
        except OSError as error:
            raise Gone(f"WebSocket: {error}") from error

    def send(self, data):
        code = 2
        if isinstance(data, dict):
            code, data = 1, json.dumps(data).encode()
        self.put(code, data)

    def put(self, code, data):
        size = len(data)
        head = bytes([0x80 | code])
        head += (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size) if size < 65536
                 else bytes([0xFF]) + struct.pack(">Q", size))
        try:  # a mask of zeros is one
            self.stream.sendall(head + bytes(4) + data)
        except OSError as error:
            raise Gone(f"WebSocket: {error}") from error

    def exactly(self, count):
        try:
            data = self.file.read(count)
        except OSError as error:
            raise Gone(f"WebSocket: {error}") from error
        if len(data) != count:
            raise Gone("WebSocket: the connection ended")
        return data

    def read(self):
        """The next message: a dict, bytes, or None when the server closes."""
        whole, kind = b"", 0
        while True:
            first, second = self.exactly(2)
            size = second & 0x7F
            if size >= 126:
                size = int.from_bytes(self.exactly(2 if size == 126 else 8), "big")
            body = self.exactly(size)
            code = first & 0x0F
            if code == 8:
                self.code = int.from_bytes(body[:2], "big")
                return None
            if code >= 8:
                if code == 9:  # who answers no pings is gone, to the server
                    self.put(10, body)
                continue
            kind = code or kind
            whole += body
            if first & 0x80:
                return json.loads(whole) if kind == 1 else whole

    def wait_for(self, *types):
        while True:
            message = self.read()
            if message is None or isinstance(message, dict) and message.get("type") in types:
                return message or {"type": "closed"}

    def close(self, goodbye=True):
        """A broken link, where there is no goodbye."""
        try:
            if goodbye:
                self.put(8, struct.pack(">H", 1000))
            self.stream.shutdown(socket.SHUT_RDWR)
        except (OSError, Gone):
            pass
        self.file.close()
        self.stream.close()


def session(port, name):
    """A session that plays this track; what came instead of `ready` is in its answer."""
    one = Socket(port)
    one.send({"use_server_fixture": True, "fixture_name": name, "take_over": True, "client_id": "kill",
              "stems_over_http": True})
    return one, one.wait_for("ready", "error")


def play(port, name):
    """Plays this track until its first slice; nothing, or what went wrong."""
    one, answer = session(port, name)
    if answer["type"] != "ready":
        return f"{name} does not play: {answer}"
    binaries = 0
    while binaries < 2:  # the buffer, and a slice
        message = one.read()
        if message is None:
            return f"{name} stopped playing"
        binaries += isinstance(message, bytes)
    one.close()
    return None


class Load:
    """Uploads by both ways, a listener who swaps, somebody who removes, somebody who looks for stems: until the
    server is gone. `known` is told what was acknowledged."""

    def __init__(self, port, known, seed):
        self.port, self.known = port, known
        self.done = {"uploads": 0, "stems": 0, "swaps": 0, "removals": 0}
        self.under_way = dict.fromkeys(("upload", "swap", "remove"), 0)
        self.tracks = []
        self.ripping = set()  # uploads whose stems are still to come
        self.threads = []
        self.over = threading.Event()
        for number, work in enumerate((self.upload, self.upload_by_socket, self.swap, self.remove, self.look)):
            dice = random.Random(f"{seed} {number}")
            thread = threading.Thread(target=self.until_gone, args=(work, dice), daemon=True)
            thread.start()
            self.threads.append(thread)

    def until_gone(self, work, dice):
        try:
            while not self.over.is_set():
                work(dice)
        except Gone:
            pass

    def busy(self):
        """What is under way now."""
        kinds = [kind for kind, count in self.under_way.items() if count]
        return kinds + ["rip"] * bool(self.ripping)

    def end(self):
        """After the server was killed."""
        self.over.set()
        for thread in self.threads:
            thread.join()

    def acknowledged(self, body, answer):
        with self.known.lock:
            self.known.tracks[answer["track_id"]] = content_hash(2, body)
            if answer["stems_pending"]:
                self.ripping.add(answer["track_id"])
        self.done["uploads"] += 1

    def upload(self, dice):
        body = song(dice)
        self.under_way["upload"] += 1
        name = urllib.parse.quote(f"song {dice.randrange(6)}.wav")
        status, answer = request(self.port, "POST", f"/v1/tracks?name={name}", wav(body))
        self.under_way["upload"] -= 1
        if status == 201:
            self.acknowledged(body, json.loads(answer))
        time.sleep(dice.uniform(0.0, 0.2))

    def upload_by_socket(self, dice):
        body = song(dice)
        one = Socket(self.port)
        self.under_way["upload"] += 1
        one.send({"type": "upload_track", "name": f"tune {dice.randrange(6)}"})
        one.send(pcm(body))
        answer = one.wait_for("upload_ok", "upload_failed")
        self.under_way["upload"] -= 1
        if answer["type"] == "upload_ok":
            self.acknowledged(body, answer)
        one.close()
        time.sleep(dice.uniform(0.0, 0.2))

    def swap(self, dice):
        """A listener, as long as the session lives; stems are wanted now and then."""
        names = [track["name"] for track in self.tracks]
        if not names:
            return time.sleep(0.05)
        one, answer = session(self.port, dice.choice(names))
        while answer["type"] in ("ready", "swap_ready", "swap_failed"):
            self.done["swaps"] += answer["type"] == "swap_ready"
            time.sleep(dice.uniform(0.0, 0.2))
            names = [track["name"] for track in self.tracks] or names
            self.under_way["swap"] = 1
            command = {"type": "swap_source", "use_server_source": True, "fixture_name": dice.choice(names)}
            if dice.random() < 0.5:
                command["stem_source_mode"] = dice.choice(("vocals", "instruments"))
            one.send(command)
            answer = one.wait_for("swap_ready", "swap_failed", "error")
            self.under_way["swap"] = 0
        one.close()
        return None

    def remove(self, dice):
        time.sleep(dice.uniform(0.05, 0.4))
        tracks = self.tracks
        if len(tracks) <= ENOUGH // 2:
            return
        track = dice.choice(tracks)
        with self.known.lock:
            self.known.perhaps_gone.add(track["track_id"])
            self.ripping.discard(track["track_id"])
        self.under_way["remove"] = 1
        status, _ = request(self.port, "DELETE", "/v1/tracks/" + urllib.parse.quote(track["name"]))
        self.under_way["remove"] = 0
        if status == 204:
            with self.known.lock:
                self.known.gone.add(track["track_id"])
            self.done["removals"] += 1

    def look(self, _):
        tracks = [track for track in json.loads(request(self.port, "GET", "/v1/tracks")[1])
                  if track["shelf"] == "user_uploads"]
        with self.known.lock:
            ripped = {track["track_id"] for track in tracks if track["stems"]}
            fresh = ripped - self.known.with_stems
            self.known.with_stems |= fresh
            self.ripping -= ripped
            self.done["stems"] += len(fresh)
        self.tracks = tracks
        time.sleep(0.05)
