// Controls by name, for MIDI and for keys: what can be turned, and what can be triggered.
import type { App } from '../app';
import { LOUDEST_STEM } from '../state/desk';
import { knobNamed, loraKnob, STRONGEST_LORA } from '../state/knobs';

export interface Turnable {
  min: number;
  max: number;
  step: number;
  get(): number;
  set(value: number): void;
}

/** Undefined for a name that nothing has now. */
export function turnable(app: App, name: string): Turnable | undefined {
  const { desk, session } = app;
  const knob = knobNamed(name);
  if (knob?.kind === 'number') {
    const { min, max, step } = knob;
    return { min, max, step, get: () => desk.number(name), set: (value) => desk.turn(name, value) };
  }
  if (name === 'prompt_blend') {
    return {
      min: 0,
      max: 1,
      step: 0.05,
      get: () => desk.blend.get(),
      set: (value) => {
        desk.blend.set(value);
        session.commands.sendBlend();
      },
    };
  }
  if (name === 'timbre_strength') {
    return {
      min: 0,
      max: 1,
      step: 0.05,
      get: () => desk.timbreStrength.get(),
      set: (value) => {
        desk.timbreStrength.set(value);
        session.commands.sendTimbreStrength();
      },
    };
  }
  if (name === 'depth') {
    const { max } = desk.depth.get();
    return {
      min: 1,
      max,
      step: 1,
      get: () => desk.depth.get().value,
      set: (value) => session.commands.setDepth(Math.round(value)),
    };
  }
  const stem = desk.stemLevels.get(name.replace('stem_', ''));
  if (name.startsWith('stem_') && stem) {
    return {
      min: 0,
      max: LOUDEST_STEM,
      step: 0.1,
      get: () => stem.get().level,
      set: (level) => stem.patch({ level }),
    };
  }
  const id = loraId(app, name);
  if (id === undefined) return undefined;
  return {
    min: 0,
    max: STRONGEST_LORA,
    step: 0.1,
    get: () => desk.loras.get().get(id)?.strength ?? 1,
    set: (strength) => desk.setLora(id, { strength }),
  };
}

function loraId(app: App, name: string): string | undefined {
  const enabled = app.desk.enabledLoras();
  if (name === 'lora_1') return enabled[0];
  if (name === 'lora_2') return enabled[1];
  return app.desk.catalog.get().find((lora) => loraKnob(lora.id) === name)?.id;
}

/** Presses the button that does it, so that there is one way of doing. */
export function trigger(name: string): void {
  document
    .querySelector<HTMLElement>(`[data-action="${CSS.escape(name)}"], [data-stem="${CSS.escape(name)}"]`)
    ?.click();
}
