// Plain controls: a fader, a row of choices, a switch.
import { h } from './dom';

export interface FaderView {
  element: HTMLElement;
  input: HTMLInputElement;
  show(value: number): void;
  /** The text alone, for a value that is not the fader's own. */
  say(value: number): void;
}

export interface FaderSpec {
  name: string;
  label: string;
  min: number;
  max: number;
  step: number;
  /** Double click goes there. */
  initial: number;
  text?: (value: number) => string;
  /** Label to be seen, not only to be heard. */
  visible?: boolean;
}

export function fader(spec: FaderSpec, moved: (value: number) => void): FaderView {
  const input = h('input', {
    type: 'range',
    min: spec.min,
    max: spec.max,
    step: spec.step,
    value: String(spec.initial),
    'data-control': spec.name,
    'aria-label': spec.label,
  });
  const readout = h('output', { class: 'fader-value' });
  const element = h(
    'label',
    { class: 'fader' },
    spec.visible !== false && h('span', { class: 'fader-label' }, spec.label),
    input,
    spec.text && readout,
  );
  const view: FaderView = {
    element,
    input,
    show(value) {
      input.value = String(value);
      const part = (value - spec.min) / (spec.max - spec.min);
      input.style.setProperty('--part', String(Math.min(1, Math.max(0, part))));
      view.say(value);
    },
    say(value) {
      const text = spec.text?.(value);
      if (text === undefined || text === readout.textContent) return;
      readout.textContent = text;
      input.setAttribute('aria-valuetext', text);
    },
  };
  const take = (value: number) => {
    view.show(value);
    moved(value);
  };
  input.oninput = () => take(Number(input.value));
  input.ondblclick = () => take(spec.initial);
  view.show(spec.initial);
  return view;
}

export interface ChoiceView {
  element: HTMLElement;
  show(value: string): void;
}

/** One of a few, all to be seen at once. */
export function segments(
  label: string,
  options: { value: string; label: string; title?: string }[],
  chosen: (value: string) => void,
): ChoiceView {
  const group = h('div', { class: 'segments', role: 'radiogroup', 'aria-label': label });
  const buttons = options.map((option) => {
    const button = h(
      'button',
      { type: 'button', role: 'radio', 'aria-checked': 'false', tabindex: -1, title: option.title },
      option.label,
    );
    button.onclick = () => chosen(option.value);
    group.append(button);
    return button;
  });
  group.onkeydown = (event) => {
    const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!move) return;
    const at = buttons.findIndex((button) => button.getAttribute('aria-checked') === 'true');
    const next = (at + move + options.length) % options.length;
    chosen(options[next]!.value);
    buttons[next]!.focus();
    event.preventDefault();
  };
  return {
    element: group,
    show(value) {
      options.forEach((option, i) => {
        buttons[i]!.setAttribute('aria-checked', String(option.value === value));
        buttons[i]!.tabIndex = option.value === value ? 0 : -1;
      });
    },
  };
}

export function toggle(
  label: string,
  changed: (on: boolean) => void,
): { element: HTMLElement; show(on: boolean): void } {
  const input = h('input', { type: 'checkbox', role: 'switch' });
  input.onchange = () => changed(input.checked);
  return {
    element: h('label', { class: 'toggle' }, input, h('span', {}, label)),
    show(on) {
      input.checked = on;
    },
  };
}

export function select(
  label: string,
  options: { value: string; label: string }[],
  changed: (value: string) => void,
): { element: HTMLElement; input: HTMLSelectElement; show(value: string): void } {
  const input = h('select', { 'aria-label': label });
  for (const option of options) input.append(h('option', { value: option.value }, option.label));
  input.onchange = () => changed(input.value);
  return {
    element: h('label', { class: 'select' }, h('span', {}, label), input),
    input,
    show(value) {
      input.value = value;
    },
  };
}

/** A titled part of the screen. */
export function panel(id: string, title: string, ...content: (Node | string | null)[]): HTMLElement {
  const heading = h('h2', { id: `${id}-title` }, title);
  return h(
    'section',
    { class: 'panel', id, 'aria-labelledby': `${id}-title` },
    h('header', { class: 'panel-head' }, heading),
    ...content,
  );
}
