// What is set once: looks, smoothing, MIDI, files of settings; and the keys, to look up.
import type { App } from '../app';
import { HELD, TAPPED } from '../input/keyboard';
import type { Midi } from '../input/midi';
import { exportConfig, importConfig } from '../state/config';
import { knobNamed } from '../state/knobs';
import type { Signal } from '../state/signal';
import { fader, segments, toggle } from '../ui/controls';
import { openDialog } from '../ui/dialog';
import { h, saveFile } from '../ui/dom';
import { toast } from '../ui/toast';

export type Theme = 'auto' | 'dark' | 'light';
const LONGEST_SMOOTHING_MS = 10000;

function bound(label: string, hint: string, signal: Signal<boolean>): HTMLElement {
  const view = toggle(label, (on) => signal.set(on));
  view.show(signal.get());
  view.element.title = hint;
  return h('div', { class: 'setting' }, view.element, h('span', { class: 'hint' }, hint));
}

export function openSettings(app: App, midi: Midi, theme: Signal<Theme>, matching: Signal<boolean>): void {
  const { desk } = app;
  const looks = segments(
    'Looks',
    [
      { value: 'auto', label: 'As the system' },
      { value: 'dark', label: 'Dark' },
      { value: 'light', label: 'Light' },
    ],
    (value) => {
      theme.set(value as Theme);
      looks.show(value);
    },
  );
  looks.show(theme.get());
  const smoothing = fader(
    {
      name: 'smoothing',
      label: 'Smoothing',
      min: 0,
      max: LONGEST_SMOOTHING_MS,
      step: 50,
      initial: 0,
      text: (ms) => (ms === 0 ? 'off' : `${(ms / 1000).toFixed(2)} s`),
    },
    (ms) => desk.smoothingMs.set(ms),
  );
  smoothing.show(desk.smoothingMs.get());
  openDialog(
    'Settings',
    [
      h('div', { class: 'field' }, h('span', {}, 'Looks'), looks.element),
      smoothing.element,
      h('p', { class: 'hint' }, 'Knobs glide to where you turn them in that time.'),
      bound('Match loudness', 'Lifts quiet passages to the loudness of the track.', matching),
      bound('Start from the track', 'Each new track begins as it is: strength 0.', desk.sourceFirst),
      bound(
        'New tracks start at the beginning',
        'Else they come in where the old one was.',
        desk.restartOnSwap,
      ),
      bound('Add trigger words', 'Styles put their own words before your prompt.', desk.triggerWords),
      midiSettings(midi),
      files(app),
      keys(),
    ],
    [],
  );
}

function midiSettings(midi: Midi): HTMLElement {
  const view = toggle('MIDI', (on) => void midi.toggle(on));
  const ports = h('span', { class: 'hint' });
  midi.enabled.watch((on) => view.show(on));
  midi.inputs.watch((inputs) => {
    ports.textContent =
      inputs.length > 0
        ? `Listening to ${inputs.join(', ')}. Right click a control to teach it.`
        : 'Right click a control, then turn a knob of your controller.';
  });
  return h('div', { class: 'setting' }, view.element, ports);
}

function files(app: App): HTMLElement {
  const out = h('button', { type: 'button', 'data-action': 'export' }, 'Export settings');
  out.onclick = () => {
    const text = JSON.stringify(exportConfig(app.desk, true), null, 2);
    saveFile('headroom-settings.json', new Blob([text], { type: 'application/json' }));
  };
  const file = h('input', {
    type: 'file',
    accept: '.json,application/json',
    hidden: true,
    'data-import': true,
  });
  const bring = h('button', { type: 'button' }, 'Import settings');
  bring.onclick = () => file.click();
  file.onchange = async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    try {
      await takeSettings(app, await chosen.text());
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    }
  };
  return h('div', { class: 'row' }, out, bring, file);
}

async function takeSettings(app: App, text: string): Promise<void> {
  const { desk, session } = app;
  const { complaints, loras, depth, track } = importConfig(text, desk);
  for (const id of desk.enabledLoras())
    if (!loras.some(({ name }) => name === id)) session.commands.setLora(id, false, 1);
  for (const { name, strength } of loras) {
    if (desk.catalog.get().some(({ id }) => id === name)) session.commands.setLora(name, true, strength);
    else complaints.push(`style ${name}: not on this server`);
  }
  if (depth !== null) session.commands.setDepth(depth);
  session.commands.sendPrompt();
  session.commands.sendBlend();
  session.commands.sendTimbreStrength();
  if (track) {
    const known = app.tracks(await app.refresh()).find(({ name }) => name === track.name);
    if (known) app.pick({ ...known, mode: track.mode });
    else complaints.push(`track ${track.name}: not on this server`);
  }
  if (complaints.length === 0) toast('The settings are in place.');
  else toast(`The settings are in place, except: ${complaints.join('; ')}.`, 'warning');
}

function keys(): HTMLElement {
  const name = (control: string) =>
    knobNamed(control)?.label ?? control.replace(/^stem_/, '').replace(/_/g, ' ');
  const list = h('dl', { class: 'keys' });
  for (const [key, { text }] of Object.entries(TAPPED))
    list.append(h('dt', {}, h('kbd', {}, key === ' ' ? 'Space' : key.toUpperCase())), h('dd', {}, text));
  for (const [key, control] of Object.entries(HELD)) {
    list.append(
      h('dt', {}, h('kbd', {}, key.toUpperCase()), ' + ', h('kbd', {}, '↑'), h('kbd', {}, '↓')),
      h('dd', {}, name(control)),
    );
  }
  return h('details', { class: 'keys-box' }, h('summary', {}, 'Keys'), list);
}
