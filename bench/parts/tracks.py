"""The library as it lies on the disk, read by a reader of its own: nothing of the program is used."""

import hashlib
import json
import struct

STEMS = ("vocals", "instruments")


def uploads(library):
    shelf = library / "user_uploads"
    return sorted(path for path in shelf.iterdir() if not path.name.startswith(".")) if shelf.exists() else []


def leftovers(library):
    """What only a process that works may have there: builds, bodies, files that are not whole yet."""
    shelf = library / "user_uploads"
    found = []
    for folder in (".incoming", ".incoming-http"):
        if (shelf / folder).exists():
            found += (shelf / folder).iterdir()
    found += [path for track in uploads(library) for path in track.rglob("*")
              if path.name.startswith(".") or path.name.endswith(".tmp")]
    return [str(path.relative_to(library)) for path in found]


def read_wav(path):
    """(channels, raw samples) of a float32 WAV that is exactly as long as it says."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE" or struct.unpack("<I", data[4:8])[0] + 8 != len(data):
        raise ValueError(f"{path.name} is no whole WAV")
    at, channels = 12, 0
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack("<I", data[at + 4:at + 8])[0]
        if name == b"fmt ":
            kind, channels = struct.unpack("<HH", data[at + 8:at + 12])
            if kind not in (3, 0xFFFE):
                raise ValueError(f"{path.name} is not of floats")
        if name == b"data":
            body = data[at + 8:at + 8 + size]
            if len(body) != size or size % (4 * channels):
                raise ValueError(f"{path.name} is cut")
            return channels, body
        at += 8 + size + size % 2
    raise ValueError(f"{path.name} has no samples")


def content_hash(channels, body):
    return hashlib.sha256(struct.pack("<I", channels) + body).hexdigest()


def check_latents(folder, stem, content, frames):
    """Whether there are latents, which the JSON, written last, says: whole, and of these samples. Absent ones are
    made again: stems that a listener asked for come without. A ValueError says what is wrong."""
    if not (folder / f"{stem}.json").exists():
        return False
    facts = json.loads((folder / f"{stem}.json").read_text())
    if facts["headroom"]["content_sha256"] != content or facts["samples"] != frames:
        raise ValueError(f"latents of {stem} are of other samples")
    data = (folder / f"{stem}.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    ends = [header[name]["data_offsets"][1] for name in ("latent", "context_latent")]
    if max(ends) != len(data) - 8 - size:
        raise ValueError(f"latents of {stem} are cut")
    return True


def check_stems(folder, manifest, frames):
    """How many latents of stems there are, or None without stems: all of them whole, or nothing of any."""
    sidecars = folder / "sidecars"
    if not manifest["stems"]:
        left = [path.name for stem in STEMS for path in (folder / "stems").glob(f"{stem}*")]
        left += [path.name for stem in STEMS for path in sidecars.glob(f"{stem}*")]
        if left:
            raise ValueError(f"stems are not listed, and there are {left}")
        return None
    latents = 0
    for stem in STEMS:
        channels, body = read_wav(folder / manifest["stems"][stem])
        if len(body) != 4 * channels * frames:
            raise ValueError(f"{stem} has another length than the source")
        latents += check_latents(sidecars, stem, content_hash(channels, body), frames)
    return latents


def read_track(folder):
    manifest = json.loads((folder / "track.json").read_text())
    channels, body = read_wav(folder / "source.wav")
    content = content_hash(channels, body)
    ours = manifest["headroom"]
    frames = len(body) // (4 * channels)
    if ours["content_sha256"] != content or manifest["samples"] != frames:
        raise ValueError("the samples are not those that were stored")
    latents = check_latents(folder / "sidecars", "full", content, frames)
    of_stems = check_stems(folder, manifest, frames)
    return ours["track_id"], {"hash": content, "stems": of_stems is not None, "latents": latents + (of_stems or 0)}


def examine(library):
    """(tracks by id, what is wrong with others)."""
    found, wrong = {}, []
    for folder in uploads(library):
        try:
            one, track = read_track(folder)
            found[one] = track
        except (OSError, ValueError, KeyError, struct.error) as error:
            wrong.append(f"{folder.name} is half there: {type(error).__name__} {error}")
    return found, wrong
