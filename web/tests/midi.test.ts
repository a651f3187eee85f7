import { describe, expect, test } from 'vitest';
import { ControlReader, FIRST_MAP, forgotten, isMidiMap, learnt, readMidi } from '../src/input/midi_core';

describe('MIDI', () => {
  test('reads control changes and the beginnings of notes, of any channel', () => {
    expect(readMidi(new Uint8Array([0xb3, 70, 99]))).toEqual({ kind: 'control', number: 70, value: 99 });
    expect(readMidi(new Uint8Array([0x95, 36, 1]))).toEqual({ kind: 'note', number: 36, value: 1 });
    expect(readMidi(new Uint8Array([0x95, 36, 0]))).toBeNull();
    expect(readMidi(new Uint8Array([0x85, 36, 64]))).toBeNull();
    expect(readMidi(new Uint8Array([0xf8]))).toBeNull();
  });

  test('learning gives a control one knob, and a knob one control', () => {
    const map = learnt(FIRST_MAP, { kind: 'control', number: 73, value: 5 }, 'denoise');
    expect(map.controls[73]).toBe('denoise');
    expect(Object.values(map.controls).filter((name) => name === 'denoise').length).toBe(1);
    expect(Object.values(map.controls)).not.toContain('hint_strength');
    expect(map.notes).toEqual(FIRST_MAP.notes);
    expect(Object.values(forgotten(map, 'denoise').controls)).not.toContain('denoise');
    expect(learnt(map, { kind: 'note', number: 40, value: 9 }, 'play').notes[40]).toBe('play');
  });

  test('stored maps of another shape are not taken', () => {
    expect(isMidiMap(FIRST_MAP)).toBe(true);
    for (const bad of [null, 1, {}, { controls: {} }, { controls: { 70: 1 }, notes: {} }])
      expect(isMidiMap(bad)).toBe(false);
  });
});

describe('a knob', () => {
  test('does not jump at the first touch, then moves by difference', () => {
    const reader = new ControlReader();
    expect(reader.read(1, 100, 0.2)).toBe(0.2);
    expect(reader.read(1, 110, 0.2)).toBeCloseTo(0.2 + 10 / 127);
    expect(reader.read(1, 105, 0.5)).toBeCloseTo(0.5 - 5 / 127);
  });

  test('snaps at its ends', () => {
    const reader = new ControlReader();
    for (const data of [60, 80, 100]) reader.read(1, data, 0.4);
    expect(reader.read(1, 126, 0.4)).toBe(1);
    expect(reader.read(1, 1, 0.9)).toBe(0);
  });

  test('moves no farther at once than half its way', () => {
    const reader = new ControlReader();
    reader.read(1, 10, 0);
    expect(reader.read(1, 120, 0)).toBeCloseTo(64 / 127);
  });

  test.each([
    ['1 and 127', [1, 1, 127], 1, 127],
    ['65 and 63', [65, 65, 63], 65, 63],
  ])('that sends %s is an endless one', (_name, first, up, down) => {
    const reader = new ControlReader();
    let value = 0.5;
    for (const data of first) value = reader.read(1, data, value);
    value = 0.5;
    for (let i = 0; i < 10; i++) value = reader.read(1, up, value);
    expect(value).toBeCloseTo(0.5 + 10 / 127);
    for (let i = 0; i < 20; i++) value = reader.read(1, down, value);
    expect(value).toBeCloseTo(0.5 - 10 / 127);
  });
});
