// Everything that a musician sets, in one place: panels turn it, the session sends it, configuration files
// keep it.
import type { LoraEntry, SourceMode } from '../wire/messages';
import { CURVE_KNOBS, type Curve, type CurveKnob, curveAt, flat, isCurve, TOUCH_WINS_MS } from './curves';
import { Ease, KNOBS, type KnobValue, loraKnob, STRENGTH } from './knobs';
import { wirePrompt } from './prompt';
import { Signal, stored } from './signal';

export type StemsState = 'none' | 'processing' | 'ready' | 'failed';

export interface Track {
  name: string;
  kind: 'fixture' | 'upload';
  mode: SourceMode;
}

export interface TrackFacts {
  bpm: number;
  key: string;
  timeSignature: string;
  seconds: number;
}

/** A clip that lends its timbre or its structure. */
export interface Reference {
  name: string;
  state: 'none' | 'sending' | 'set' | 'failed';
  error: string;
  seconds: number;
}

export interface LoraSlot {
  on: boolean;
  strength: number;
}

export interface StemLevel {
  on: boolean;
  level: number;
}

const isText = (value: unknown) => typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);
const noReference = (): Reference => ({ name: '', state: 'none', error: '', seconds: 0 });

export const STEMS = ['vocals', 'instruments'] as const;
export const STEM_LEVEL = 0.65;
export const LOUDEST_STEM = 6;

export class Desk {
  readonly promptA = stored('headroom.prompt.a', 'warm analog pads, slow drums, soft bass', isText);
  readonly promptB = stored('headroom.prompt.b', 'bright acoustic guitars, brushed drums', isText);
  readonly blend = new Signal(0);
  /** Null: as found in the track. */
  readonly key = new Signal<string | null>(null);
  readonly timeSignature = new Signal<string | null>(null);
  readonly facts = new Signal<TrackFacts | null>(null);
  readonly track = new Signal<Track | null>(null);
  readonly stems = new Signal<{ state: StemsState; error: string }>({ state: 'none', error: '' });
  readonly stemLevels = new Map(
    STEMS.map((name) => [name as string, new Signal<StemLevel>({ on: false, level: STEM_LEVEL })]),
  );
  readonly catalog = new Signal<LoraEntry[]>([]);
  readonly loras = new Signal<ReadonlyMap<string, LoraSlot>>(new Map());
  readonly depth = new Signal({ value: 4, max: 4 });
  readonly timbre = new Signal(noReference());
  readonly timbreStrength = new Signal(1);
  readonly structure = new Signal(noReference());
  readonly curves = new Map<CurveKnob, Signal<Curve>>(
    CURVE_KNOBS.map((name) => [name, stored(`headroom.curve.${name}`, flat(), isCurve)]),
  );
  /** Off after every start: a forgotten drawing should not play by itself. */
  readonly curvesOn = new Signal(false);
  readonly smoothingMs = stored('headroom.smoothing', 0, isNumber);
  readonly restartOnSwap = stored('headroom.restart-on-swap', true, isFlag);
  readonly sourceFirst = stored('headroom.source-first', false, isFlag);
  readonly triggerWords = stored('headroom.trigger-words', true, isFlag);

  private readonly knobs = new Map<string, Signal<KnobValue>>(
    KNOBS.map((knob) => [knob.name, new Signal<KnobValue>(knob.initial)]),
  );
  private readonly eases = new Map<string, Ease>();
  private readonly touches = new Map<string, number>();
  /** Time of the last touch of anything that is sent, for who wants to know whether anybody is there. */
  lastTouch = 0;
  /** Told at every touch, so that it leaves at once. */
  onTouch: () => void = () => {};

  knob(name: string): Signal<KnobValue> {
    let signal = this.knobs.get(name);
    if (!signal) {
      signal = new Signal<KnobValue>(0);
      this.knobs.set(name, signal);
    }
    return signal;
  }

  number(name: string): number {
    return Number(this.knob(name).get());
  }

  /** By hand, so it wins over its curve for a while; `ms` overrides the smoothing. */
  turn(name: string, value: KnobValue, ms?: number): void {
    const now = performance.now();
    const signal = this.knob(name);
    if (typeof value === 'number') {
      const ease = this.eases.get(name) ?? new Ease(Number(signal.get()));
      ease.set(value, now, name === 'seed' ? 0 : (ms ?? this.smoothingMs.get()));
      this.eases.set(name, ease);
    }
    this.touches.set(name, now);
    signal.set(value);
    this.touch();
  }

  /** A model whose published name tells the shift it was made for gets that, unless a hand chose another. */
  suit(checkpoint: string): void {
    const [, shift] = /-shift([1-9])$/.exec(checkpoint) ?? [];
    if (shift && !this.touches.has('shift')) this.knob('shift').set(Number(shift));
  }

  touch(): void {
    this.lastTouch = performance.now();
    this.onTouch();
  }

  enabledLoras(): string[] {
    return [...this.loras.get()].filter(([, slot]) => slot.on).map(([id]) => id);
  }

  setLora(id: string, part: Partial<LoraSlot>): void {
    const next = new Map(this.loras.get());
    next.set(id, { ...(next.get(id) ?? { on: false, strength: 1 }), ...part });
    this.loras.set(next);
    this.touch();
  }

  /** The prompt as it is sent. */
  wire(text: string): string {
    if (!this.triggerWords.get()) return text;
    return wirePrompt(text, this.catalog.get(), new Set(this.enabledLoras()));
  }

  /** The knob that a curve drives now; LoRA curves follow the order of the shelf. */
  target(curve: CurveKnob): string | undefined {
    if (curve !== 'lora_1' && curve !== 'lora_2') return curve;
    const id = this.enabledLoras()[curve === 'lora_1' ? 0 : 1];
    return id === undefined ? undefined : loraKnob(id);
  }

  /** All knobs as they sound at a place of the track (0…1). */
  snapshot(place: number): Record<string, KnobValue> {
    const now = performance.now();
    const raw: Record<string, KnobValue> = {};
    for (const knob of KNOBS) {
      const value = this.knob(knob.name).get();
      raw[knob.name] = typeof value === 'number' ? this.eased(knob.name, value, now) : value;
    }
    for (const [id, slot] of this.loras.get()) if (slot.on) raw[loraKnob(id)] = slot.strength;
    if (this.curvesOn.get()) {
      for (const [name, value] of this.driven(place, now)) raw[name] = value;
    }
    return raw;
  }

  /** What curves say at a place, for knobs that nobody holds. */
  driven(place: number, now = performance.now()): Map<string, number> {
    const values = new Map<string, number>();
    for (const [name, signal] of this.curves) {
      const curve = signal.get();
      const target = this.target(name);
      if (!curve.on || !target) continue;
      if (now - (this.touches.get(target) ?? Number.NEGATIVE_INFINITY) < TOUCH_WINS_MS) continue;
      const value = curveAt(curve, place);
      if (value !== undefined) values.set(target, value);
    }
    return values;
  }

  private eased(name: string, value: number, now: number): number {
    return this.eases.get(name)?.value(now) ?? value;
  }

  /** The engine plays the source at once; the control glides there to show it. */
  startFromSource(): void {
    if (this.sourceFirst.get()) this.turn(STRENGTH, 0, 0);
  }
}
