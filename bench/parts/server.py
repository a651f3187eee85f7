"""A server to work with, and to kill."""

import json
import signal
import subprocess
import sys
import tempfile
import threading

from clients import request

PATIENCE = 180.0  # s, for a start on a busy machine

# A script that is ended ends its server as well.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Server:
    """`headroom serve` on free ports of this machine, with `options.build`, `options.model`, `options.library`."""

    living = set()

    def __init__(self, options, *flags):
        command = [options.build / "headroom", "serve", "--model", options.model, "--library", options.library,
                   "--port", "0", "--control-port", "0", "--json", *flags]
        self.log = tempfile.TemporaryFile()
        # A group of its own: Ctrl-C is for the script alone.
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=self.log,
                                        start_new_session=True)
        Server.living.add(self)
        self.port = None
        self.heard = threading.Event()
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()

    def listen(self):
        for line in self.process.stdout:
            if b'"listening"' in line:
                self.port = json.loads(line)["port"]
                break
        self.heard.set()

    def wait(self):
        if not self.heard.wait(PATIENCE) or self.port is None:
            self.kill()
            self.log.seek(0)
            raise SystemExit("the server does not start: " + self.log.read().decode(errors="replace")[-800:])

    def kill(self):
        """True when it lived until now."""
        Server.living.discard(self)
        lived = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        return lived

    @classmethod
    def kill_all(cls):
        for server in list(cls.living):
            server.kill()

    def metrics(self):
        """Sums by name; leases of weights, which stay whoever plays, apart."""
        sums = {"weights": 0.0}
        for line in request(self.port, "GET", "/metrics")[1].decode().splitlines():
            name, _, value = line.rpartition(" ")
            if not name or name.startswith("#"):
                continue
            bare = name.partition("{")[0]
            sums[bare] = sums.get(bare, 0.0) + float(value)
            if bare == "headroom_memory_reserved_bytes" and 'kind="weights"' in name:
                sums["weights"] += float(value)
        sums["leased_but_weights"] = sums.get("headroom_memory_reserved_bytes", 0.0) - sums["weights"]
        return sums

    def resident(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0


def make_model(build, work):
    folder = work / "model"
    subprocess.run([build / "headroom", "make-model", folder, "--tiny", "-q"], check=True, stdout=subprocess.DEVNULL)
    return folder
