import { describe, expect, test } from 'vitest';
import { Drift, positionAt } from '../src/player/clock';
import { cut, toInt16, wavHeader } from '../src/player/decode';
import { Dropouts } from '../src/player/dropouts';
import { blockPowers, decibels, integrated, Matching } from '../src/player/loudness';
import { binsOf, outline } from '../src/player/peaks';
import { exportConfig, importConfig } from '../src/state/config';
import { type Curve, curveAt, withPoint, withStroke } from '../src/state/curves';
import { Desk } from '../src/state/desk';
import { Ease, inRange, KNOBS, knobNamed, type NumberKnob, nudge } from '../src/state/knobs';
import { NetworkMonitor } from '../src/state/network';
import { stripTriggers, wirePrompt } from '../src/state/prompt';
import { beatsIn, gridOf, snap } from '../src/state/time';
import { floatsToHalves, halfTable } from '../src/wire/half';
import { delayOf } from '../src/wire/reconnect';
import { KNOBS as CATALOGUE } from '../src/wire.gen';
import { messages } from './world';

const knob = (name: string) => knobNamed(name) as NumberKnob;

describe('knobs', () => {
  test('are the server’s: all but those of other samplers, with their ranges', () => {
    const ours = new Set(KNOBS.map(({ name }) => name));
    const theirs = CATALOGUE.filter(
      ({ type, prefix, session }) => type !== 'curve' && !prefix && session !== 'sde',
    );
    expect([...ours].sort()).toEqual(theirs.map(({ name }) => name).sort());
  });

  test('keep to their range and to whole numbers', () => {
    expect(inRange(knob('feedback_depth'), 3.6)).toBe(4);
    expect(inRange(knob('denoise'), 7)).toBe(1);
    expect(inRange(knob('denoise'), Number.NaN)).toBe(knob('denoise').initial);
  });

  test('step without crumbs', () => {
    let value = 0;
    for (let i = 0; i < 7; i++) value = nudge(knob('hint_strength'), value, 1);
    expect(value).toBe(0.35);
    expect(nudge(knob('hint_strength'), 0.35, 1, true)).toBe(0.375);
  });

  test('take the shift that a model’s name tells, unless a hand chose one', () => {
    const desk = new Desk();
    desk.suit('acestep-v15-turbo');
    expect(desk.number('shift')).toBe(knob('shift').initial);
    desk.suit('acestep-v15-turbo-shift1');
    expect(desk.number('shift')).toBe(1);
    desk.turn('shift', 2);
    desk.suit('acestep-v15-turbo-shift1');
    expect(desk.number('shift')).toBe(2);
  });

  test('glide in a cubic ease and arrive', () => {
    const ease = new Ease(0);
    ease.set(1, 1000, 1000);
    expect(ease.value(1000)).toBe(0);
    expect(ease.value(1500)).toBeCloseTo(0.875);
    ease.set(0, 1500, 1000);
    expect(ease.value(1500)).toBeCloseTo(0.875);
    expect(ease.value(2500)).toBe(0);
    expect(ease.settled(2500)).toBe(true);
  });
});

describe('prompts', () => {
  const catalog = messages.ready.lora_catalog;

  test('begin with each trigger word once', () => {
    expect(wirePrompt('techno', catalog, new Set(['alpha', 'beta']))).toBe('alphatrig, betatrig, techno');
    expect(wirePrompt(' AlphaTrig , betatrig, techno', catalog, new Set(['alpha']))).toBe(
      'alphatrig, techno',
    );
    expect(wirePrompt('alphatrig, techno', catalog, new Set())).toBe('techno');
    expect(wirePrompt('', catalog, new Set(['beta']))).toBe('betatrig');
  });

  test('lose trigger words at the beginning only', () => {
    expect(stripTriggers('alphatrig, house, alphatrig', ['alphatrig'])).toBe('house, alphatrig');
  });
});

describe('curves', () => {
  const curve = (shape: Curve['shape']): Curve => ({
    on: true,
    shape,
    points: [
      { at: 0.2, value: 0 },
      { at: 0.6, value: 1 },
    ],
  });

  test.each([
    ['linear', 0.3, 0.25],
    ['smooth', 0.3, 0.15625],
    ['step', 0.59, 0],
  ] as const)('%s at %d', (shape, at, value) => {
    expect(curveAt(curve(shape), at)).toBeCloseTo(value);
    expect(curveAt(curve(shape), 0)).toBe(0);
    expect(curveAt(curve(shape), 1)).toBe(1);
  });

  test('keep the points that carry a drawn line, and the rest of what was there', () => {
    const stroke = Array.from({ length: 101 }, (_, i) => ({
      at: 0.3 + i / 500,
      value: Math.abs(i - 50) / 50,
    }));
    const points = withStroke(
      [
        { at: 0.1, value: 0.5 },
        { at: 0.4, value: 0.9 },
        { at: 0.9, value: 0.5 },
      ],
      stroke,
      0.02,
    );
    expect(points.map(({ at }) => at)).toEqual([0.1, 0.3, 0.4, 0.5, 0.9]);
    expect(withPoint(points, { at: 0.3005, value: 0.2 }).length).toBe(5);
  });

  test('drive their knob, except while a hand is on it', () => {
    const desk = new Desk();
    desk.curves.get('denoise')!.set({
      on: true,
      shape: 'linear',
      points: [
        { at: 0, value: 0 },
        { at: 1, value: 1 },
      ],
    });
    expect(desk.snapshot(0.5)['denoise']).toBe(knob('denoise').initial);
    desk.curvesOn.set(true);
    expect(desk.snapshot(0.5)['denoise']).toBe(0.5);
    desk.turn('denoise', 0.9);
    expect(desk.snapshot(0.5)['denoise']).toBe(0.9);
  });
});

describe('settings', () => {
  test('come back as they went out', () => {
    const desk = new Desk();
    desk.turn('denoise', 0.35);
    desk.turn('rcfg_mode', 'self');
    desk.turn('seed', 4294967295);
    desk.promptB.set('choir');
    desk.blend.set(0.25);
    desk.key.set('G# minor');
    desk.setLora('alpha', { on: true, strength: 1.2 });
    desk.curves.get('shift')!.set({ on: true, shape: 'step', points: [{ at: 0.5, value: 2 }] });
    const file = JSON.stringify(exportConfig(desk, true));
    const other = new Desk();
    const { complaints, loras } = importConfig(file, other);
    expect(complaints).toEqual([]);
    expect(loras).toEqual([{ name: 'alpha', strength: 1.2 }]);
    other.setLora('alpha', { on: true, strength: 1.2 });
    expect(exportConfig(other, false)).toEqual(exportConfig(desk, false));
  });

  test('that are no settings are refused in words; bad members are named and the rest is taken', () => {
    expect(() => importConfig('{', new Desk())).toThrow(/JSON/);
    expect(() => importConfig('[1]', new Desk())).toThrow(/settings/);
    const desk = new Desk();
    const { complaints } = importConfig(
      '{"controls":{"denoise":"x","shift":99,"warp":1},"curves":{"shift":{"on":1}}}',
      desk,
    );
    expect(desk.number('shift')).toBe(6);
    expect(complaints.length).toBe(3);
  });
});

describe('time', () => {
  const grid = gridOf(120, '3')!;

  test('snaps to the nearest beat within reach', () => {
    expect(snap(1.04, grid, 0.05)).toBe(1);
    expect(snap(1.2, grid, 0.05)).toBe(1.2);
    expect(snap(1.04, null, 0.05)).toBe(1.04);
    expect(gridOf(0, '4')).toBeNull();
  });

  test('shows bars where beats would be too close', () => {
    expect(beatsIn(grid, 0, 3, 0.1).map(({ bar }) => bar)).toEqual([true, false, false, true, false, false]);
    expect(beatsIn(grid, 0, 12, 1).map(({ at }) => at)).toEqual([0, 1.5, 3, 4.5, 6, 7.5, 9, 10.5]);
    expect(beatsIn(grid, 0, 12, 2).map(({ at }) => at)).toEqual([0, 3, 6, 9]);
  });

  test('between reports the playhead goes on, round the loop and the band', () => {
    const report = { position: 95000, time: 10, playing: true, epoch: 0 };
    const span = { frames: 96000, seam: 2400, looping: true, band: null };
    expect(positionAt(report, span, 10.01)).toBeCloseTo(95480);
    expect(positionAt(report, span, 10.1)).toBeCloseTo(2400 + 3800);
    expect(positionAt(report, { ...span, looping: false }, 10.1)).toBe(96000);
    expect(
      positionAt({ ...report, position: 9000 }, { ...span, band: { start: 5000, end: 10000 } }, 10.1),
    ).toBeCloseTo(8800);
    expect(positionAt({ ...report, playing: false }, span, 11)).toBe(95000);
  });

  test('drift is told in parts of a million', () => {
    const drift = new Drift();
    for (let s = 0; s < 60; s++) drift.at(s, s * 1.00005);
    expect(drift.ppm).toBeCloseTo(50, 0);
  });

  test('attempts wait from half to whole of a growing time', () => {
    expect(
      [1, 2, 3, 4, 5].map((attempt) => [delayOf(attempt, 0), delayOf(attempt, 0.999999)].map(Math.round)),
    ).toEqual([
      [250, 500],
      [500, 1000],
      [1000, 2000],
      [2000, 4000],
      [2000, 4000],
    ]);
  });
});

describe('health', () => {
  test('an audio clock that stands still is a dropout; drift and jitter are none', () => {
    const dropouts = new Dropouts();
    let wall = 0;
    for (let audio = 0; audio < 60_000; audio += 2.667) {
      wall = audio * 1.0002 + (Math.sin(audio) + 1) * 10;
      dropouts.at(wall, audio);
    }
    expect(dropouts.count).toBe(0);
    for (let audio = 60_000; audio < 61_000; audio += 2.667) dropouts.at(wall + 200 + audio - 60_000, audio);
    expect(dropouts.count).toBe(1);
    expect(dropouts.lostMs).toBeGreaterThan(150);
  });

  // W39
  test('silence is bad news after six seconds, unless the server rests', () => {
    const monitor = new NetworkMonitor();
    const looks = (from: number, to: number, lastFrame: number, lastTouch: number, resting = false) => {
      for (let now = from; now < to; now += 500) monitor.look(now, lastFrame, lastTouch, resting);
      return monitor.unstable;
    };
    expect(looks(0, 8000, 0, 8000)).toBe(false);
    expect(looks(8000, 9500, 0, 8000)).toBe(true);
    expect(looks(9500, 17_000, 17_000, 17_000)).toBe(true);
    expect(looks(17_000, 18_000, 17_000, 17_000)).toBe(false);
    expect(looks(18_000, 60_000, 17_000, 60_000, true)).toBe(false);
    expect(looks(60_000, 120_000, 17_000, 17_000)).toBe(false);
  });
});

describe('audio', () => {
  test('a WAV header says what follows', () => {
    const view = new DataView(wavHeader(48000, 2).buffer);
    const text = (at: number) => String.fromCharCode(...new Uint8Array(view.buffer, at, 4));
    expect([text(0), text(8), text(12), text(36)]).toEqual(['RIFF', 'WAVE', 'fmt ', 'data']);
    expect(view.getUint32(4, true)).toBe(36 + 192000);
    expect([view.getUint16(20, true), view.getUint16(22, true), view.getUint16(34, true)]).toEqual([
      1, 2, 16,
    ]);
    expect([view.getUint32(24, true), view.getUint32(28, true), view.getUint32(40, true)]).toEqual([
      48000, 192000, 192000,
    ]);
  });

  test('16-bit samples are rounded and cut at full scale', () => {
    expect([...toInt16(new Float32Array([0, 0.5, -1, 2, -2, Number.NaN]))]).toEqual([
      0, 16384, -32767, 32767, -32768, 0,
    ]);
  });

  test('clips are a whole number of pools', () => {
    const pcm = { channels: 2, samples: Float32Array.from({ length: 200000 }, (_, i) => i) };
    const part = cut(pcm, 0.5, 1.45);
    expect(part.samples.length / 2).toBe(4 * 9600);
    expect(part.samples[0]).toBe(48000);
  });

  test('halves round to nearest even, all the way', () => {
    const values = halfTable();
    const all = Float32Array.from({ length: 0x7c00 }, (_, i) => values[i]!);
    expect(floatsToHalves(all)).toEqual(Uint16Array.from({ length: 0x7c00 }, (_, i) => i));
    const between = (i: number) => (values[i]! + values[i + 1]!) / 2;
    for (const i of [1, 2, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bfe]) {
      const even = i % 2 === 0 ? i : i + 1;
      expect(
        [...floatsToHalves(new Float32Array([between(i), -between(i)]))],
        `between ${i} and the next`,
      ).toEqual([even, even | 0x8000]);
    }
    expect([...floatsToHalves(new Float32Array([70000, -70000, 1e-9]))]).toEqual([0x7c00, 0xfc00, 0]);
  });

  test('outlines are the extremes of each bin', () => {
    const samples = new Float32Array(480 * 2 * 3);
    samples[10] = 0.5;
    samples[960 + 3] = -0.25;
    expect([...outline(samples, 2, 0, 3)]).toEqual([0, 0.5, -0.25, 0, 0, 0]);
    expect(binsOf(479, 2, 1440)).toEqual({ first: 0, end: 2 });
    expect(binsOf(1400, 999, 1440)).toEqual({ first: 2, end: 3 });
  });

  test('a full-scale sine of 997 Hz in both ears has −0.7 + 0.7 LUFS', () => {
    const samples = new Float32Array(48000 * 4);
    for (let i = 0; i < samples.length; i++) samples[i] = Math.sin((2 * Math.PI * 997 * (i >> 1)) / 48000);
    expect(integrated(blockPowers(samples, 2, 0, 6))).toBeCloseTo(0, 1);
    expect(decibels(0)).toBeLessThan(-100);
  });

  test('matching lifts what is quieter, never lowers, and lets silence be', () => {
    const matching = new Matching();
    expect(matching.gain(-14, -20, 0.9)).toBeCloseTo(2, 1);
    expect(matching.gain(-14, -8, 0.9)).toBe(1);
    expect(matching.gain(-14, -50, 0.9)).toBe(1);
    expect(matching.gain(-14, -40, 0.9)).toBe(1);
    expect(matching.gain(-14, -34, 0.9)).toBeCloseTo(3.6, 1);
  });
});
