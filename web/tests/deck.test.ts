import { describe, expect, test } from 'vitest';
import { DECLICK, Deck, SEAM, SWAP_FADE } from '../src/player/deck';

const words = new Uint16Array(0);

/** A buffer whose left channel counts frames and whose right is that negated. */
function ramp(frames: number, offset = 0): Float32Array {
  const samples = new Float32Array(frames * 2);
  for (let f = 0; f < frames; f++) {
    samples[f * 2] = f + offset;
    samples[f * 2 + 1] = -(f + offset);
  }
  return samples;
}

function render(deck: Deck, frames: number): { left: Float32Array; right: Float32Array; ended: boolean } {
  const left = new Float32Array(frames);
  const right = new Float32Array(frames);
  let ended = false;
  for (let at = 0; at < frames; at += 128) {
    const end = Math.min(frames, at + 128);
    ended = deck.render(left.subarray(at, end), right.subarray(at, end)) || ended;
  }
  return { left, right, ended };
}

/** Plays, past the ramp of the start, and back at frame 0. */
function playing(samples: Float32Array, channels = 2): Deck {
  const deck = new Deck();
  deck.load(0, samples, channels, words, true);
  deck.play(true);
  render(deck, DECLICK);
  deck.position = 0;
  return deck;
}

describe('playing', () => {
  test('hands out the buffer bit for bit', () => {
    const { left, right } = render(playing(ramp(20000)), 1000);
    expect([...left.subarray(0, 3), left[999]]).toEqual([0, 1, 2, 999]);
    expect(right[999]).toBe(-999);
  });

  test('starts and stops in ramps, and stands still when stopped', () => {
    const deck = new Deck();
    deck.load(0, new Float32Array(40000).fill(1), 2, words, true);
    deck.play(true);
    const start = render(deck, DECLICK).left;
    expect(start[0]).toBeCloseTo(1 / DECLICK);
    expect(start[DECLICK - 1]).toBeCloseTo(1);
    deck.play(false);
    render(deck, DECLICK);
    const stood = deck.position;
    expect(render(deck, 500).left.every((sample) => sample === 0)).toBe(true);
    expect(deck.position).toBe(stood);
  });

  test('reads one channel for both ears', () => {
    const { left, right } = render(
      playing(
        Float32Array.from({ length: 20000 }, (_, i) => i),
        1,
      ),
      100,
    );
    expect(right).toEqual(left);
    expect(left[99]).toBe(99);
  });

  test('without looping ends once, in silence, and starts again at the beginning', () => {
    const deck = playing(ramp(1000));
    deck.looping = false;
    const { left, ended } = render(deck, 1500);
    expect(ended).toBe(true);
    expect(left[999]).toBe(999);
    expect(left[1000]).toBe(0);
    expect(render(deck, 200).ended).toBe(false);
    deck.play(true);
    expect(deck.position).toBe(0);
  });
});

describe('the seam of the loop', () => {
  test('mixes the tail into the head and goes on behind what was heard', () => {
    const frames = 20000;
    const deck = playing(ramp(frames));
    deck.position = frames - SEAM;
    const { left } = render(deck, SEAM + 10);
    for (const i of [0, 1, 1200, SEAM - 1]) {
      const part = i / SEAM;
      expect(left[i], `frame ${i} of the seam`).toBe(
        Math.fround((frames - SEAM + i) * (1 - part) + i * part),
      );
    }
    expect(left[SEAM]).toBe(SEAM);
    expect(left[SEAM + 9]).toBe(SEAM + 9);
  });

  test('is a quarter of a short buffer', () => {
    const deck = playing(ramp(400));
    deck.position = 399;
    render(deck, 1);
    expect(deck.position).toBe(100);
  });
});

describe('bands', () => {
  test('go round without losing a frame, and without a click', () => {
    const deck = playing(new Float32Array(100000).map((_, i) => Math.sin((i >> 1) / 7)));
    deck.setBand({ start: 5000, end: 9000 });
    expect(deck.position).toBe(5000);
    render(deck, 4000);
    expect(deck.position).toBe(5000);
    const { left } = render(deck, 500);
    // Within the fade a mix of both places, after it the band's beginning.
    expect(left[DECLICK]).toBeCloseTo(Math.sin((5000 + DECLICK) / 7), 5);
    expect(left[0]).toBeCloseTo(Math.sin(9000 / 7), 5);
  });

  test('leave the playhead where it is when it is inside', () => {
    const deck = playing(ramp(50000));
    deck.position = 6000;
    deck.setBand({ start: 5000, end: 9000 });
    expect(deck.position).toBe(6000);
  });

  test('that are too short or outside are not taken', () => {
    const deck = playing(ramp(50000));
    deck.setBand({ start: 0, end: 1000 });
    deck.setBand({ start: 49000, end: 51000 });
    expect(deck.band).toBeNull();
  });
});

describe('swaps', () => {
  test('fade from the old buffer to the new one at the same place', () => {
    const deck = playing(new Float32Array(40000).fill(1));
    render(deck, 1000);
    deck.load(1, new Float32Array(40000).fill(3), 2, words, false);
    expect(deck.position).toBe(1000);
    const { left } = render(deck, SWAP_FADE + 100);
    expect(left[0]).toBe(1);
    expect(left[SWAP_FADE / 2]).toBeCloseTo(2);
    expect(left[SWAP_FADE]).toBe(3);
  });

  test('to a shorter buffer never sound what is not there', () => {
    const deck = playing(ramp(50000));
    deck.position = 49990;
    deck.load(1, ramp(3000), 2, words, false);
    expect(deck.position).toBe(49990 % 3000);
    const { left, right } = render(deck, 10000);
    expect([...left, ...right].every(Number.isFinite)).toBe(true);
  });

  test('drop patches of the old buffer, and only those', () => {
    const deck = playing(new Float32Array(4000));
    deck.load(7, new Float32Array(4000), 2, words, false);
    expect(deck.patch(6, 0, new Float32Array(100).fill(1), true)).toBe(false);
    expect(deck.samples[0]).toBe(0);
    expect(deck.patch(7, 0, new Float32Array(100).fill(1), true)).toBe(true);
    expect(deck.samples[0]).toBe(1);
  });

  test('clear stems but keep their levels', () => {
    const deck = playing(new Float32Array(40000));
    deck.setLayer('vocals', new Uint16Array(40000).fill(0x3c00), 2);
    deck.setLayerGain('vocals', 0.5);
    deck.load(1, new Float32Array(40000), 2, words, false);
    expect(render(deck, 2000).left.at(-1)).toBe(0);
    deck.setLayer('vocals', new Uint16Array(40000).fill(0x3c00), 2);
    expect(render(deck, 48000).left.at(-1)).toBeCloseTo(0.5, 3);
  });
});

describe('patches', () => {
  test('ahead of the playhead sound exactly', () => {
    const deck = playing(ramp(50000));
    deck.patch(0, 10000, new Float32Array(400).fill(0.5), true);
    deck.position = 10000;
    expect(render(deck, 3).left).toEqual(new Float32Array([10000.5, 10001.5, 10002.5]));
  });

  test('under the playhead come in over five milliseconds, and the buffer is exact at once', () => {
    const deck = playing(new Float32Array(40000).fill(1));
    render(deck, 1000);
    deck.patch(0, 0, new Float32Array(20000).fill(2), false);
    expect(deck.samples[2000]).toBe(2);
    const { left } = render(deck, DECLICK + 10);
    expect(left[0]).toBe(1);
    expect(left[DECLICK / 2]).toBeCloseTo(1.5);
    expect(left[DECLICK]).toBe(2);
    for (let i = 1; i < left.length; i++) expect(Math.abs(left[i]! - left[i - 1]!)).toBeLessThan(0.006);
  });

  test('one upon the other under the playhead still make no step', () => {
    const deck = playing(new Float32Array(40000).fill(0));
    render(deck, 1000);
    deck.patch(0, 0, new Float32Array(20000).fill(1), true);
    const a = render(deck, 100).left;
    deck.patch(0, 0, new Float32Array(20000).fill(1), true);
    const b = render(deck, 400).left;
    const all = [...a, ...b];
    for (let i = 1; i < all.length; i++) expect(Math.abs(all[i]! - all[i - 1]!)).toBeLessThan(0.012);
    expect(all.at(-1)).toBe(2);
  });
});

describe('layers', () => {
  test('glide to their level with a time constant of 25 ms', () => {
    const deck = playing(new Float32Array(200000));
    deck.setLayer('vocals', new Uint16Array(200000).fill(0x3c00), 2);
    deck.setLayerGain('vocals', 2);
    expect(render(deck, 1200).left.at(-1)).toBeCloseTo(2 * (1 - Math.exp(-1)), 2);
  });

  test('the original takes the place of what the model plays', () => {
    const deck = new Deck();
    deck.load(0, new Float32Array(200000).fill(0.25), 2, new Uint16Array(200000).fill(0x3c00), true);
    deck.play(true);
    deck.original.target = 1;
    expect(render(deck, 48000).left.at(-1)).toBeCloseTo(1, 3);
    deck.original.target = 0;
    expect(render(deck, 48000).left.at(-1)).toBeCloseTo(0.25, 3);
  });
});

test('a seek dies away and comes in', () => {
  const samples = new Float32Array(40000);
  samples.fill(1, 0, 20000);
  const deck = playing(samples);
  deck.seek(15000);
  const { left } = render(deck, DECLICK + 1);
  expect(left[0]).toBe(1);
  expect(left[DECLICK / 2]).toBeCloseTo(0.5);
  expect(left[DECLICK]).toBe(0);
});
