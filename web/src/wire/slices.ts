// A slice from its bytes to samples, and into a buffer.
import { decompress } from 'fzstd';
import { FrameError, readSliceHeader, SLICE_HEADER_BYTES, type SliceHeader } from './frames';
import { halfWords, halvesToFloats } from './half';

export interface Slice extends SliceHeader {
  samples: Float32Array<ArrayBuffer>;
}

/** Throws FrameError when the payload is damaged or of another size than announced. */
export function decodeSlice(bytes: Uint8Array): Slice {
  const header = readSliceHeader(bytes);
  const payload = bytes.subarray(SLICE_HEADER_BYTES);
  const wanted = header.frames * header.channels * 2;
  let raw = payload;
  if (header.delta) {
    try {
      raw = decompress(payload, new Uint8Array(wanted));
    } catch (error) {
      throw new FrameError(`a slice that does not unpack: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (raw.byteLength !== wanted) {
    throw new FrameError(`a slice of ${raw.byteLength} bytes of samples where ${wanted} were announced`);
  }
  return { ...header, samples: halvesToFloats(halfWords(raw)) };
}

/**
 * Adds or writes samples in place, cut at the end of the buffer; what is not finite is left out, because
 * added once it would stay for ever. Returns the frames that were touched.
 */
export function applySamples(
  buffer: Float32Array,
  channels: number,
  start: number,
  samples: Float32Array,
  add: boolean,
): number {
  const from = start * channels;
  const count = Math.max(0, Math.min(samples.length, buffer.length - from));
  for (let i = 0; i < count; i++) {
    const sample = samples[i]!;
    if (!Number.isFinite(sample)) continue;
    // One rounding to single precision per sample, as on the server's side.
    buffer[from + i] = add ? buffer[from + i]! + sample : sample;
  }
  return count / channels;
}
