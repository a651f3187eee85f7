// Keys of the instrument: hold a letter and press ↑ or ↓ to turn, tap others to act. Silent while somebody types.
import type { App } from '../app';
import { trigger, turnable } from './surface';

/** Held letters and what they turn. */
export const HELD: Record<string, string> = {
  a: 'denoise',
  g: 'hint_strength',
  c: 'timbre_strength',
  b: 'prompt_blend',
  z: 'lora_1',
  x: 'lora_2',
  v: 'stem_vocals',
  i: 'stem_instruments',
  e: 'feedback',
  d: 'feedback_depth',
  h: 'shift',
  w: 'dcw_scaler',
  y: 'dcw_high_scaler',
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [String(i), `ch_g${i}`])),
};

const DETAILS = ['ch13', 'ch14', 'ch19', 'ch23', 'ch29', 'ch56'];

/** Tapped keys: description for the help, and what they do. */
export const TAPPED: Record<string, { text: string; act(app: App): void }> = {
  ' ': { text: 'Play or pause', act: (app) => app.togglePlay() },
  Enter: { text: 'Send the prompt', act: () => trigger('send-prompt') },
  f: { text: 'New seed', act: () => trigger('seed') },
  r: { text: 'Record, stop recording', act: () => trigger('record') },
  l: { text: 'Loop the track', act: (app) => app.player.setLoop(!app.player.looping.get()) },
  t: {
    text: 'Wavelet correction',
    act: (app) => app.desk.turn('dcw_enabled', app.desk.knob('dcw_enabled').get() !== true),
  },
  k: { text: 'Curves on or off', act: (app) => app.desk.curvesOn.set(!app.desk.curvesOn.get()) },
  o: { text: 'Tracks', act: () => trigger('tracks') },
  Home: { text: 'To the beginning', act: (app) => app.player.seek(0) },
};

function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.closest('dialog')) return true;
  if (target instanceof HTMLInputElement) return !['range', 'checkbox', 'button'].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Keys that belong to the focused control itself. */
function claimed(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  const button = target.closest('button, summary, [role="switch"], audio') !== null;
  return button && (event.key === ' ' || event.key === 'Enter');
}

export function installKeyboard(app: App): void {
  let held = '';
  const nameOf = (event: KeyboardEvent) => {
    const digit = /^Digit([1-6])$/.exec(event.code);
    if (event.shiftKey && digit) return DETAILS[Number(digit[1]) - 1];
    return HELD[event.key.toLowerCase()];
  };
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || claimed(event)) return;
      const steps = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (steps && held) {
        event.preventDefault();
        event.stopPropagation();
        turn(app, held, steps * (event.shiftKey ? 0.5 : 1));
        return;
      }
      if (event.repeat) return;
      const tapped = TAPPED[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (tapped && !event.shiftKey) {
        event.preventDefault();
        tapped.act(app);
        return;
      }
      held = nameOf(event) ?? held;
    },
    true,
  );
  document.addEventListener('keyup', (event) => {
    if (nameOf(event) === held) held = '';
  });
  addEventListener('blur', () => {
    held = '';
  });
}

function turn(app: App, name: string, steps: number): void {
  const control = turnable(app, name);
  if (!control) return;
  const { min, max, step } = control;
  const moved = step >= 1 ? Math.sign(steps) : steps * step;
  control.set(Math.min(max, Math.max(min, Number((control.get() + moved).toFixed(6)))));
}
