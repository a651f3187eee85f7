// The knob catalogue, in groups; what is needed seldom is folded away.
import type { App } from '../app';
import {
  type ChoiceKnob,
  type FlagKnob,
  GROUPS,
  KNOBS,
  type KnobGroup,
  LARGEST_SEED,
  type NumberKnob,
  STRENGTH,
} from '../state/knobs';
import { panel, segments, toggle } from '../ui/controls';
import { h, iconButton } from '../ui/dom';
import { type KnobView, knobView } from '../ui/knob';

/** Folds that stand open at first. */
const OPEN: ReadonlySet<KnobGroup> = new Set(['bands']);
const WHEEL_EVERY = 6;

export class KnobPanel {
  readonly element: HTMLElement;
  private readonly views = new Map<string, KnobView>();
  private frames = 0;

  constructor(private readonly app: App) {
    const folds = GROUPS.map(({ id, label, help }) => {
      const content = this.group(id);
      if (id === 'shape') return h('div', { class: 'knob-group' }, content);
      const reset = h('button', { type: 'button', class: 'quiet' }, 'Reset');
      reset.onclick = (event) => {
        event.preventDefault();
        for (const knob of KNOBS) if (knob.group === id) app.desk.turn(knob.name, knob.initial);
      };
      return h(
        'details',
        { class: 'knob-group', open: OPEN.has(id) },
        h(
          'summary',
          { title: help },
          h('span', {}, label),
          h('span', { class: 'changed', 'data-group': id }),
          reset,
        ),
        content,
      );
    });
    this.element = panel('knobs', 'Sound', this.seed(), ...folds);
    for (const { id } of GROUPS) this.countChanges(id);
  }

  private group(id: KnobGroup): HTMLElement {
    const cells = KNOBS.filter(
      (knob) => knob.group === id && knob.name !== STRENGTH && knob.name !== 'seed',
    ).map((knob) => {
      if (knob.kind === 'number') return this.rotary(knob);
      return knob.kind === 'choice' ? this.choice(knob) : this.flag(knob);
    });
    if (id === 'engine') cells.push(this.depth());
    return h('div', { class: 'knob-grid' }, ...cells);
  }

  private rotary(knob: NumberKnob): HTMLElement {
    const view = knobView(knob, (value) => this.app.desk.turn(knob.name, value));
    this.app.desk.knob(knob.name).watch((value) => view.show(Number(value)));
    this.views.set(knob.name, view);
    return view.element;
  }

  private choice(knob: ChoiceKnob): HTMLElement {
    const view = segments(knob.label, knob.options, (value) => this.app.desk.turn(knob.name, value));
    this.app.desk.knob(knob.name).watch((value) => view.show(String(value)));
    return h(
      'div',
      { class: 'knob-choice', title: knob.help },
      h('span', { class: 'knob-label' }, knob.label),
      view.element,
    );
  }

  private flag(knob: FlagKnob): HTMLElement {
    const view = toggle(knob.label, (on) => this.app.desk.turn(knob.name, on));
    this.app.desk.knob(knob.name).watch((value) => view.show(value === true));
    view.element.title = knob.help;
    return view.element;
  }

  private depth(): HTMLElement {
    const { desk, session } = this.app;
    const holder = h('div', { class: 'knob-slot' });
    let most = 0;
    desk.depth.watch(({ value, max }) => {
      if (max !== most) {
        most = max;
        const knob: NumberKnob = {
          kind: 'number',
          name: 'depth',
          label: 'Depth',
          help: 'Generations under way at once: more come oftener, each costs memory.',
          group: 'engine',
          min: 1,
          max: Math.max(2, max),
          step: 1,
          initial: Math.min(4, max),
        };
        const view = knobView(knob, (wanted) => session.commands.setDepth(Math.min(max, wanted)));
        this.views.set('depth', view);
        holder.replaceChildren(view.element);
      }
      this.views.get('depth')?.show(value);
    });
    return holder;
  }

  private seed(): HTMLElement {
    const { desk } = this.app;
    const input = h('input', {
      type: 'number',
      min: 0,
      max: LARGEST_SEED,
      step: 1,
      'aria-label': 'Seed',
      'data-control': 'seed',
      inputmode: 'numeric',
    });
    input.onchange = () =>
      desk.turn('seed', Math.min(LARGEST_SEED, Math.max(0, Math.floor(Number(input.value) || 0))));
    desk.knob('seed').watch((value) => {
      input.value = String(value);
    });
    const dice = iconButton('dice', 'New seed (F)', {
      onclick: () => newSeed(this.app),
      'data-action': 'seed',
    });
    return h(
      'div',
      { class: 'seed', title: 'The same seed makes the same music.' },
      h('span', {}, 'Seed'),
      input,
      dice,
    );
  }

  private countChanges(id: KnobGroup): void {
    const badge = this.element.querySelector(`[data-group="${id}"]`);
    if (!badge) return;
    const knobs = KNOBS.filter((knob) => knob.group === id);
    const count = () => {
      const changed = knobs.filter((knob) => this.app.desk.knob(knob.name).get() !== knob.initial).length;
      badge.textContent = changed > 0 ? String(changed) : '';
      badge.setAttribute('aria-label', changed > 0 ? `${changed} changed` : '');
    };
    for (const knob of knobs) this.app.desk.knob(knob.name).watch(count);
  }

  /** Shows what curves do to knobs. */
  frame(): void {
    if (++this.frames % WHEEL_EVERY !== 0) return;
    const { desk, player } = this.app;
    const driven =
      desk.curvesOn.get() && player.frames > 0 ? desk.driven(player.position / player.frames) : null;
    for (const [name, view] of this.views) view.driven(driven?.get(name));
  }
}

export function newSeed(app: App): void {
  app.desk.turn('seed', Math.floor(Math.random() * (LARGEST_SEED + 1)));
}
