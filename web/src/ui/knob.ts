// A rotary control: drag up and down, wheel, arrow keys, double click to reset. A slider to assistive technology.
import { inRange, type NumberKnob, nudge, show } from '../state/knobs';
import { h, s } from './dom';

const SWEEP = 270;
/** Pixels of drag from one end to the other. */
const TRAVEL = 180;
const RADIUS = 19;

export interface KnobView {
  element: HTMLElement;
  /** The part that has the focus, for MIDI learn and shortcuts. */
  handle: HTMLElement;
  show(value: number): void;
  /** What a curve makes of it now; undefined when none does. */
  driven(value: number | undefined): void;
}

function point(part: number, radius: number): string {
  const angle = ((-SWEEP / 2 + part * SWEEP - 90) * Math.PI) / 180;
  return `${(24 + Math.cos(angle) * radius).toFixed(2)} ${(24 + Math.sin(angle) * radius).toFixed(2)}`;
}

function arc(from: number, to: number): string {
  const [a, b] = from < to ? [from, to] : [to, from];
  const large = (b - a) * SWEEP > 180 ? 1 : 0;
  return `M ${point(a, RADIUS)} A ${RADIUS} ${RADIUS} 0 ${large} 1 ${point(b, RADIUS)}`;
}

export function knobView(knob: NumberKnob, turned: (value: number) => void): KnobView {
  let value = knob.initial;
  const part = (at: number) => (inRange(knob, at) - knob.min) / (knob.max - knob.min);
  // Gains light up from where they do nothing, everything else from its least.
  const rest = knob.min < 1 && knob.max > 1 && knob.initial === 1 ? part(1) : 0;
  const lit = s('path', { class: 'knob-lit' });
  const ghost = s('circle', { class: 'knob-ghost', r: 2.5, cx: -10, cy: -10 });
  const needle = s('line', { class: 'knob-needle' });
  const dial = s(
    'svg',
    { viewBox: '0 0 48 48', 'aria-hidden': 'true' },
    s('path', { class: 'knob-track', d: arc(0, 1) }),
    lit,
    s('circle', { class: 'knob-body', cx: 24, cy: 24, r: 13 }),
    needle,
    ghost,
  );
  const readout = h('span', { class: 'knob-value' });
  const handle = h(
    'div',
    {
      class: 'knob',
      role: 'slider',
      tabindex: 0,
      'data-control': knob.name,
      'aria-label': knob.label,
      'aria-valuemin': knob.min,
      'aria-valuemax': knob.max,
      title: knob.help,
    },
    dial,
  );
  const element = h(
    'div',
    { class: 'knob-cell' },
    handle,
    h('span', { class: 'knob-label' }, knob.label),
    readout,
  );

  const view: KnobView = {
    element,
    handle,
    show(next) {
      value = next;
      const at = part(value);
      lit.setAttribute('d', Math.abs(at - rest) < 0.002 ? '' : arc(rest, at));
      const [x1, y1] = point(at, 5).split(' ');
      const [x2, y2] = point(at, 12).split(' ');
      for (const [name, to] of Object.entries({ x1, y1, x2, y2 })) needle.setAttribute(name, to!);
      readout.textContent = show(knob, value);
      handle.setAttribute('aria-valuenow', String(value));
      handle.setAttribute('aria-valuetext', show(knob, value));
    },
    driven(by) {
      const [cx, cy] = by === undefined ? ['-10', '-10'] : point(part(by), RADIUS).split(' ');
      ghost.setAttribute('cx', cx!);
      ghost.setAttribute('cy', cy!);
    },
  };
  const set = (next: number) => {
    const fitted = inRange(knob, next);
    if (fitted === value) return;
    view.show(fitted);
    turned(fitted);
  };
  drag(handle, knob, () => value, set);
  keys(handle, knob, () => value, set);
  handle.ondblclick = () => set(knob.initial);
  view.show(value);
  return view;
}

function drag(handle: HTMLElement, knob: NumberKnob, now: () => number, set: (value: number) => void): void {
  let last = 0;
  let exact = 0;
  handle.onpointerdown = (event) => {
    if (event.button !== 0) return;
    handle.setPointerCapture(event.pointerId);
    handle.focus();
    last = event.clientY - event.clientX;
    exact = now();
    event.preventDefault();
  };
  handle.onpointermove = (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const at = event.clientY - event.clientX;
    exact += ((last - at) / TRAVEL) * (knob.max - knob.min) * (event.shiftKey ? 0.2 : 1);
    exact = Math.min(knob.max, Math.max(knob.min, exact));
    last = at;
    set(exact);
  };
  handle.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      set(nudge(knob, now(), event.deltaY < 0 ? 1 : -1, event.shiftKey));
    },
    { passive: false },
  );
}

const STEPS: Record<string, number> = {
  ArrowUp: 1,
  ArrowRight: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  PageUp: 4,
  PageDown: -4,
};

function keys(handle: HTMLElement, knob: NumberKnob, now: () => number, set: (value: number) => void): void {
  handle.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = STEPS[event.key];
    if (steps !== undefined) set(nudge(knob, now(), steps, event.shiftKey));
    else if (event.key === 'Home') set(knob.min);
    else if (event.key === 'End') set(knob.max);
    else if (event.key === 'Delete' || event.key === 'Backspace') set(knob.initial);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}
