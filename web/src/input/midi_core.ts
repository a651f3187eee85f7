// What a controller's messages mean: which control they turn, and by how much. Pure; the ports are in midi.ts.

export interface MidiMap {
  /** CC number to the name of a control. */
  controls: Record<number, string>;
  /** Note number to the name of an action. */
  notes: Record<number, string>;
}

export const FIRST_MAP: MidiMap = {
  controls: { 70: 'denoise', 71: 'lora_1', 72: 'lora_2', 73: 'hint_strength', 74: 'feedback', 75: 'shift' },
  notes: { 36: 'seed', 37: 'send-prompt' },
};

export function isMidiMap(value: unknown): value is MidiMap {
  if (typeof value !== 'object' || value === null) return false;
  const { controls, notes } = value as Partial<MidiMap>;
  const named = (record: unknown) =>
    typeof record === 'object' &&
    record !== null &&
    Object.values(record).every((name) => typeof name === 'string');
  return named(controls) && named(notes);
}

/** Ticks in one message above which a knob has been moved between two looks at it. */
const FARTHEST = 64;
const TICKS = 127;
/** Messages after which an encoder is known for what it is. */
const TO_TELL = 3;

interface Encoder {
  last: number;
  seen: number[];
  relative: boolean;
}

/**
 * Absolute knobs work by difference, so that the first touch does not jump; at their ends they snap, so that both
 * ends can be reached. Encoders that send 1 and 127 (or 65 and 63) are told by their first three messages.
 */
export class ControlReader {
  private readonly encoders = new Map<number, Encoder>();

  /** What a CC does to a value in 0…1. */
  read(cc: number, data: number, now: number): number {
    const encoder = this.encoders.get(cc) ?? { last: data, seen: [], relative: false };
    const first = encoder.seen.length === 0;
    if (encoder.seen.length < TO_TELL) {
      encoder.seen.push(data);
      if (encoder.seen.length === TO_TELL) encoder.relative = isRelative(encoder.seen);
    }
    this.encoders.set(cc, encoder);
    if (encoder.relative) return clamp(now + relativeTicks(data) / TICKS);
    const moved = Math.max(-FARTHEST, Math.min(FARTHEST, data - encoder.last));
    encoder.last = data;
    if (first) return now;
    if (data <= 1) return 0;
    if (data >= 126) return 1;
    return clamp(now + moved / TICKS);
  }
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));

const isRelative = (seen: number[]): boolean => {
  const ends = seen.every((data) => data <= 3 || data >= 125);
  const middle = seen.every((data) => data !== 64 && Math.abs(data - 64) <= 3);
  const repeats = new Set(seen).size < seen.length;
  return repeats && (middle || (ends && seen.some((data) => data !== 0 && data !== 127)));
};

function relativeTicks(data: number): number {
  if (Math.abs(data - 64) <= 16 && data !== 64) return data - 64;
  return data < 64 ? data : data - 128;
}

export interface MidiMessage {
  kind: 'control' | 'note';
  number: number;
  value: number;
}

/** Null for what is neither a control change nor the start of a note. */
export function readMidi(bytes: Uint8Array): MidiMessage | null {
  const [status, number, value] = bytes;
  if (status === undefined || number === undefined || value === undefined) return null;
  const kind = status & 0xf0;
  if (kind === 0xb0) return { kind: 'control', number, value };
  if (kind === 0x90 && value > 0) return { kind: 'note', number, value };
  return null;
}

/** The map after learning: a control has one CC, a CC one control; notes alike. */
export function learnt(map: MidiMap, message: MidiMessage, target: string): MidiMap {
  const side = message.kind === 'control' ? 'controls' : 'notes';
  const kept = Object.entries(map[side]).filter(
    ([number, name]) => name !== target && Number(number) !== message.number,
  );
  return { ...map, [side]: { ...Object.fromEntries(kept), [message.number]: target } };
}

export function forgotten(map: MidiMap, target: string): MidiMap {
  const without = (side: Record<number, string>) =>
    Object.fromEntries(Object.entries(side).filter(([, name]) => name !== target));
  return { controls: without(map.controls), notes: without(map.notes) };
}
