// The knobs of a session as an instrument has them: what each is called, where it stands, how it turns.

import { KNOBS as CATALOGUE } from '../wire.gen';

export type KnobValue = number | boolean | string;

export interface NumberKnob {
  kind: 'number';
  name: string;
  label: string;
  /** One sentence for who has never turned it. */
  help: string;
  group: KnobGroup;
  min: number;
  max: number;
  step: number;
  initial: number;
}

export interface ChoiceKnob {
  kind: 'choice';
  name: string;
  label: string;
  help: string;
  group: KnobGroup;
  options: { value: string; label: string }[];
  initial: string;
}

export interface FlagKnob {
  kind: 'flag';
  name: string;
  label: string;
  help: string;
  group: KnobGroup;
  initial: boolean;
}

export type Knob = NumberKnob | ChoiceKnob | FlagKnob;
export type KnobGroup = 'shape' | 'bands' | 'details' | 'guidance' | 'wavelet' | 'engine';

export const GROUPS: { id: KnobGroup; label: string; help: string }[] = [
  { id: 'shape', label: 'Shape', help: 'How the new music relates to the track.' },
  { id: 'bands', label: 'Timbre bands', help: 'Gain of eight bands of the latent sound; 1 leaves it alone.' },
  {
    id: 'details',
    label: 'Details',
    help: 'Single latent channels that are heard clearly; 1 leaves them alone.',
  },
  { id: 'guidance', label: 'Guidance', help: 'How strictly the prompt is followed.' },
  {
    id: 'wavelet',
    label: 'Wavelet correction',
    help: 'Steers low and high parts of the latent at every step.',
  },
  { id: 'engine', label: 'Engine', help: 'Quality against speed.' },
];

const info = new Map(CATALOGUE.map((entry) => [entry.name, entry]));

/** Range and step are the server's; the name, the sentence and where it stands at first are ours. */
function turn(group: KnobGroup, name: string, label: string, help: string, initial?: number): NumberKnob {
  const { min = 0, max = 1, step = 0.05, default: rest = 0 } = info.get(name)!;
  return { kind: 'number', name, label, help, group, min, max, step, initial: initial ?? Number(rest) };
}

function pick(
  group: KnobGroup,
  name: string,
  label: string,
  labels: Record<string, string>,
  help: string,
): ChoiceKnob {
  const { options = [], default: rest } = info.get(name)!;
  const named = options.map((value) => ({ value, label: labels[value] ?? value }));
  return { kind: 'choice', name, label, help, group, initial: String(rest), options: named };
}

function flag(group: KnobGroup, name: string, label: string, help: string): FlagKnob {
  return { kind: 'flag', group, name, label, help, initial: info.get(name)!.default === true };
}

/** The hero of the surface has a control of its own. */
export const STRENGTH = 'denoise';
/** Far enough from the track to be heard at once. */
const FIRST_STRENGTH = 0.6;

const channels = (group: string) => CATALOGUE.filter((entry) => entry.group === group);
const bands = channels('groups').map(({ name, doc }, i) => turn('bands', name, `Band ${i + 1}`, doc));
const details = channels('keystones').map(({ name, doc }) =>
  turn('details', name, `Ch ${name.slice(2)}`, doc),
);

export const KNOBS: readonly Knob[] = [
  turn(
    'shape',
    STRENGTH,
    'Strength',
    'How far the music leaves the track: 0 is the track itself.',
    FIRST_STRENGTH,
  ),
  turn('shape', 'hint_strength', 'Structure', 'How closely melody and rhythm of the track are kept.'),
  turn('shape', 'feedback', 'Feedback', 'Feeds what was made before into what is made next.'),
  turn('shape', 'feedback_depth', 'Fb depth', 'Which earlier result is fed back: 1 is the last.'),
  turn('shape', 'shift', 'Shift', 'Where the steps are spent: high on form, low on detail.'),
  turn('shape', 'x0_target', 'Pull', 'Pulls every step towards the track.'),
  turn('shape', 'seed', 'Seed', 'The same seed makes the same music.'),
  ...bands,
  ...details,
  pick(
    'guidance',
    'rcfg_mode',
    'Guidance',
    { off: 'Off', initialize: 'Light', self: 'Self', full: 'Full' },
    'Full costs a second pass of the model per step; light and self cost nearly nothing.',
  ),
  turn('guidance', 'guidance_scale', 'Scale', 'Strength of the guidance.'),
  turn('guidance', 'cfg_rescale', 'Rescale', 'Keeps strong guidance from overdriving.'),
  flag('wavelet', 'dcw_enabled', 'Correction', 'Switches the wavelet correction.'),
  pick(
    'wavelet',
    'dcw_mode',
    'Parts',
    { low: 'Low', high: 'High', double: 'Both', pix: 'All' },
    'Which parts are corrected.',
  ),
  pick('wavelet', 'dcw_wavelet', 'Wavelet', { haar: 'Haar' }, 'The shape of the wavelet: short to long.'),
  turn('wavelet', 'dcw_scaler', 'Low', 'Correction of slow movements.'),
  turn('wavelet', 'dcw_high_scaler', 'High', 'Correction of fast movements.'),
  turn('wavelet', 'dcw_mult_blend', 'Multiply', 'From adding to multiplying.'),
  turn('wavelet', 'dcw_mag_phase', 'Phase', 'From values to magnitude and phase.'),
  turn('wavelet', 'dcw_soft_thresh', 'Threshold', 'Leaves small differences alone.'),
  turn('engine', 'steps_override', 'Steps', 'More steps sound cleaner and answer later.'),
];

export const LARGEST_SEED = info.get('seed')!.max!;
export const knobNamed = (name: string): Knob | undefined => KNOBS.find((knob) => knob.name === name);
export const loraKnob = (id: string): string => `lora_str_${id}`;
/** Above this a style drowns the music. */
export const STRONGEST_LORA = 1.8;

/** A value in range and on a step of the knob; the initial one for what is no number. */
export function inRange(knob: NumberKnob, value: number): number {
  if (!Number.isFinite(value)) return knob.initial;
  const whole = knob.step >= 1 ? Math.round(value) : value;
  return Math.min(knob.max, Math.max(knob.min, whole));
}

/** One step up or down, from step to step; `fine` is half of one. */
export function nudge(knob: NumberKnob, value: number, steps: number, fine = false): number {
  const step = fine && knob.step < 1 ? knob.step / 2 : knob.step;
  const moved = Math.round((value + steps * step) / step) * step;
  return inRange(knob, Number(moved.toFixed(6)));
}

export function show(knob: NumberKnob, value: number): string {
  if (knob.step >= 1) return String(Math.round(value));
  return value.toFixed(2);
}

/** Cubic ease-out towards a target, from wherever it is. */
export class Ease {
  private from: number;
  private began = 0;

  constructor(
    private to: number,
    private ms = 0,
  ) {
    this.from = to;
  }

  set(target: number, now: number, ms: number): void {
    this.from = this.value(now);
    this.to = target;
    this.began = now;
    this.ms = ms;
  }

  value(now: number): number {
    if (this.ms <= 0) return this.to;
    const k = Math.min(1, Math.max(0, (now - this.began) / this.ms));
    const value = this.from + (this.to - this.from) * (1 - (1 - k) ** 3);
    return this.to === 0 && value < 1e-6 ? 0 : value;
  }

  settled(now: number): boolean {
    return now >= this.began + this.ms;
  }
}
