// The house's recorded frames of the protocol (tests/golden/protocol/), and the generator of their audio.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const bytes = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`../../tests/golden/protocol/${name}`, import.meta.url)));

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many shapes
export const json = (name: string): any => JSON.parse(new TextDecoder().decode(bytes(name)));

export const sha256 = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

/** The signal of the recordings: a linear congruential generator from a seed. */
export function signal(seed: number, count: number): Float32Array {
  const samples = new Float32Array(count);
  let x = seed;
  for (let i = 0; i < count; i++) {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    samples[i] = Math.fround((x >>> 8) / 2 ** 23 - 1) * 0.5;
  }
  return samples;
}
