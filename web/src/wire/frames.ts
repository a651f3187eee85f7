// Binary frames, byte by byte. Everything is little-endian.

import {
  LARGEST_MESSAGE,
  PCM_HEADER_BYTES,
  SAMPLE_RATE,
  SAMPLES_PER_POOL,
  SLICE_DELTA,
  SLICE_HEADER_BYTES,
} from '../wire.gen';

export { LARGEST_MESSAGE, SAMPLE_RATE, SAMPLES_PER_POOL, SLICE_HEADER_BYTES };

/** Longest track that a server plays is 240 s; a slice that says more is damaged. */
export const MOST_FRAMES = 300 * SAMPLE_RATE;

export class FrameError extends Error {}

/** 48 kHz audio, samples interleaved. */
export interface Pcm {
  channels: number;
  samples: Float32Array;
}

export const frameCount = (pcm: Pcm): number => pcm.samples.length / pcm.channels;

/** u32 channels, u32 samples per channel, then the samples. */
export function encodePcm(pcm: Pcm): ArrayBuffer {
  const bytes = new ArrayBuffer(PCM_HEADER_BYTES + pcm.samples.byteLength);
  const header = new DataView(bytes);
  header.setUint32(0, pcm.channels, true);
  header.setUint32(4, frameCount(pcm), true);
  new Float32Array(bytes, PCM_HEADER_BYTES).set(pcm.samples);
  return bytes;
}

export interface SliceHeader {
  /** True: a zstd frame of differences to add; false: samples that replace what is there. */
  delta: boolean;
  start: number;
  frames: number;
  channels: number;
  tickMs: number;
  decodeMs: number;
  generations: number;
}

/** Throws FrameError for what cannot be a slice. */
export function readSliceHeader(bytes: Uint8Array): SliceHeader {
  if (bytes.byteLength < SLICE_HEADER_BYTES) {
    throw new FrameError(`a slice of ${bytes.byteLength} bytes: its header alone has ${SLICE_HEADER_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(0);
  if (flags > SLICE_DELTA) throw new FrameError(`a slice with flags ${flags}: only 0 and 1 are known`);
  const channels = view.getUint16(9, true);
  if (channels < 1 || channels > 2) throw new FrameError(`a slice of ${channels} channels`);
  const frames = view.getUint32(5, true);
  if (frames > MOST_FRAMES)
    throw new FrameError(`a slice of ${frames} frames: the longest track has ${MOST_FRAMES}`);
  return {
    delta: flags === SLICE_DELTA,
    start: view.getUint32(1, true),
    frames,
    channels,
    tickMs: view.getFloat32(11, true),
    decodeMs: view.getFloat32(15, true),
    generations: view.getUint32(19, true),
  };
}
