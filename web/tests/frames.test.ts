import { describe, expect, test } from 'vitest';
import { encodePcm, FrameError, readSliceHeader } from '../src/wire/frames';
import { halfTable, halfWords, halvesToFloats } from '../src/wire/half';
import { applySamples, decodeSlice } from '../src/wire/slices';
import { bytes, json, sha256, signal } from './golden';

const codec = json('codec.json');

describe('half precision', () => {
  test('has the values that the format defines', () => {
    const half = halfTable();
    expect(half[0x3c00]).toBe(1);
    expect(half[0xc000]).toBe(-2);
    expect(half[0x7bff]).toBe(65504);
    expect(half[0x0001]).toBe(2 ** -24);
    expect(half[0x7c00]).toBe(Number.POSITIVE_INFINITY);
    expect(half[0x7e00]).toBeNaN();
    expect(Object.is(half[0x8000], -0)).toBe(true);
  });

  test('reads words at odd addresses', () => {
    const odd = new Uint8Array([9, 0x00, 0x3c, 0x00, 0xc0]).subarray(1);
    expect([...halvesToFloats(halfWords(odd))]).toEqual([1, -2]);
  });

  test('reads the recorded buffer within its rounding', () => {
    const read = halvesToFloats(halfWords(bytes('initial_buffer.bin')));
    const truth = signal(codec.seeds.source, read.length);
    const worst = read.reduce((most, value, i) => Math.max(most, Math.abs(value - truth[i]!)), 0);
    expect(worst).toBeLessThan(1.3e-4);
    expect(worst).toBeGreaterThan(0);
  });
});

describe('PCM frames', () => {
  test('are written as recorded', () => {
    const recorded = bytes('control_cmd.bin');
    const jsonBytes = new DataView(recorded.buffer).getUint32(0, true);
    const frame = encodePcm({ channels: 2, samples: signal(10, 960) });
    expect(new Uint8Array(frame)).toEqual(recorded.slice(4 + jsonBytes));
  });
});

describe('slices', () => {
  test('have the recorded headers', () => {
    for (const step of codec.steps.filter((s: { frame: string | null }) => s.frame)) {
      const header = readSliceHeader(bytes(step.frame.replace('protocol_', '')));
      expect(header).toEqual({
        delta: true,
        start: step.header.start_sample,
        frames: step.header.num_samples,
        channels: step.header.channels,
        tickMs: step.header.tick_ms,
        decodeMs: step.header.dec_ms,
        generations: step.header.num_gens,
      });
    }
  });

  test('added to the buffer give the recorded buffer, bit for bit', () => {
    const buffer = halvesToFloats(halfWords(bytes('initial_buffer.bin')));
    for (const step of codec.steps.filter((s: { frame: string | null }) => s.frame)) {
      const slice = decodeSlice(bytes(step.frame.replace('protocol_', '')));
      applySamples(buffer, 2, slice.start, slice.samples, slice.delta);
      expect(sha256(buffer), `after ${step.frame}`).toBe(step.client_mirror_sha256);
    }
  });

  test('that are raw replace what is there', () => {
    const slice = decodeSlice(bytes('slice_raw.bin'));
    expect(slice.delta).toBe(false);
    expect([...slice.samples.subarray(0, 6)]).toEqual(codec.raw.first_samples_f32);
    const buffer = new Float32Array(19200 * 2).fill(0.25);
    expect(applySamples(buffer, 2, slice.start, slice.samples, slice.delta)).toBe(480);
    expect(buffer.subarray(slice.start * 2, slice.start * 2 + 960)).toEqual(slice.samples);
    expect(buffer[slice.start * 2 - 1]).toBe(0.25);
    expect(buffer[(slice.start + 480) * 2]).toBe(0.25);
  });

  test('that are cut or damaged are refused, whatever byte it is', () => {
    const whole = bytes('slice_delta_c.bin');
    for (const length of [0, 10, 22, 23, 30, whole.length >> 1]) {
      expect(() => decodeSlice(whole.slice(0, length)), `${length} bytes`).toThrow(FrameError);
    }
    for (let at = 0; at < 64; at++) {
      const damaged = whole.slice();
      damaged[at]! ^= 0xff;
      try {
        const slice = decodeSlice(damaged);
        expect(slice.samples.length).toBe(slice.frames * slice.channels);
      } catch (error) {
        expect(error, `byte ${at}`).toBeInstanceOf(FrameError);
      }
    }
  });

  test('leave out what is not finite and what lies behind the end', () => {
    const buffer = new Float32Array(8);
    expect(applySamples(buffer, 2, 3, new Float32Array([Number.NaN, 1, 2, 2]), true)).toBe(1);
    expect([...buffer]).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(applySamples(buffer, 2, 9, new Float32Array([1, 1]), true)).toBe(0);
  });
});
