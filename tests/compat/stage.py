"""A server to play with: `headroom serve` on a small random model, two tracks and one LoRA made on the spot."""
import json
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import wave
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parents[2]
RATE = 48000
PATIENCE = 60.0  # seconds that any answer may take: a random model on slow, shared cores


def song(seconds, root=220.0):
    """A beat and a chord, float32 [2, samples]."""
    t = np.arange(int(seconds * RATE)) / RATE
    beat = 0.4 * np.sin(2 * np.pi * 55 * t) * np.exp(-12 * ((2 * t) % 1))
    chord = sum(0.1 * np.sin(2 * np.pi * root * ratio * t) for ratio in (1.0, 1.25, 1.5))
    return np.stack([beat + chord, beat + 0.8 * chord]).astype(np.float32)


def write_wav(path, audio):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((audio.T * 32767).astype("<i2").tobytes())


def write_lora(path, width=64, rank=2):
    """A LoRA on the first query projection of the small model (PEFT names, float32)."""
    stem = "base_model.model.layers.0.self_attn.q_proj"
    noise = np.random.default_rng(3)
    tensors = {f"{stem}.lora_A.weight": noise.normal(0, 0.5, (rank, width)),
               f"{stem}.lora_B.weight": noise.normal(0, 0.5, (width, rank))}
    header, body = {}, b""
    for name, values in tensors.items():
        data = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def pcm(audio):
    return struct.pack("<II", *audio.shape) + audio.T.astype("<f4").tobytes()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`headroom serve` on a library of its own."""

    def __init__(self, program, folder, port=None):
        self.port, self.control = port or free_port(), free_port()
        self.log = folder / "server.log"
        subprocess.run([program, "make-model", folder / "model", "--tiny"], check=True, stdout=subprocess.DEVNULL)
        library = folder / "library"
        (library / "fixtures").mkdir(parents=True)
        (library / "fixtures" / "demo.ogg").write_bytes((HOME / "assets" / "demo.ogg").read_bytes())
        write_wav(library / "fixtures" / "chords.wav", song(8))
        write_lora(library / "loras" / "tiny.safetensors")
        self.process = subprocess.Popen(
            [program, "serve", "--model", folder / "model", "--library", library, "--port", str(self.port),
             "--control-port", str(self.control)], stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        end = time.time() + PATIENCE
        while True:
            try:
                self.get("/api/server-info")
                return
            except OSError:
                if self.process.poll() is not None or time.time() > end:
                    sys.exit(f"demon_client: the server does not answer:\n{self.log.read_text()}")
                time.sleep(0.1)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            body = answer.read()
            return json.loads(body) if "json" in answer.headers.get_content_type() else body

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/"

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
